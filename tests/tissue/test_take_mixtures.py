"""Random mixtures: they hold apart what is kept for tests, and are the same anywhere."""

import os
import subprocess
import sys
from functools import cache
from hashlib import sha256

import numpy as np
import pytest

from animdrive.contract import ARKIT_INDEX
from animdrive.tissue.take_makers import LONGEST
from animdrive.tissue.take_mixtures import mixture_takes, random_takes
from animdrive.tissue.take_pairs import mirrored_pair, together
from animdrive.tissue.take_plan import TakePlan

HELD = (
    ("jawOpen", "mouthPucker"),
    ("jawOpen", "mouthStretchLeft"),
    ("mouthUpperUpRight", "cheekSquintRight"),
    ("browDownLeft", "browOuterUpRight"),
    ("eyeLookDownLeft", "browDownLeft"),
)
"""Pairs as a plan holds them out: the jaw twice, a curve twice, one across, one of the gaze."""


@cache
def mixtures():
    return mixture_takes(TakePlan(), 8 * LONGEST, HELD)


@cache
def slow():
    """Return takes of slow mixtures of each split, as a full capture has them."""
    plan = TakePlan()
    return (*random_takes(plan, "train", 450), *random_takes(plan, "held_out", 90))


def highest(takes, name):
    return max(float(take.track.curve(name).max()) for take in takes)


def acting(take):
    """Return [T] how many curves act in each frame."""
    return (take.track.values > 0.05).sum(axis=1)


@pytest.mark.parametrize("pair", HELD, ids="+".join)
def test_held_pairs_never_act_together_though_each_curve_does_elsewhere(pair):
    tracks = [take.track for take in mixtures()]
    for one in (pair, mirrored_pair(pair)):
        assert together(tracks, one) <= 0.05, one
        for name in one:
            assert highest(mixtures(), name) > 0.3, name


def test_curves_that_are_held_apart_take_turns_within_a_take():
    for pair in (pair for pair in HELD if not any(name.startswith("eyeLook") for name in pair)):
        for one in (pair, mirrored_pair(pair)):
            both = [min(highest([take], name) for name in one) for take in mixtures()]
            assert max(both) > 0.3, one


def test_what_no_pair_holds_apart_acts_together():
    tracks = [take.track for take in mixtures()]
    for pair in (("jawOpen", "mouthFunnel"), ("mouthUpperUpRight", "noseSneerRight")):
        assert together(tracks, pair) > 0.3, pair
    free = [take.track for take in mixture_takes(TakePlan(), 2 * LONGEST)]
    assert together(free, HELD[0]) > 0.3


def test_held_pairs_act_together_in_no_slow_mixture():
    takes = random_takes(TakePlan(), "train", 450, HELD)
    for pair in HELD:
        for one in (pair, mirrored_pair(pair)):
            assert together([take.track for take in takes], one) <= 0.05, one


def test_quick_mixtures_stay_as_they_are_when_more_are_asked_for():
    few, many = mixture_takes(TakePlan(), 2 * LONGEST, HELD), mixtures()
    for one, other in zip(few, many, strict=False):
        assert one.name == other.name
        np.testing.assert_array_equal(one.track.values, other.track.values)
        np.testing.assert_array_equal(one.track.head_rotation, other.track.head_rotation)
        np.testing.assert_array_equal(one.track.head_position, other.track.head_position)
        np.testing.assert_array_equal(one.track.eye_rotation, other.track.eye_rotation)


_DIGEST = """
from hashlib import sha256
from animdrive.tissue.take_mixtures import mixture_takes, random_takes
from animdrive.tissue.take_plan import TakePlan
takes = (*mixture_takes(TakePlan(), 300, {held}), *random_takes(TakePlan(), "train", 300, {held}))
print(sha256(b"".join(take.track.values.tobytes() for take in takes)).hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["1", "2", "3"])
def test_another_process_makes_the_same_mixtures(hash_seed):
    takes = (*mixture_takes(TakePlan(), 300, HELD), *random_takes(TakePlan(), "train", 300, HELD))
    here = sha256(b"".join(take.track.values.tobytes() for take in takes)).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", _DIGEST.format(held=HELD)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


def test_another_seed_makes_other_mixtures():
    one, other = (mixture_takes(TakePlan(seed=seed), LONGEST)[0].track.values for seed in (3, 4))
    assert np.abs(one - other).max() > 0.2


@pytest.mark.parametrize(
    ("frames", "lengths"),
    [(0, []), (40, [40]), (LONGEST, [LONGEST]), (2 * LONGEST + 40, [LONGEST, LONGEST, 40])],
)
def test_quick_mixtures_are_of_as_many_frames_as_are_asked_for(frames, lengths):
    takes = mixture_takes(TakePlan(), frames, HELD)
    assert [len(take.track) for take in takes] == lengths
    assert [take.name for take in takes] == [f"mixtures_{n + 1:02d}" for n in range(len(takes))]
    assert {(take.kind, take.split) for take in takes} <= {("random", "train")}


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_slow_mixtures_share_their_frames_alike(split):
    takes = random_takes(TakePlan(), split, 2 * LONGEST + 41, HELD)
    assert [len(take.track) for take in takes] == [134, 134, 133]
    assert {take.split for take in takes} == {split}


def test_some_takes_are_of_few_strong_motions_others_of_many_weak_ones():
    takes = sorted(mixture_takes(TakePlan(), 8 * LONGEST), key=lambda take: acting(take).mean())
    sparse, dense = takes[0], takes[-1]
    assert acting(sparse).mean() < 0.7 * acting(dense).mean()
    strong, weak = (
        float(np.delete(take.track.values, ARKIT_INDEX["jawOpen"], axis=1).max(axis=1).mean())
        for take in (sparse, dense)
    )
    assert strong > 1.05 * weak


def test_quick_mixtures_change_more_often_than_slow_ones_and_are_possible():
    travelled = [
        np.mean([np.abs(np.diff(take.track.values, axis=0)).mean() for take in takes])
        for takes in (mixtures(), slow())
    ]
    assert travelled[0] > 2 * travelled[1]
    for take in mixtures():
        values = take.track.values
        assert values.min() >= 0.0
        assert values.max() <= 1.0
        assert values[[0, -1]].max() < 1e-6
        assert (take.track.curve("mouthClose") <= take.track.curve("jawOpen")).all()
        assert np.abs(np.diff(values, axis=0)).max() < 0.6
        for one, other in (("eyeBlinkLeft", "eyeWideLeft"), ("mouthLeft", "mouthRight")):
            assert together([take.track], (one, other)) < 0.3


def test_slow_mixtures_are_sparse_smooth_and_possible():
    values = np.concatenate([take.track.values for take in slow()])
    assert 3 < (values > 0.05).sum(axis=1).mean() < 20
    assert (values[:, ARKIT_INDEX["mouthClose"]] <= values[:, ARKIT_INDEX["jawOpen"]]).all()
    for take in slow():
        rest = take.track.values[[0, -1]]
        assert rest.max() < 1e-6
        assert np.abs(np.diff(take.track.values, axis=0)).max() < 0.35
        both = np.minimum(take.track.curve("eyeBlinkLeft"), take.track.curve("eyeWideLeft"))
        assert both.max() < 0.3
