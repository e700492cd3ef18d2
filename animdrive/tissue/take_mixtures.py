"""Takes of random mixtures of curves: slow ones, and quick ones to learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animdrive.contract import ARKIT52, ARKIT_INDEX, MIRROR52
from animdrive.contract.capture import Take
from animdrive.rig.pose import looks_from_eye_rotation
from animdrive.tissue.take_makers import LONGEST, generator, take_name
from animdrive.tissue.take_motion import Values, eased, performed, wander
from animdrive.tissue.take_pairs import OPPOSED, Pair, mirrored_pair
from animdrive.tissue.take_plan import TakePlan

_KNOT_S = 0.45
"""Seconds between the moments at which a random mixture changes its mind."""
_ON = 0.17
"""Chance of a motion to take part at such a moment."""
_BOTH_SIDES = 0.65
"""Chance of a random motion to move both sides alike."""
_QUICK_KNOT_S = 0.13
"""Seconds between the moments of a mixture that is only there to be learned from."""
_QUICK_SEED = 1973
_QUICK_ON = (0.10, 0.50)
"""Chances of a motion to take part there, of the sparsest and the densest take: from a few strong
motions, as animators set them, to many weak ones, as trackers see them."""
_FREELY = 0.20
"""Up to this chance motions are as strong as may be; with more of them each is weaker."""
_OFTEN = {"jawOpen": 0.5, "mouthClose": 0.3}
"""Least chances of what decides how all else about the mouth looks."""
_ASIDE = [ARKIT_INDEX[f"{part}{way}"] for part in ("jaw", "mouth") for way in ("Left", "Right")]
_SELDOM = 0.12
"""Greatest chance of what moves the mouth aside."""


def random_takes(plan: TakePlan, split: str, frames: int, avoid: Sequence[Pair] = ()) -> list[Take]:
    """Return takes of sparse random mixtures that change smoothly, of exactly `frames` frames.

    Args:
        plan: Settings.
        split: What the takes are for.
        frames: How many.
        avoid: Pairs that must not act together, nor their mirror images: in each take one curve
            of each stays at rest.
    """
    rng = generator(plan, "random", split)
    count = -(-frames // LONGEST)
    takes = []
    for number in range(1, count + 1):
        length = frames // count + (number <= frames % count)
        knots = int(np.ceil(length / (_KNOT_S * plan.fps))) + 2
        height = _height(rng, np.full((knots, len(ARKIT52)), _ON))
        values = _between(height, length, plan.fps, rng)
        _leave_out(values, avoid, rng)
        track = performed(_possible(values), plan.fps, rng)
        takes.append(Take(take_name("random", split, number), "random", split, track, "random"))
    return takes


def mixture_takes(plan: TakePlan, frames: int, avoid: Sequence[Pair] = ()) -> list[Take]:
    """Return takes to learn from, with a new mixture every few frames, `frames` frames in all.

    A learner wants many poses, not long ways between them. Takes do not depend on how many there
    are, so that more can be added to a capture.

    Args:
        plan: Settings.
        frames: How many.
        avoid: Pairs that must not act together, nor their mirror images: at no moment both.
    """
    takes = []
    for start in range(0, frames, LONGEST):
        number, length = start // LONGEST + 1, min(LONGEST, frames - start)
        rng = np.random.default_rng([plan.seed, _QUICK_SEED, number])
        knots = int(np.ceil(length / (_QUICK_KNOT_S * plan.fps))) + 2
        on = rng.uniform(*_QUICK_ON)
        chance = np.full((knots, len(ARKIT52)), on)
        for name, least in _OFTEN.items():
            chance[:, ARKIT_INDEX[name]] = np.maximum(on, least)
        chance[:, _ASIDE] = min(on, _SELDOM)
        height = _height(rng, chance)
        weaker = np.full(len(ARKIT52), min(1.0, _FREELY / on))
        weaker[[ARKIT_INDEX[name] for name in _OFTEN]] = 1.0
        _keep_apart(height, avoid, rng)
        values = _between(height * weaker, length, plan.fps, rng)
        _leave_out(values, [pair for pair in avoid if _looks(pair)], rng)
        track = performed(_possible(values), plan.fps, rng)
        takes.append(Take(f"mixtures_{number:02d}", "random", "train", track, "random"))
    return takes


def generator_seed(plan: TakePlan) -> tuple[int, ...]:
    """Return the seed of quick mixtures, unlike that of any other kind of take."""
    return (plan.seed, 1973)


def _height(rng: np.random.Generator, chance: Values) -> Values:
    """Return [knots, 52] of how far each curve is up at each moment, 0 at the first and last."""
    on = rng.random(chance.shape) < chance
    height = on * rng.beta(1.8, 1.5, chance.shape)
    both = rng.random(chance.shape) < _BOTH_SIDES
    mirror = list(MIRROR52)
    left = np.array(mirror) > np.arange(len(ARKIT52))  # the first of each mirrored pair
    alike = both & left
    alike[:, _ASIDE] = False  # to the left and to the right at once is nowhere
    height[:, mirror] = np.where(alike, height, height[:, mirror])
    height[0] = height[-1] = 0.0
    return np.asarray(height)


def _between(height: Values, length: int, fps: float, rng: np.random.Generator) -> Values:
    """Return [length, 52] that goes smoothly from moment to moment, with a wandering gaze."""
    knots = len(height)
    at = np.arange(length) / max(length - 1, 1) * (knots - 1)
    before = np.minimum(at.astype(np.intp), knots - 2)
    share = eased(at - before)[:, None]
    values = height[before] * (1 - share) + height[before + 1] * share
    edge = eased(np.minimum(at, (knots - 1) - at))
    gaze = wander(length, fps, rng, period_s=0.7, width=2) * [0.16, 0.22] * edge[:, None]
    eyes = np.stack([np.column_stack([gaze, np.zeros(length)])] * 2, axis=1)
    for name, curve in looks_from_eye_rotation(eyes).items():
        values[:, ARKIT_INDEX[name]] = curve
    for one, other in OPPOSED:
        for side in ("", "Left", "Right"):
            if one + side in ARKIT_INDEX and other + side in ARKIT_INDEX:
                a, b = values[:, ARKIT_INDEX[one + side]], values[:, ARKIT_INDEX[other + side]]
                a[:], b[:] = a * (1 - b) ** 2, b * (1 - a) ** 2
    return np.asarray(np.clip(values, 0.0, 1.0))


def _possible(values: Values) -> Values:
    """Return `values`; by its definition mouthClose undoes what jawOpen parts, no more."""
    close = ARKIT_INDEX["mouthClose"]
    values[:, close] = np.minimum(values[:, close], values[:, ARKIT_INDEX["jawOpen"]])
    return values


def _leave_out(values: Values, avoid: Sequence[Pair], rng: np.random.Generator) -> None:
    """Put one curve of each pair to rest all through `values`, in place."""
    for pair in avoid:
        for one in _with_mirror(pair):
            values[:, ARKIT_INDEX[one[int(rng.integers(2))]]] = 0.0


def _keep_apart(height: Values, avoid: Sequence[Pair], rng: np.random.Generator) -> None:
    """Put a curve to rest where one that it must not act with is or was up a moment before.

    Whatever comes first by lot stays, so that each has its turn; nothing is lost elsewhere.
    """
    partners: dict[int, list[int]] = {}
    for pair in avoid:
        for one, other in _with_mirror(pair):
            partners.setdefault(ARKIT_INDEX[one], []).append(ARKIT_INDEX[other])
            partners.setdefault(ARKIT_INDEX[other], []).append(ARKIT_INDEX[one])
    for knot in range(1, len(height)):
        now: set[int] = set()
        for curve in rng.permutation(np.array(sorted(partners), dtype=np.intp)):
            others = partners[int(curve)]
            if height[knot, curve] and not now.intersection(others):
                if height[knot - 1, others].any():
                    height[knot, curve] = 0.0
                else:
                    now.add(int(curve))
            else:
                height[knot, curve] = 0.0


def _with_mirror(pair: Pair) -> list[Pair]:
    return sorted({pair, mirrored_pair(pair)})


def _looks(pair: Pair) -> bool:
    """Whether a curve of the pair follows the gaze, which is no mixture's own."""
    return any(name.startswith("eyeLook") for name in pair)
