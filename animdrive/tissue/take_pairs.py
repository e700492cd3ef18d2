"""Which pairs of curves a capture shows: those that faces make, every curve covered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from animdrive.contract import ARKIT52, ARKIT_INDEX, CurveTrack, mirrored_name
from animdrive.layers.emotion import EMOTIONS

Pair = tuple[str, str]
"""Two curves, in the order of `ARKIT52`."""

_POSTURES: tuple[tuple[str, ...], ...] = (
    ("jawOpen", "mouthClose"),
    ("jawOpen", "mouthUpperUp", "mouthLowerDown"),
    ("mouthPress", "mouthDimple", "jawOpen"),
    ("mouthPucker", "jawForward", "jawOpen"),
    ("mouthFunnel", "jawOpen", "mouthPucker"),
    ("mouthRollLower", "mouthRollUpper", "mouthClose"),
    ("mouthPucker", "mouthShrugUpper", "mouthRollLower"),
    ("mouthLowerDown", "mouthPress", "mouthFunnel"),
    ("mouthRollUpper", "jawOpen", "tongueOut"),
    ("mouthSmile", "jawOpen", "mouthUpperUp"),
    ("mouthStretch", "jawOpen", "mouthLowerDown"),
    ("mouthLeft", "mouthPucker"),
    ("mouthRight", "mouthPucker"),
    ("jawLeft", "jawOpen", "mouthLeft"),
    ("jawRight", "jawOpen", "mouthRight"),
    ("cheekPuff", "mouthPress", "mouthClose"),
    ("eyeBlink", "eyeSquint", "cheekSquint"),
    ("eyeLookUp", "eyeWide", "browInnerUp"),
    ("eyeLookDown", "eyeBlink", "browDown"),
    ("browInnerUp", "browOuterUp", "browDown"),
    ("noseSneer", "mouthUpperUp", "cheekSquint", "browDown"),
)
"""Curves that act together in speech, chewing, looking and common gestures, without their sides.
The postures of speech are those of the OVR visemes in their usual ARKit mix."""

OPPOSED: tuple[tuple[str, str], ...] = (
    ("eyeBlink", "eyeWide"),
    ("eyeSquint", "eyeWide"),
    ("eyeLookUp", "eyeLookDown"),
    ("eyeLookIn", "eyeLookOut"),
    ("jawLeft", "jawRight"),
    ("mouthLeft", "mouthRight"),
    ("mouthSmile", "mouthFrown"),
    ("mouthPucker", "mouthStretch"),
    ("mouthPucker", "mouthSmile"),
    ("mouthRollUpper", "mouthShrugUpper"),
    ("mouthRollLower", "mouthShrugLower"),
    ("tongueOut", "mouthClose"),
    ("tongueOut", "mouthPress"),
    ("cheekPuff", "jawOpen"),
)
"""What one face cannot do at once, on the same side."""

_REGIONS: dict[str, str] = {
    "eye": "eyes",
    "brow": "brows",
    "cheek": "cheeks",
    "nose": "nose",
    "mouth": "mouth",
    "jaw": "mouth",
    "tongue": "mouth",
}
_NEIGHBOURS = {
    frozenset(pair)
    for pair in (
        ("eyes", "brows"),
        ("eyes", "cheeks"),
        ("cheeks", "mouth"),
        ("cheeks", "nose"),
        ("nose", "mouth"),
        ("nose", "brows"),
    )
}
_TOGETHER = 0.05
"""Two curves that both pass this value act together."""


def mirrored_pair(pair: Pair) -> Pair:
    """Return the pair as it is in a mirror."""
    return ordered(mirrored_name(pair[0]), mirrored_name(pair[1]))


def ordered(one: str, other: str) -> Pair:
    """Return the pair in the order of `ARKIT52`."""
    return (one, other) if ARKIT_INDEX[one] < ARKIT_INDEX[other] else (other, one)


def covering_pairs(count: int) -> tuple[Pair, ...]:
    """Return the `count` pairs that matter most, the most telling first.

    A pair weighs what its curves have in common: emotions, postures of speech and gesture, a
    region or neighbouring ones, being each other's mirror image. Pairs are taken greedily; each
    use of a curve lowers the weight of its other pairs, and so does a mirror image that was taken,
    so that every curve is covered early and both sides take turns.

    Args:
        count: How many; beyond the sensible ones there are none.
    """
    weights = {pair: weight for pair in _all_pairs() if (weight := _weight(*pair)) > 0}
    used = dict.fromkeys(ARKIT52, 0)
    chosen: list[Pair] = []
    taken: set[Pair] = set()
    order = {pair: place for place, pair in enumerate(weights)}
    while len(chosen) < min(count, len(weights)):

        def worth(pair: Pair) -> tuple[float, int]:
            tired = 1.0 + 0.6 * (used[pair[0]] + used[pair[1]])
            again = 0.4 if mirrored_pair(pair) in taken else 1.0
            return again * weights[pair] / tired, -order[pair]

        best = max((pair for pair in weights if pair not in taken), key=worth)
        chosen.append(best)
        taken.add(best)
        for name in best:
            used[name] += 1
    return tuple(chosen)


def together(tracks: Iterable[CurveTrack], pair: Pair) -> float:
    """Return how far both curves of `pair` are up at once anywhere in `tracks`, 0..1."""
    peaks = [
        float(np.minimum(track.curve(pair[0]), track.curve(pair[1])).max()) for track in tracks
    ]
    return max(peaks, default=0.0)


def unseen_pairs(pairs: Sequence[Pair], tracks: Sequence[CurveTrack], count: int) -> list[Pair]:
    """Return up to `count` of `pairs`, spread over the list, that never act together in `tracks`.

    Neither does the mirror image of any of them, and none is another's mirror image. The first
    third of the list is left alone, and so is what is its own mirror image, such as both lids:
    nobody should have to do without those.
    """
    fresh: list[Pair] = []
    for pair in pairs[len(pairs) // 3 :]:
        mirror = mirrored_pair(pair)
        if mirror in fresh or mirror == pair:
            continue
        if max(together(tracks, pair), together(tracks, mirror)) <= _TOGETHER:
            fresh.append(pair)
    if count >= len(fresh):
        return fresh
    places = np.linspace(0, len(fresh) - 1, count).round().astype(int)
    return [fresh[place] for place in places]


def _all_pairs() -> list[Pair]:
    return [(a, b) for place, a in enumerate(ARKIT52) for b in ARKIT52[place + 1 :]]


def _stem(name: str) -> str:
    """Return the curve without its side; jaw and mouth to the left or right keep theirs."""
    if name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        return name
    return name.removesuffix("Left").removesuffix("Right")


def _region(name: str) -> str:
    return next(region for start, region in _REGIONS.items() if name.startswith(start))


def opposed(one: str, other: str) -> bool:
    """Whether one face cannot do both at once."""
    stems = {_stem(one), _stem(other)}
    looks = [name for name in (one, other) if name.startswith("eyeLook")]
    if len(looks) == 2 and _side(one) != _side(other):
        # Eyes look the same way: up with up, and one in while the other goes out.
        ways = {_stem(name).removeprefix("eyeLook") for name in looks}
        return ways not in ({"Up"}, {"Down"}, {"In", "Out"})
    if _side(one) and _side(other) and _side(one) != _side(other):
        return False
    return any(stems == set(pair) for pair in OPPOSED)


def _side(name: str) -> str:
    if _stem(name) == name:
        return ""
    return "Left" if name.endswith("Left") else "Right"


def _weight(one: str, other: str) -> float:
    if opposed(one, other):
        return 0.0
    weight = 0.0
    for emotion in EMOTIONS.values():
        weight += 2.0 * min(emotion.get(one, 0.0), emotion.get(other, 0.0))
    a, b = _stem(one), _stem(other)
    weight += 1.0 * sum(a in posture and b in posture and a != b for posture in _POSTURES)
    regions = frozenset((_region(one), _region(other)))
    if len(regions) == 1:
        weight += 0.4
    elif regions in _NEIGHBOURS:
        weight += 0.2
    if a == b or {a, b} == {"eyeLookIn", "eyeLookOut"}:  # both sides, or a glance aside
        weight += 1.5
    if _side(one) and _side(other):
        weight *= 1.0 if _side(one) == _side(other) or a == b else 0.5
    return weight
