import numpy as np
import pytest

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.tissue.take_pairs import (
    covering_pairs,
    mirrored_pair,
    ordered,
    together,
    unseen_pairs,
)


def track(**curves):
    values = np.zeros((3, 52), np.float32)
    for name, value in curves.items():
        values[1, ARKIT52.index(name)] = value
    return CurveTrack(ARKIT52, 30.0, values)


def test_a_short_list_covers_every_curve_and_the_list_grows_by_appending():
    pairs = covering_pairs(60)
    assert len(set(pairs)) == 60
    assert {name for pair in pairs for name in pair} == set(ARKIT52)
    assert covering_pairs(20) == pairs[:20]
    assert all(pair == ordered(*pair) for pair in pairs)


@pytest.mark.parametrize(
    "pair",
    [
        ("eyeBlinkLeft", "eyeWideLeft"),
        ("jawLeft", "jawRight"),
        ("mouthPucker", "mouthSmileLeft"),
        ("eyeLookDownLeft", "eyeLookUpLeft"),
        ("eyeLookInLeft", "eyeLookInRight"),
        ("eyeLookUpLeft", "eyeLookDownRight"),
    ],
)
def test_what_no_face_does_is_not_shown(pair):
    assert ordered(*pair) not in covering_pairs(1326)


@pytest.mark.parametrize(
    "pair",
    [
        ("mouthSmileLeft", "mouthSmileRight"),
        ("eyeBlinkLeft", "eyeBlinkRight"),
        ("eyeLookInLeft", "eyeLookOutRight"),
        ("jawOpen", "mouthClose"),
    ],
)
def test_what_faces_do_is_shown(pair):
    assert ordered(*pair) in covering_pairs(400)


def test_the_mirror_of_a_pair_is_in_order_and_comes_back():
    for pair in covering_pairs(200):
        assert mirrored_pair(mirrored_pair(pair)) == pair
        assert mirrored_pair(pair) == ordered(*mirrored_pair(pair))


def test_two_curves_act_together_as_far_as_the_smaller_one():
    assert together([track(jawOpen=0.7, mouthPucker=0.2)], ("jawOpen", "mouthPucker")) == (
        pytest.approx(0.2)
    )
    assert together([], ("jawOpen", "mouthPucker")) == 0


def test_pairs_that_were_seen_in_either_mirror_are_not_held_out():
    pairs = covering_pairs(90)
    seen = next(pair for pair in pairs[30:] if mirrored_pair(pair) != pair)
    free = unseen_pairs(pairs, [], 90)
    assert seen in free or mirrored_pair(seen) in free
    tracks = [track(**dict.fromkeys(mirrored_pair(seen), 0.9))]
    held = unseen_pairs(pairs, tracks, 90)
    assert seen not in held
    assert mirrored_pair(seen) not in held
    assert len(unseen_pairs(pairs, tracks, 5)) == 5
    assert all(mirrored_pair(pair) not in held for pair in held)
