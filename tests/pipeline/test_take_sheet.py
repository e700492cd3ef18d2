import json

import numpy as np
import pytest

from animdrive.contract import ARKIT52, CurveTrack, LandmarkTrack
from animdrive.errors import DeviceError
from animdrive.media.image import read_image
from animdrive.media.video import read_frames
from animdrive.media.writer import VideoWriter
from animdrive.pipeline.jobs import animate_video
from animdrive.pipeline.outputs import OutputConfig
from animdrive.pipeline.video_report import moments
from animdrive.sources.video.face import FaceConfig

CSV = OutputConfig(formats=("csv",))


@pytest.fixture(scope="module")
def clip(carphone, tmp_path_factory):
    """The first 40 frames of a real face."""
    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    images = [frame.image for frame, _ in zip(read_frames(carphone), range(40), strict=False)]
    even = [np.ascontiguousarray(image[:144, :192]) for image in images]
    with VideoWriter(path, size_px=(192, 144), fps=30) as writer:
        for image in even:
            writer.write(image)
    return path


@pytest.fixture(scope="module")
def made(clip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("take")
    return animate_video(clip, folder, output=CSV)


@pytest.mark.gl
def test_a_take_has_a_report_and_a_sheet(made):
    document = json.loads(made.outputs["report"].read_text())
    assert document["figures"] == made.figures["take"]
    assert set(document["curves"]) == set(ARKIT52)
    assert len(document["confidence"]) == made.figures["source_frames"]
    assert made.figures["take"]["curves_moved"] > 10
    sheet = read_image(made.outputs["sheet"])
    assert sheet.shape == (4 * (256 + 22) + 3 * 8, 2 * 3 * 256 + 8, 3)
    # Each moment: the clip, the clip with landmarks on it, and our face.
    plain, marked, ours = (sheet[:256, i * 256 : (i + 1) * 256].astype(int) for i in range(3))
    differ = np.abs(plain - marked).max(axis=2) > 20
    assert 0.01 < differ.mean() < 0.4
    assert np.abs(plain - ours).mean() > 10


def test_the_sheet_can_be_left_out(clip, tmp_path):
    made = animate_video(clip, tmp_path, output=CSV, sheet=False)
    assert "report" in made.outputs
    assert "sheet" not in made.outputs
    assert not list(tmp_path.glob("*.png"))


def test_without_a_renderer_there_is_a_note_in_place_of_a_sheet(clip, tmp_path, monkeypatch):
    def none(*_, **__):
        raise DeviceError("No renderer here.")

    monkeypatch.setattr("animdrive.render.scene.Renderer", none)
    made = animate_video(clip, tmp_path, output=CSV)
    assert "sheet" not in made.outputs
    assert "No contact sheet was drawn. No renderer here." in made.notes


def test_moments_are_spread_over_the_take_and_show_what_stands_out():
    frames = 160
    values = np.zeros((frames, len(ARKIT52)))
    values[[10, 50, 130], 20] = 0.9
    track = CurveTrack(ARKIT52, 30.0, values)
    landmarks = LandmarkTrack(
        np.zeros((frames, 478, 3)), np.arange(frames) / 30, np.ones(frames), (64, 64)
    )
    shown = moments(track, landmarks, 8)
    assert len(shown) == 8
    assert {10, 50, 130} <= set(shown)
    assert shown == sorted(set(shown))
    assert [index // 20 for index in shown] == list(range(8))


def test_a_part_without_a_face_shows_its_middle():
    landmarks = LandmarkTrack(
        np.zeros((40, 478, 3)), np.arange(40) / 30, np.repeat([1, 0], 20), (64, 64)
    )
    track = CurveTrack(ARKIT52, 30.0, np.zeros((40, 52)))
    shown = moments(track, landmarks, 2)
    assert 20 <= shown[1] < 40
    assert len(moments(track, landmarks, 100)) == 40


def test_a_landmarker_of_the_users_is_named_in_the_provenance(clip, shared_data, tmp_path):
    landmarker = shared_data / "models" / "face_landmarker.task"
    if not landmarker.is_file():
        pytest.skip("no face_landmarker.task")
    config = FaceConfig(landmarker=landmarker)
    made = animate_video(clip, tmp_path, config=config, output=CSV, sheet=False)
    told = json.loads(made.outputs["provenance"].read_text())
    assert [row["name"] for row in told["inputs"]] == ["short.mp4", "face_landmarker.task"]
    assert told["backend"] == "video/tasks"
    assert made.figures["found_share"] > 0.9
