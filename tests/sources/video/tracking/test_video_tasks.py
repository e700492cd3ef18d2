import zipfile

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.media.video import read_frames
from animdrive.sources.video.face import FaceConfig, _tracker
from animdrive.sources.video.tracking.landmarks import FaceMeshTracker
from animdrive.sources.video.tracking.tasks import TasksConfig, TasksTracker, check_landmarker


@pytest.fixture
def landmarker(shared_data):
    path = shared_data / "models" / "face_landmarker.task"
    if not path.is_file():
        pytest.skip("no face_landmarker.task")
    return path


def test_both_trackers_see_the_same_face(landmarker, carphone):
    frames = [frame for frame, _ in zip(read_frames(carphone), range(12), strict=False)]
    ours = FaceMeshTracker().track(frames)
    theirs = TasksTracker(TasksConfig(landmarker=landmarker)).track(frames)
    assert theirs.points.shape == ours.points.shape
    assert (theirs.confidence > 0).mean() > 0.9
    both = (ours.confidence > 0) & (theirs.confidence > 0)
    width = np.linalg.norm(ours.points[0, 454] - ours.points[0, 234])
    assert np.abs(ours.points[both] - theirs.points[both])[..., :2].mean() < 0.03 * width


def test_a_landmarker_in_the_settings_makes_its_tracker(landmarker):
    tracker = _tracker(FaceConfig(landmarker=landmarker, face="left"))
    assert isinstance(tracker, TasksTracker)
    assert tracker.config == TasksConfig(landmarker=landmarker, face="left")
    assert type(_tracker(FaceConfig(face="2"))) is FaceMeshTracker


def test_without_a_bundle_the_tracker_says_what_it_needs():
    with pytest.raises(InputError, match=r"needs a face_landmarker\.task; name it with"):
        TasksTracker().track(iter(()))


def test_a_setting_that_a_tracker_lacks_is_named():
    with pytest.raises(InputError, match="FaceMeshTracker has no setting 'landmarker'"):
        FaceMeshTracker.from_settings(landmarker="x")


def bundle(path, *names):
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, b"not a network")
    return path


def test_files_that_are_no_landmarker_are_refused(tmp_path):
    with pytest.raises(InputError, match="face landmarker not found"):
        check_landmarker(tmp_path / "none.task")
    text = tmp_path / "text.task"
    text.write_text("hello")
    with pytest.raises(InputError, match=r"text\.task is not a bundle of MediaPipe Tasks"):
        check_landmarker(text)
    hand = bundle(tmp_path / "hand.task", "hand_detector.tflite")
    with pytest.raises(InputError, match=r"is a bundle without face_detector\.tflite"):
        check_landmarker(hand)
    both = bundle(tmp_path / "c.task", "face_detector.tflite", "face_landmarks_detector.tflite")
    damaged = both.read_bytes().replace(b"not a network", b"not a netw0rk", 1)
    both.write_bytes(damaged)
    with pytest.raises(InputError, match=r"is damaged \(face_detector\.tflite\)"):
        check_landmarker(both)


def test_networks_that_do_not_load_are_refused(tmp_path):
    fake = bundle(tmp_path / "f.task", "face_detector.tflite", "face_landmarks_detector.tflite")
    with pytest.raises(InputError, match="cannot be loaded as a face landmarker"):
        TasksTracker(TasksConfig(landmarker=fake)).track(iter(()))
