"""Takes made up curve by curve: range of motion, pairs, emotions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from animdrive.contract import ARKIT52, ARKIT_INDEX, MIRROR52
from animdrive.contract.capture import TAKE_KINDS, Take
from animdrive.layers.emotion import EMOTIONS
from animdrive.tissue.take_motion import (
    Values,
    eased,
    in_takes,
    moved,
    performed,
    swell,
)
from animdrive.tissue.take_pairs import Pair
from animdrive.tissue.take_plan import TakePlan

LONGEST = 180
"""Frames of a take, more or less: takes are what is kept when work is resumed."""
_FAST_S, _SLOW_S, _PAIR_S, _EMOTION_S = 0.30, 0.80, 0.40, 0.93
_LAG_S = 0.07
"""The parts of an expression start within this time of each other."""
_APEX = 1.35
"""Emotion targets are moods that one can speak through; this much more is their apex."""

_FIRST = (
    "jawOpen mouthSmileLeft mouthSmileRight browInnerUp browDownLeft browDownRight eyeBlinkLeft "
    "eyeBlinkRight mouthPucker mouthFunnel noseSneerLeft noseSneerRight cheekPuff mouthFrownLeft "
    "mouthFrownRight mouthUpperUpLeft mouthUpperUpRight mouthLowerDownLeft mouthLowerDownRight "
    "cheekSquintLeft cheekSquintRight browOuterUpLeft browOuterUpRight mouthStretchLeft "
    "mouthStretchRight mouthPressLeft mouthPressRight mouthRollLower mouthRollUpper"
).split()
"""Curves that move most tissue; a short capture shows at least these."""


def rom_takes(plan: TakePlan, frames: int) -> list[Take]:
    """Return takes of every curve alone from 0 to 1 and back, of about `frames` frames.

    First all curves fast, then slowly as many as there is room for, then faster ones again.
    """
    names = [*_FIRST, *(name for name in ARKIT52 if name not in _FIRST)]
    blocks: list[Values] = []
    labels: list[str] = []
    turn = 0
    while sum(len(block) for block in blocks) < frames:
        name = names[turn % len(names)]
        slow = turn // len(names) % 2 == 1
        length = max(round((_SLOW_S if slow else _FAST_S) * plan.fps), 4)
        blocks.append(moved(length, {name: swell(length)}))
        labels.append(f"{name} slowly" if slow else name)
        turn += 1
    return _takes(plan, "rom", "train", blocks, labels)


def pair_frames(fps: float) -> int:
    """Return how many frames one pair takes."""
    return max(round(_PAIR_S * fps), 6)


def pair_takes(plan: TakePlan, split: str, frames: int, pairs: Sequence[Pair]) -> list[Take]:
    """Return takes in which each of `pairs` goes through (1, 1), one curve ahead of the other.

    With few pairs they come again, the other curve ahead.
    """
    if not pairs:
        return []
    length = pair_frames(plan.fps)
    shift = max(length // 6, 1)
    shape = swell(length - shift, rise=0.3, fall=0.3)
    ahead, behind = np.append(shape, np.zeros(shift)), np.append(np.zeros(shift), shape)
    blocks, labels = [], []
    for turn in range(-(-frames // length)):
        first, second = pairs[turn % len(pairs)]
        if turn // len(pairs) % 2:
            first, second = second, first
        blocks.append(moved(length, {first: ahead, second: behind}))
        labels.append(f"{first}+{second}")
    return _takes(plan, "pairs", split, blocks, labels)


def emotion_mixtures(
    seed: int, *, held: int
) -> tuple[list[tuple[str, ...]], list[tuple[str, str]]]:
    """Return emotions and mixtures of two to learn from, pure ones first, and `held` mixtures."""
    pure = [name for name, targets in EMOTIONS.items() if targets]
    mixtures = list(combinations(pure, 2))
    order = np.random.default_rng([seed, 97]).permutation(len(mixtures))
    secret = [mixtures[place] for place in sorted(order[:held])]
    learnt: list[tuple[str, ...]] = [(name,) for name in pure]
    learnt += [mixture for mixture in mixtures if mixture not in secret]
    return learnt, secret


def emotion_takes(
    plan: TakePlan, split: str, frames: int, blends: Sequence[tuple[str, ...]]
) -> list[Take]:
    """Return takes in which each of `blends` comes up to its apex and fades.

    The parts of an expression do not start at once, and one side is a little stronger. When all
    blends were shown they come again, weaker and stronger.
    """
    rng = generator(plan, "emotions", split)
    length = max(round(_EMOTION_S * plan.fps), 8)
    lag = _LAG_S * plan.fps
    blocks, labels = [], []
    for turn in range(-(-frames // length)):
        blend = blends[turn % len(blends)]
        strength = 1.0 if turn < len(blends) else float(rng.uniform(0.5, 1.0))
        shares = [1.0] if len(blend) == 1 else [0.85, 0.85]
        target = np.zeros(len(ARKIT52))
        for name, share in zip(blend, shares, strict=True):
            for curve, value in EMOTIONS[name].items():
                target[ARKIT_INDEX[curve]] += _APEX * share * strength * value
        target = np.clip(target, 0.0, 1.0) * _sided(rng)
        start = rng.uniform(0, lag, len(ARKIT52))
        start = (start + start[list(MIRROR52)]) / 2  # both sides start together
        at = np.arange(length)[:, None]
        up = eased((at - start) / (0.33 * length))
        down = eased((length - at - (lag - start) * 0.5) / (0.36 * length))
        blocks.append(np.clip(np.minimum(up, down) * target, 0.0, 1.0))
        labels.append("+".join(blend))
    return _takes(plan, "emotions", split, blocks, labels)


def _sided(rng: np.random.Generator) -> Values:
    """Return [52] factors near 1, one side a little stronger than the other."""
    slant = rng.uniform(-0.08, 0.08)
    factor = np.ones(len(ARKIT52))
    for place, name in enumerate(ARKIT52):
        if MIRROR52[place] != place:
            factor[place] += slant if name.endswith("Left") else -slant
    return factor


def _takes(
    plan: TakePlan, kind: str, split: str, blocks: Sequence[Values], labels: Sequence[str]
) -> list[Take]:
    rng = generator(plan, f"{kind} head", split)
    takes = []
    for number, (first, end) in enumerate(in_takes(blocks, LONGEST), start=1):
        track = performed(np.concatenate(blocks[first:end]), plan.fps, rng)
        about = ", ".join(labels[first:end])
        takes.append(Take(take_name(kind, split, number), kind, split, track, about))
    return takes


def take_name(kind: str, split: str, number: int) -> str:
    """Return the name of the take `number` (from 1) of a kind."""
    return f"{kind}_{'held_' if split == 'held_out' else ''}{number:02d}"


def generator(plan: TakePlan, what: str, split: str) -> np.random.Generator:
    """Return a generator of its own for each purpose, so that none disturbs another's numbers."""
    kind, _, rest = what.partition(" ")
    return np.random.default_rng(
        [plan.seed, TAKE_KINDS.index(kind), len(rest), int(split == "held_out")]
    )
