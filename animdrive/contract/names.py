"""Names that the whole field shares: the 52 ARKit curves and their mirror images."""

from __future__ import annotations

ARKIT52: tuple[str, ...] = tuple(
    """
    eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft
    eyeWideLeft eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight
    eyeSquintRight eyeWideRight jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel
    mouthPucker mouthLeft mouthRight mouthSmileLeft mouthSmileRight mouthFrownLeft
    mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft
    mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight
    browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff
    cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight tongueOut
    """.split()
)
"""The 52 ARKit blendshapes in Apple's order. Left and right are the subject's."""

ARKIT_INDEX: dict[str, int] = {name: index for index, name in enumerate(ARKIT52)}
"""Column of each ARKit curve."""

OVR15: tuple[str, ...] = tuple("sil PP FF TH DD kk CH SS nn RR aa E I O U".split())
"""The 15 Oculus visemes, in their order."""

MOUTH_CURVES: tuple[str, ...] = tuple(
    name for name in ARKIT52 if name.startswith(("jaw", "mouth", "tongue", "cheekPuff"))
)
"""The curves that speech drives."""


def mirrored_name(name: str) -> str:
    """Return the curve that `name` becomes when the face is seen in a mirror.

    ``jawLeft`` ↔ ``jawRight``, ``eyeBlinkLeft`` ↔ ``eyeBlinkRight``; ``jawOpen`` is its own.
    """
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


MIRROR52: tuple[int, ...] = tuple(ARKIT_INDEX[mirrored_name(name)] for name in ARKIT52)
"""For each ARKit column, the column of its mirror image."""
