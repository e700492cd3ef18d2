"""Life beside running speech keeps the rules of life beside a whole line."""

import numpy as np
import pytest

from animdrive.contract import ARKIT52, ARKIT_INDEX
from animdrive.errors import InputError
from animdrive.sources.audio.expression.life import LifeConfig
from animdrive.sources.audio.live.stream_life import StreamLife

BLINK, BROW = ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["browInnerUp"]


def lived(seconds, *, hear=lambda time_s: (False, 0.0, -60.0), fps=60.0, **options):
    """Values [T, 52], head [T, 3] and eyes [T, 2, 3] of a life at `fps`."""
    life = StreamLife(fps=fps, **options)
    shown, hops = [], 0
    for frame in range(round(seconds * fps)):
        while hops * 0.01 <= frame / fps:
            speaks, vowel, level_db = hear(hops * 0.01)
            life.hear(speaks=speaks, vowel=vowel, level_db=level_db)
            hops += 1
        shown.append(life.at(frame / fps))
    return (
        np.concatenate([part.values for part in shown]),
        np.concatenate([part.head_rotation for part in shown]),
        np.concatenate([part.eye_rotation for part in shown]),
    )


def talk(time_s):
    """Syllables five a second, every fifth 8 dB louder; a pause of 1 s in every 4 s."""
    if time_s % 4 >= 3:
        return False, 0.0, -70.0
    syllable, phase = divmod(time_s * 5, 1)
    loud = -22.0 if syllable % 5 == 2 else -32.0
    return True, float(0.2 < phase < 0.8), loud - 20 * abs(phase - 0.5)


def onsets(shut):
    return np.flatnonzero((shut[1:] > 0) & (shut[:-1] == 0)) + 1


def test_the_same_seed_is_the_same_and_another_is_not():
    first, again, other = (lived(8, hear=talk, seed=s) for s in (3, 3, 4))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_blinks_come_about_17_times_a_minute_and_shut_the_eyes():
    shut = lived(120, fps=30.0)[0][:, BLINK]
    begins = onsets(shut)
    assert 12 < len(begins) / 2 < 24
    for begin in begins[:-1]:
        assert shut[begin : begin + 8].max() == 1.0
    assert np.diff(begins).min() / 30 > 0.8


def test_blinks_prefer_pauses():
    begins = onsets(lived(240, hear=talk, fps=30.0)[0][:, BLINK]) / 30
    in_pause = np.mean((begins % 4 > 3.1) & (begins % 4 < 3.6))
    assert in_pause > 0.25  # an eighth of the time


def test_nods_and_brows_follow_accents():
    values, head, _ = lived(40, hear=talk)
    flat, still, _ = lived(40, hear=lambda t: (talk(t)[0], talk(t)[1], -32.0))
    assert flat[:, BROW].max() == 0 < values[:, BROW].max() < 0.5
    nods = (head - still)[:, 0]
    assert np.degrees(nods.max()) > 1.0
    assert nods.min() > -1e-9
    # No accent is anticipated: the first vowel that stands out is the seventh.
    assert np.abs(nods[: round(1.4 * 60)]).max() == 0


def test_heads_sway_a_few_degrees_without_corners():
    _, head, _ = lived(60)
    degrees = np.degrees(head)
    assert (degrees.std(axis=0) > 0.3).all()
    assert np.abs(degrees).max() < 6
    assert np.abs(np.diff(degrees, axis=0)).max() < 0.25


def test_eyes_stay_on_what_they_look_at_while_the_head_moves():
    _, head, eyes = lived(60)
    seen = eyes[:, 0, :2] + 0.9 * head[:, :2]
    still = np.abs(np.diff(seen, axis=0)).max(axis=1) < 1e-9
    assert still.mean() > 0.85
    np.testing.assert_array_equal(eyes[:, 0], eyes[:, 1])


def test_who_begins_to_speak_tends_to_look_away_and_comes_back():
    _, head, eyes = lived(240, hear=talk, fps=30.0)
    away = np.degrees(np.hypot(*(eyes[:, 0, :2] + 0.9 * head[:, :2]).T)) > 1.5
    by_phase = away.reshape(-1, 120).mean(axis=0)
    assert by_phase[6:18].mean() > 0.5
    assert by_phase[100:118].mean() < 0.25


@pytest.mark.parametrize("part", ["blinks", "head", "gaze", "brows"])
def test_each_part_can_be_switched_off_alone(part):
    off = {"blinks": False, "head": 0.0, "gaze": 0.0, "brows": 0.0}[part]
    values, head, eyes = lived(30, hear=talk, config=LifeConfig(**{part: off}))
    usual, usual_head, _ = lived(30, hear=talk)
    looks = [i for i, name in enumerate(ARKIT52) if name.startswith("eyeLook")]
    brows = [i for i, name in enumerate(ARKIT52) if name.startswith("brow")]
    if part == "blinks":
        assert not values[:, BLINK].any()
    else:
        np.testing.assert_array_equal(values[:, BLINK], usual[:, BLINK])
    assert (not head.any()) == (part == "head")
    if part != "head":
        np.testing.assert_array_equal(head, usual_head)
    assert (not eyes.any()) == (part == "gaze")
    assert (not values[:, looks].any()) == (part == "gaze")
    assert (not values[:, brows].any()) == (part == "brows")


def test_a_seed_below_0_is_told():
    with pytest.raises(InputError, match="seed must be 0 or above, got -1"):
        StreamLife(seed=-1)
