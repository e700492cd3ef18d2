"""Which of MediaPipe's 478 landmarks lie where. Left and right are the subject's.

From ``mediapipe/python/solutions/face_mesh_connections.py`` (Apache-2.0), written out here so
that neither tests nor the solver need MediaPipe.
"""

from __future__ import annotations

from typing import Final

SKIN: Final = 468
"""Landmarks 0..467 lie on the skin; the irises follow."""

IRIS_RIGHT: Final = (468, 469, 470, 471, 472)
"""Centre of the right iris, then four points of its rim."""
IRIS_LEFT: Final = (473, 474, 475, 476, 477)

EYE_CORNERS_LEFT: Final = (263, 362)
"""Outer, then inner corner."""
EYE_CORNERS_RIGHT: Final = (33, 133)
LID_PAIRS_LEFT: Final = ((386, 374), (385, 380), (387, 373))
"""(upper, lower) lid edge: middle of the eye, towards the nose, towards the temple."""
LID_PAIRS_RIGHT: Final = ((159, 145), (158, 153), (160, 144))
EYE_LEFT: Final = (249, 263, 362, 373, 374, 380, 381, 382, 384, 385, 386, 387, 388, 390, 398, 466)
EYE_RIGHT: Final = (7, 33, 133, 144, 145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 246)

BROW_LEFT: Final = (276, 282, 283, 285, 293, 295, 296, 300, 334, 336)
BROW_RIGHT: Final = (46, 52, 53, 55, 63, 65, 66, 70, 105, 107)

MOUTH_CORNERS: Final = (291, 61)
"""Left, then right."""
INNER_LIP_PAIRS: Final = ((13, 14), (312, 317), (82, 87), (311, 402), (81, 178))
"""(upper, lower) edge of the mouth's opening: middle, then outwards, left before right."""
UPPER_LIP_EDGE: Final = (0, 37, 39, 40, 185, 267, 269, 270, 409)
"""Where the red of the upper lip ends, corners left out."""
LOWER_LIP_EDGE: Final = (17, 84, 91, 146, 181, 314, 321, 375, 405)
LIPS: Final = (
    *(0, 13, 14, 17, 37, 39, 40, 61, 78, 80, 81, 82, 84, 87, 88, 91, 95, 146, 178, 181, 185, 191),
    *(267, 269, 270, 291, 308, 310, 311, 312, 314, 317, 318, 321, 324, 375, 402, 405, 409, 415),
)

CHIN: Final = (152, 175, 199, 200)
"""From the chin's tip upwards, in the middle."""
NOSE: Final = (1, 2, 4, 5, 6, 168, 195, 197)
"""The middle of the nose."""

FACE_OVAL: Final = (
    *(10, 21, 54, 58, 67, 93, 103, 109, 127, 132, 136, 148, 149, 150, 152, 162, 172, 176),
    *(234, 251, 284, 288, 297, 323, 332, 338, 356, 361, 365, 377, 378, 379, 389, 397, 400, 454),
)
"""The outline: it slides over the skin as the head turns."""

RIGID: Final = (
    *(10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 2),  # middle: forehead, bridge, tip
    *(33, 133, 263, 362),  # corners of the eyes
    *(127, 356, 162, 389, 21, 251, 234, 454),  # temples
    *(54, 284, 103, 332, 67, 297, 109, 338, 104, 333, 69, 299, 108, 337),  # forehead
    *(98, 327, 129, 358, 49, 279, 122, 351, 193, 417, 245, 465, 188, 412),  # sides of the nose
)
"""What moves with the skull, more or less: the weights of the pose come from the rig."""
