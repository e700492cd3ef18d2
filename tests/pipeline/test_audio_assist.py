"""The sound of a clip beside its pictures: heard at the frames of the track."""

from types import SimpleNamespace

import numpy as np
import pytest

from animdrive.contract import ARKIT52, ARKIT_INDEX, CurveTrack
from animdrive.media.audio import write_wav
from animdrive.pipeline.audio_assist import heard_mouth, with_audio
from animdrive.pipeline.outputs import JobResult
from animdrive.rig.head import load_head
from animdrive.sources.audio.voice import speak

FPS = 25.0


def still(seconds):
    return CurveTrack(ARKIT52, FPS, np.zeros((round(seconds * FPS), 52), np.float32))


@pytest.fixture(scope="module")
def spoken():
    return speak("Bob may move five boxes. Papa came by bus.")


def test_what_is_said_is_heard_at_the_frames_of_the_track(spoken):
    track = still(spoken.duration_s)
    heard = heard_mouth(spoken, track)
    assert heard.curves.shape == (len(track), 52)
    closures = (np.diff((heard.sealed > 0.5).astype(int)) == 1).sum()
    assert closures >= 5
    assert heard.bitten.max() > 0.9
    assert heard.speaking.mean() > 0.5
    jaw = heard.curves[:, ARKIT_INDEX["jawOpen"]]
    assert jaw[heard.sealed > 0.9].max() < 0.1 < jaw.max()
    assert np.corrcoef(heard.loud_db, heard.speaking)[0, 1] > 0.2


def test_a_track_longer_than_its_sound_is_silent_at_the_end(spoken):
    heard = heard_mouth(spoken, still(spoken.duration_s + 2.0))
    assert not heard.speaking[-25:].any()
    assert not heard.curves[-25:].any()


def test_a_clip_without_sound_is_told(tmp_path):
    result, track = JobResult(), still(1.0)
    made, figures = with_audio(
        tmp_path / "none.mp4", SimpleNamespace(has_audio=False), track, load_head(), result
    )
    assert made is track
    assert figures == {"audio_assist": {"left_out": "no sound track"}}
    assert "the clip has no sound track" in result.notes[0]


def test_a_voice_that_moves_no_mouth_is_told_and_changes_nothing(spoken, tmp_path):
    write_wav(spoken, tmp_path / "voice.wav")
    result, track = JobResult(), still(spoken.duration_s)
    made, figures = with_audio(
        tmp_path / "voice.wav", SimpleNamespace(has_audio=True), track, load_head(), result
    )
    assert made is track
    assert "the mouth does not move with the sound" in figures["audio_assist"]["left_out"]
    assert any("left the curves as they were seen" in note for note in result.notes)
