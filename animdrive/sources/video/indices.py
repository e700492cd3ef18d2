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

MIRROR: Final = tuple(
    int(index)
    for index in """
    0 1 2 248 4 5 6 249 8 9 10 11 12 13 14 15 16 17 18 19 250 251 252 253 254 255 256 257 258
    259 260 261 262 263 264 265 266 267 268 269 270 271 272 273 274 275 276 277 278 279 280
    281 282 283 284 285 286 287 288 289 290 291 292 293 294 295 296 297 298 299 300 301 302
    303 304 305 306 307 308 309 310 311 312 313 314 315 316 317 318 319 320 321 322 323 94 324
    325 326 327 328 329 330 331 332 333 334 335 336 337 338 339 340 341 342 343 344 345 346
    347 348 349 350 351 352 353 354 355 356 357 358 359 360 361 362 363 364 365 366 367 368
    369 370 371 372 373 374 375 376 377 378 379 151 152 380 381 382 383 384 385 386 387 388
    389 390 164 391 392 393 168 394 395 396 397 398 399 175 400 401 402 403 404 405 406 407
    408 409 410 411 412 413 414 415 416 417 418 195 419 197 420 199 200 421 422 423 424 425
    426 427 428 429 430 431 432 433 434 435 436 437 438 439 440 441 442 443 444 445 446 447
    448 449 450 451 452 453 454 455 456 457 458 459 460 461 462 463 464 465 466 467 3 7 20 21
    22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51
    52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81
    82 83 84 85 86 87 88 89 90 91 92 93 95 96 97 98 99 100 101 102 103 104 105 106 107 108 109
    110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128 129 130 131
    132 133 134 135 136 137 138 139 140 141 142 143 144 145 146 147 148 149 150 153 154 155
    156 157 158 159 160 161 162 163 165 166 167 169 170 171 172 173 174 176 177 178 179 180
    181 182 183 184 185 186 187 188 189 190 191 192 193 194 196 198 201 202 203 204 205 206
    207 208 209 210 211 212 213 214 215 216 217 218 219 220 221 222 223 224 225 226 227 228
    229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 247 473 476 475
    474 477 468 471 470 469 472
    """.split()
)
"""For each of the 478 landmarks, the one that it becomes in a mirrored picture."""
