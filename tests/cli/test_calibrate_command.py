"""``animdrive calibrate``: a take becomes a profile, and says what it lacks."""

import contextlib
import json

import numpy as np
import pytest

from animdrive.contract import LandmarkTrack
from animdrive.errors import InputError
from animdrive.media.writer import VideoWriter
from animdrive.pipeline import calibrate as job
from animdrive.pipeline.calibrate import STEPS, CalibrationConfig, calibrate
from animdrive.pipeline.live_camera import Shot
from animdrive.rig.head import load_head
from animdrive.sources.video.live import tracker as live_tracker
from animdrive.sources.video.profile import read_profile
from animdrive.sources.video.tracking import landmarks as tracking


def face(**strengths):
    """[478, 3] pixels of the built-in head with some curves."""
    head = load_head()
    points = head.rig.neutral.vertices[head.landmarks].astype(np.float64)
    for name, value in strengths.items():
        points = points + value * head.rig.deltas[head.rig.names.index(name), head.landmarks]
    return ((points - head.head_pivot) * [900, -900, -900] + [160, 120, 0]).astype(np.float32)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("take") / "Aufnahme ä.mp4"
    with VideoWriter(path, size_px=(320, 240), fps=25) as writer:
        for _ in range(3):
            writer.write(np.zeros((240, 320, 3), np.uint8))
    return path


@pytest.fixture
def tracked(monkeypatch):
    """A take of 2 s at rest and 1 s with the eyes closed, in place of what a tracker sees."""

    def track(self, frames, *, progress, **_):
        for _ in frames:
            progress("tracking the face", 1.0)
        points = [face()] * 60 + [face(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)] * 30
        return LandmarkTrack(np.stack(points), np.arange(90) / 30, np.ones(90), (320, 240))

    monkeypatch.setattr(tracking.FaceMeshTracker, "track", track)


def test_a_clip_becomes_a_profile(animdrive, tracked, clip, tmp_path):
    target = tmp_path / "ich.json"
    ran = animdrive("calibrate", clip, "-o", target, "--focal", "1.4", "--json")
    assert ran.code == 0, ran.err
    made = json.loads(ran.out)
    assert made["figures"]["found"] == ["neutral", "closed eyes"]
    assert "open mouth" in made["figures"]["missing"]
    assert any("open the mouth wide for 1 s" in note for note in made["notes"])
    profile = read_profile(target)
    assert profile.focal == 1.4
    head = load_head()
    rest = head.rig.neutral.vertices[head.landmarks] - head.head_pivot
    assert np.abs(profile.person.neutral - rest).max() < 2e-3


def test_it_is_told_in_words_too(animdrive, tracked, clip, tmp_path):
    ran = animdrive("calibrate", clip, "-o", tmp_path / "p.json")
    assert ran.code == 0, ran.err
    assert "found       neutral, closed eyes" in ran.out
    assert "note: Not found: smile." in ran.err


class Obedient:
    """A camera before which a person does what they are asked."""

    fps, live, dropped = 10.0, True, 0

    def __init__(self):
        self.index, self.closed, self.ended = 0, False, False

    def next(self, wait_s):
        index, self.index = self.index, self.index + 1
        return Shot(np.zeros((240, 320, 3), np.uint8), index / 10, 0.0)

    def close(self):
        self.closed = True


def test_before_a_camera_one_is_asked_for_each_part(monkeypatch, tmp_path):
    asked = []
    does = {
        "close your eyes": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
        "open your mouth wide": {"jawOpen": 0.9},
    }

    class Tracker:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def find(self, image, time_s):
            return face(**does.get(asked[-1], {}))

    monkeypatch.setattr(live_tracker, "LiveTracker", Tracker)
    camera = Obedient()
    result = calibrate("0", tmp_path / "me.json", ask=asked.append, shots=camera)
    assert asked == [what for _, what in STEPS]
    assert result.figures["found"][:3] == ["neutral", "closed eyes", "open mouth"]
    assert result.figures["duration_s"] == pytest.approx(sum(s for s, _ in STEPS), abs=0.2)
    assert camera.closed


def test_a_camera_without_a_picture_is_told(monkeypatch, tmp_path):
    class Nothing(Obedient):
        ended = True

        def __init__(self):
            pass

        def next(self, wait_s):
            return None

    monkeypatch.setattr(live_tracker, "LiveTracker", contextlib.nullcontext)
    with pytest.raises(InputError, match="The camera gave no picture"):
        calibrate("0", tmp_path / "me.json", shots=Nothing())


def test_no_face_is_told_with_the_clip(animdrive, monkeypatch, clip, tmp_path):
    nobody = LandmarkTrack(np.zeros((9, 478, 3)), np.arange(9) / 30, np.zeros(9), (320, 240))
    monkeypatch.setattr(job, "_landmarks_of_clip", lambda *_: nobody)
    ran = animdrive("calibrate", clip, "-o", tmp_path / "p.json")
    assert ran.code == 2
    assert "a face is seen in 0 of 9 frames" in ran.err
    assert clip.name in ran.err
    assert not (tmp_path / "p.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "p.json"], "Give a clip, or --camera and its number"),
        (["CLIP", "--camera", "0", "-o", "p.json"], "Give a clip, or --camera and its number"),
        (["--camera", "-1", "-o", "p.json"], "--camera is a number from 0, got -1"),
        (["--camera", "97", "-o", "p.json"], "Camera 97 cannot be opened"),
        (["CLIP", "-o", "p.txt"], "A profile is a .json file, got 'p.txt'"),
        (["CLIP", "-o", "p.json", "--focal", "77"], "--focal must be in 0.2..20"),
        (["none.mp4", "-o", "p.json"], "clip not found: none.mp4"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(animdrive, clip, arguments, message):
    ran = animdrive("calibrate", *(clip if part == "CLIP" else part for part in arguments))
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.count("error:") == 1
    assert "Traceback" not in ran.err


def test_a_bad_profile_stops_a_clip_before_any_work(animdrive, clip, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    ran = animdrive("video", clip, "-o", tmp_path / "out", "--profile", bad)
    assert ran.code == 2
    assert "bad.json is no profile" in ran.err
    assert not (tmp_path / "out").exists()


def test_settings_are_checked():
    with pytest.raises(InputError, match="--focal must be in"):
        CalibrationConfig(focal=-1.0)
