"""Profiles that change curves for a rig."""

import json

import numpy as np
import pytest

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.contract.stages import Layer
from animdrive.errors import InputError
from animdrive.layers.retarget import (
    CurveRetarget,
    RetargetProfile,
    read_profile,
    write_profile,
)


def track(seed=0, frames=20):
    values = np.random.default_rng(seed).random((frames, len(ARKIT52))).astype(np.float32)
    return CurveTrack(ARKIT52, 30.0, values)


def test_a_profile_is_a_layer():
    assert isinstance(RetargetProfile(), Layer)


def test_named_curves_change_and_others_stay_to_the_bit():
    take = track()
    profile = RetargetProfile({"jawOpen": CurveRetarget(0.5, 0.1, 0.2, 0.4)})
    found = profile.on(take)
    wanted = np.clip(take.curve("jawOpen") * 0.5 + 0.1, 0.2, 0.4)
    np.testing.assert_allclose(found.curve("jawOpen"), wanted, atol=1e-6)
    others = [column for column, name in enumerate(ARKIT52) if name != "jawOpen"]
    np.testing.assert_array_equal(found.values[:, others], take.values[:, others])
    np.testing.assert_array_equal(found.eye_rotation, take.eye_rotation)


def test_an_empty_profile_is_nothing():
    take = track()
    assert RetargetProfile().on(take) is take


def test_undoing_a_gain_gives_the_curves_back():
    take = track().with_values(track().values * 0.4)
    there = RetargetProfile({name: CurveRetarget(gain=2.0) for name in ARKIT52})
    back = RetargetProfile({name: CurveRetarget(gain=0.5) for name in ARKIT52})
    np.testing.assert_allclose(back.on(there.on(take)).values, take.values, atol=1e-6)


def test_a_profile_comes_back_from_its_file(tmp_path):
    profile = RetargetProfile(
        {"jawOpen": CurveRetarget(0.8, -0.1, 0.0, 0.9), "browInnerUp": CurveRetarget()}, "a.glb"
    )
    write_profile(profile, tmp_path / "p.json")
    assert read_profile(tmp_path / "p.json") == profile


def test_a_bare_table_is_a_profile_too(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps({"jawOpen": {"gain": 2, "max": 0.5}}))
    found = read_profile(tmp_path / "p.json")
    assert found.curves["jawOpen"] == CurveRetarget(2.0, 0.0, 0.0, 0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[1]", "is not a retarget profile"),
        ('{"format": "other"}', "its format is 'other'"),
        ('{"curves": {}}', "its format is None"),
        ('{"format": "animdrive retarget profile", "version": 9}', "version 9"),
        ('{"format": "animdrive retarget profile", "version": 1, "curves": 3}', "no table"),
        ('{"jawOpne": {"gain": 1}}', "Unknown curve 'jawOpne'.*Did you mean jawOpen"),
        ('{"jawOpen": 1}', "must have gain, offset, min or max"),
        ('{"jawOpen": {"gian": 1}}', "unknown key 'gian'"),
        ('{"jawOpen": {"gain": "1"}}', "gain of 'jawOpen' is no number"),
        ('{"jawOpen": {"gain": true}}', "gain of 'jawOpen' is no number"),
        ('{"jawOpen": {"gain": NaN}}', "gain of 'jawOpen' is no number"),
        ('{"jawOpen": {"gain": -1}}', "gain of 'jawOpen' must be in 0..100"),
        ('{"jawOpen": {"offset": 2}}', "offset of 'jawOpen' must be in -1..1"),
        ('{"jawOpen": {"min": 0.5, "max": 0.2}}', "0 <= min <= max <= 1"),
    ],
)
def test_a_wrong_profile_is_told_with_its_file(tmp_path, text, message):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_profile(tmp_path / "p.json")
    assert "p.json" in str(raised.value)


def test_a_missing_profile(tmp_path):
    with pytest.raises(InputError, match="not found"):
        read_profile(tmp_path / "no.json")
