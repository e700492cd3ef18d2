from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import ARKIT52, ARKIT_INDEX, Segment
from animdrive.errors import InputError
from animdrive.rig.pose import looks_from_eye_rotation
from animdrive.sources.audio.expression.life import Life, LifeConfig, life_beside_speech
from animdrive.sources.audio.expression.prosody import Accent, Phrase, Prosody

FPS = 60.0
MINUTE = np.arange(round(60 * FPS)) / FPS
SILENT = Prosody(stress=(), accents=(), pauses=(Segment(0, 60, "SIL"),))
LIVELY = Prosody(
    stress=(),
    accents=tuple(Accent(t, 0.9) for t in np.arange(1.0, 59.0, 0.9)),
    pauses=(Segment(10, 11, "SIL"),),
)
OFF = LifeConfig(blinks=False, head=0, gaze=0, brows=0)


def curve(life: Life, name: str) -> np.ndarray:
    return life.values[:, ARKIT_INDEX[name]]


def blink_starts(life: Life) -> np.ndarray:
    shut = curve(life, "eyeBlinkLeft") > 0.5
    return MINUTE[1:][np.diff(shut.astype(int)) > 0]


def test_the_same_seed_gives_the_same_bytes_and_another_another():
    first, again = (life_beside_speech(LIVELY, MINUTE, seed=5) for _ in range(2))
    other = life_beside_speech(LIVELY, MINUTE, seed=6)
    for part in ("values", "head_rotation", "eye_rotation"):
        assert getattr(first, part).tobytes() == getattr(again, part).tobytes()
        assert getattr(first, part).tobytes() != getattr(other, part).tobytes()


@pytest.mark.parametrize("seed", range(4))
def test_blinks_come_about_17_times_a_minute_and_close_the_eyes(seed: int):
    life = life_beside_speech(SILENT, MINUTE, seed=seed)
    starts = blink_starts(life)
    assert 11 <= len(starts) <= 24
    assert np.diff(starts).min() > 0.8
    assert np.array_equal(curve(life, "eyeBlinkLeft"), curve(life, "eyeBlinkRight"))
    lids = curve(life, "eyeBlinkLeft")
    for start in starts[starts < 59]:
        frame = round(start * FPS)
        assert lids[frame : frame + 12].max() == 1
        assert lids[frame + 30] == 0


def test_every_blink_shows_a_shut_frame_at_a_low_rate():
    times = np.arange(60 * 12) / 12
    lids = life_beside_speech(SILENT, times).values[:, ARKIT_INDEX["eyeBlinkLeft"]]
    peaks = (lids[1:-1] >= lids[:-2]) & (lids[1:-1] > lids[2:])
    assert (lids[1:-1][peaks] == 1).all()
    assert peaks.sum() >= 11


def test_speakers_blink_when_they_pause():
    near = 0
    for seed in range(40):
        starts = blink_starts(life_beside_speech(LIVELY, MINUTE, seed=seed))
        near += bool((np.abs(starts - 10.08) < 0.03).any())
    assert near >= 10  # some 2 in a hundred blinks would fall there by chance


def test_the_head_stays_within_a_few_degrees_and_moves_smoothly():
    head = life_beside_speech(LIVELY, MINUTE).head_rotation
    assert np.degrees(np.abs(head)).max() < 8
    assert np.degrees(np.abs(head).max(axis=0)).min() > 0.5
    assert np.degrees(np.abs(np.diff(head, axis=0))).max() * FPS < 60


def test_the_head_nods_on_accents():
    quiet = Prosody(stress=(), accents=(), pauses=())
    nod = (
        life_beside_speech(LIVELY, MINUTE).head_rotation
        - life_beside_speech(quiet, MINUTE).head_rotation
    )
    assert np.degrees(nod[:, 0]).max() > 1
    assert nod[:, 0].min() > -1e-9  # down is above 0
    assert np.abs(nod[:, 1:]).max() < 1e-12


def test_gaze_curves_are_those_of_the_eye_angles():
    life = life_beside_speech(LIVELY, MINUTE)
    for name, look in looks_from_eye_rotation(life.eye_rotation).items():
        assert curve(life, name) == pytest.approx(look, abs=1e-6)
    assert np.array_equal(life.eye_rotation[:, 0], life.eye_rotation[:, 1])
    assert 2 < np.degrees(np.abs(life.eye_rotation)).max() < 20


