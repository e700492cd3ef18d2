from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from animdrive.contract import ARKIT52, ARKIT_INDEX, MOUTH_CURVES, AudioClip
from animdrive.errors import InputError
from animdrive.sources.audio.expression.life import LifeConfig
from animdrive.sources.audio.speech import SpeechConfig, SpeechResult, speech_curves

LINE = "Peter Piper picked a peck of pickled peppers, maybe five of them."
MOUTH = [ARKIT_INDEX[name] for name in MOUTH_CURVES]


@pytest.fixture(scope="module")
def result(line: AudioClip) -> SpeechResult:
    return speech_curves(line, LINE)


def silence(seconds: float, rate: int = 16000) -> AudioClip:
    return AudioClip(samples=np.zeros(round(seconds * rate), np.float32), sample_rate=rate)


def test_the_track_is_as_long_as_the_sound(result: SpeechResult, line: AudioClip):
    assert result.track.names == ARKIT52
    assert (result.track.fps, result.track.start_s) == (60.0, 0.0)
    assert 0 <= len(result.track) / 60 - line.duration_s < 1 / 60
    assert (result.track.confidence == 1).all()


def test_the_text_is_what_the_motion_follows(result: SpeechResult):
    assert result.text == LINE.replace(",", "").replace(".", "")
    assert result.notes == ()
    assert [s.label for s in result.visemes].count("closed") >= 8


def test_lips_are_shut_in_every_bilabial_that_is_heard(result: SpeechResult):
    track = result.track
    shut = np.isclose(track.curve("mouthClose"), track.curve("jawOpen"), atol=1e-3)
    shut &= track.curve("mouthPressLeft") > 0.25
    bilabials = [phone for phone in result.phones.phones if phone.label in "PBM"]
    assert len(bilabials) >= 10
    for phone in bilabials:
        frames = (track.times_s > phone.start_s - 0.02) & (track.times_s < phone.end_s + 0.04)
        assert shut[frames].any(), phone


def test_the_same_settings_give_the_same_bytes(result: SpeechResult, line: AudioClip):
    again = speech_curves(line, LINE)
    for part in ("values", "head_rotation", "eye_rotation"):
        assert getattr(again.track, part).tobytes() == getattr(result.track, part).tobytes()


def test_the_seed_moves_all_but_the_mouth(result: SpeechResult, line: AudioClip):
    other = speech_curves(line, LINE, config=SpeechConfig(seed=1))
    assert np.array_equal(other.track.values[:, MOUTH], result.track.values[:, MOUTH])
    assert not np.array_equal(other.track.head_rotation, result.track.head_rotation)


def test_frames_of_another_rate_lie_on_the_same_curves(result: SpeechResult, line: AudioClip):
    slower = speech_curves(line, LINE, config=SpeechConfig(fps=30))
    jaw, half = result.track.curve("jawOpen"), slower.track.curve("jawOpen")
    frames = min(len(half), len(jaw[::2]))
    away = np.abs(half[:frames] - jaw[::2][:frames])
    assert np.median(away) < 1e-4
    assert away.max() < 0.1  # closures hold for a whole frame, which is longer here


@pytest.mark.parametrize("text", [None, "hello"])
def test_silence_is_a_resting_face_that_blinks(text: str | None):
    result = speech_curves(silence(8), text)
    assert not result.track.values[:, MOUTH].any()
    assert result.track.curve("eyeBlinkLeft").max() == 1
    assert result.text is None
    assert result.notes == ("No speech is heard; the mouth stays at rest.",)
    assert [s.label for s in result.visemes] == ["rest"]


@pytest.mark.parametrize(("seconds", "frames"), [(0.0, 1), (0.001, 1), (0.1, 6)])
def test_there_is_always_a_frame(seconds: float, frames: int):
    assert len(speech_curves(silence(seconds)).track) == frames


def test_what_is_left_out_is_told(line: AudioClip):
    assert speech_curves(line, f"[sighs] {LINE}").notes == (
        "Not spoken, for it stands in brackets: '[sighs]'.",
    )


def test_a_text_without_a_word_is_told(line: AudioClip):
    assert speech_curves(line, "…!").notes == (
        "The transcript holds no word that can be said; only the sound is used.",
    )


def test_stages_are_told(line: AudioClip):
    told: list[str] = []
    speech_curves(line, LINE, progress=lambda stage, done: told.append(f"{stage} {done:g}"))
    assert list(dict.fromkeys(told)) == ["align 0", "align 1", "curves 0", "curves 1"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fps": 0}, r"fps must be in 1\.\.240, got 0"),
        ({"fps": float("nan")}, r"fps must be in 1\.\.240, got nan"),
        ({"seed": -3}, "seed must be 0 or above, got -3"),
        ({"language": "tlh"}, r"Unknown language 'tlh'\. Known are auto, en, zh, de"),
        ({"aligner": "ears"}, r"Unknown aligner 'ears'\. Known: acoustic, pocketsphinx\."),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict, message: str):
    with pytest.raises(InputError, match=message):
        SpeechConfig(**settings)


def test_life_is_passed_on(line: AudioClip):
    still = LifeConfig(blinks=False, head=0, gaze=0, brows=0)
    track = speech_curves(line, LINE, config=SpeechConfig(life=still)).track
    others = [c for c in range(52) if c not in MOUTH]
    assert not track.values[:, others].any()
    assert not track.head_rotation.any()


def test_the_room_loads_nothing_heavy_until_it_works():
    code = (
        "import sys, animdrive.sources.audio; "
        "heavy = {'pocketsphinx', 'scipy', 'librosa', 'torch', 'espeakng_loader'}; "
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