def test_the_eyes_make_up_for_the_head():
    life = life_beside_speech(LIVELY, MINUTE)
    world = life.eye_rotation[:, 0, :2] + 0.9 * life.head_rotation[:, :2]
    still = np.abs(np.diff(world, axis=0)).max(axis=1) < 1e-9
    assert still.mean() > 0.8  # glances jump, and between them what is looked at stays


@pytest.mark.parametrize(
    ("config", "still"),
    [
        (LifeConfig(blinks=False), "eyeBlink"),
        (LifeConfig(brows=0), "brow"),
        (LifeConfig(gaze=0), "eyeLook"),
    ],
)
def test_each_part_can_be_switched_off_and_leaves_the_others(config: LifeConfig, still: str):
    usual = life_beside_speech(LIVELY, MINUTE)
    life = life_beside_speech(LIVELY, MINUTE, config=config)
    for column, name in enumerate(ARKIT52):
        if name.startswith(still):
            assert not life.values[:, column].any()
        else:
            assert np.array_equal(life.values[:, column], usual.values[:, column])
    assert np.array_equal(life.head_rotation, usual.head_rotation)


def test_all_off_is_rest():
    life = life_beside_speech(LIVELY, MINUTE, config=OFF)
    assert not life.values.any()
    assert not life.head_rotation.any()
    assert not life.eye_rotation.any()


def test_brows_rise_on_accents_alone():
    assert curve(life_beside_speech(LIVELY, MINUTE), "browInnerUp").max() > 0.1
    assert not curve(life_beside_speech(SILENT, MINUTE), "browInnerUp").any()


def test_the_mouth_is_left_alone():
    life = life_beside_speech(LIVELY, MINUTE)
    assert not any(
        life.values[:, c].any()
        for c, name in enumerate(ARKIT52)
        if not name.startswith(("eye", "brow"))
    )
    assert life.values.min() >= 0
    assert life.values.max() <= 1


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_a_line_of_hardly_a_frame_is_no_trouble(frames: int):
    life = life_beside_speech(SILENT, np.arange(frames) / FPS)
    assert life.values.shape == (frames, 52)
    assert life.eye_rotation.shape == (frames, 2, 3)


@pytest.mark.parametrize("dial", ["head", "gaze", "brows"])
def test_dials_out_of_range_are_refused(dial: str):
    with pytest.raises(InputError, match=rf"{dial} must be in 0\.\.2, got -1"):
        LifeConfig(**{dial: -1})


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match=r"seed must be 0 or above, got -1\."):
        life_beside_speech(SILENT, MINUTE, seed=-1)


def ending(rise_st: float) -> Prosody:
    phrases = tuple(Phrase(start, start + 2.0, rise_st) for start in np.arange(1.0, 55.0, 5.0))
    return Prosody(stress=(), accents=(), pauses=(), phrases=phrases)


@pytest.mark.parametrize(("rise_st", "sign"), [(-4.0, 1), (5.0, -1)])
def test_the_head_settles_as_a_phrase_ends_and_lifts_with_a_question(rise_st: float, sign: int):
    quiet = Prosody(stress=(), accents=(), pauses=())
    moved = (
        life_beside_speech(ending(rise_st), MINUTE).head_rotation
        - life_beside_speech(quiet, MINUTE).head_rotation
    )
    at = np.searchsorted(MINUTE, [p.end_s + 0.3 for p in ending(rise_st).phrases])
    assert (sign * np.degrees(moved[at, 0])).min() > 0.4
    assert (sign * moved[:, 0]).min() > -1e-9  # down is above 0
    assert np.degrees(np.abs(moved)).max() < 2
    assert not moved[:, 1:].any()


def test_brows_rise_with_a_question_and_not_with_a_full_stop():
    assert curve(life_beside_speech(ending(5.0), MINUTE), "browInnerUp").max() > 0.1
    assert not curve(life_beside_speech(ending(-4.0), MINUTE), "browInnerUp").any()


def test_phrases_leave_the_blinks_as_they_were():
    quiet = Prosody(stress=(), accents=(), pauses=())
    first, second = (life_beside_speech(p, MINUTE, seed=2) for p in (quiet, ending(5.0)))
    assert np.array_equal(curve(first, "eyeBlinkLeft"), curve(second, "eyeBlinkLeft"))
