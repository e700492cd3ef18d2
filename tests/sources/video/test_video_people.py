import numpy as np
import pytest
from face_maker import FPS, curves, landmark_points, lost, nodding, seen, talking

from animdrive.contract import LandmarkTrack
from animdrive.errors import InputError
from animdrive.sources.video import face
from animdrive.sources.video.face import curves_from_landmarks, face_curves
from animdrive.sources.video.people import only, people_in, spliced


def with_cuts(track, *at):
    cuts = np.zeros(len(track), dtype=bool)
    cuts[list(at)] = True
    return LandmarkTrack(track.points, track.times_s, track.confidence, track.size_px, cuts)


@pytest.fixture(scope="module")
def two_shots(head):
    """One performance by two faces, the second with a longer nose and jaw, [160] frames."""
    rng = np.random.default_rng(3)
    values, eyes = talking(80, rng)
    values, eyes = np.concatenate([values, values]), np.concatenate([eyes, eyes])
    points = landmark_points(head, values, eyes)
    rest = landmark_points(head, curves(1))[0]
    away = rest - rest.mean(axis=0)
    points[80:] += away * [0.04, -0.07, 0.10]
    track = seen(head, points, rotation=nodding(160, rng, 4.0), scale=1500, noise_m=2e-4, rng=rng)
    return with_cuts(track, 80)


def test_without_a_cut_there_is_one_person(head, two_shots):
    assert not people_in(with_cuts(two_shots), head).any()


def test_two_faces_in_two_shots_are_two_people(head, two_shots):
    labels = people_in(two_shots, head)
    assert not labels[:80].any()
    assert (labels[80:] == 1).all()


def test_a_cut_to_the_same_face_is_no_other_person(head, two_shots):
    same = only(two_shots, np.arange(160) < 80)
    again = LandmarkTrack(
        np.concatenate([same.points[:80]] * 2),
        two_shots.times_s,
        np.ones(160),
        two_shots.size_px,
        two_shots.cuts,
    )
    assert not people_in(again, head).any()


def test_frames_without_a_face_belong_to_who_was_seen_before(head, two_shots):
    labels = people_in(with_cuts(lost(two_shots, slice(60, 90)), 80), head)
    assert not labels[:60].any()
    assert (labels[90:] == 1).all()


class Given:
    """A tracker that has tracked already."""

    def __init__(self, landmarks):
        self.landmarks = landmarks

    def track(self, frames, *, progress, watch, report):
        report("told by the tracker")
        grey = np.full((512, 512, 3), 90, np.uint8)
        for index, (points, sure) in enumerate(
            zip(self.landmarks.points, self.landmarks.confidence, strict=True)
        ):
            watch(grey, points if sure else None, index)
        return self.landmarks


def tracked(monkeypatch, landmarks, head):
    monkeypatch.setattr(face, "_tracker", lambda config: Given(landmarks))
    return face_curves(iter(()), head)


def test_each_person_is_measured_on_their_own(monkeypatch, head, two_shots):
    apart = tracked(monkeypatch, two_shots, head)
    together = tracked(monkeypatch, with_cuts(two_shots), head)

    def differ(result):
        """How far the two shots' curves are apart, which were performed alike."""
        values = result.track.values
        return np.abs(values[5:75] - values[85:155]).mean()

    assert differ(apart) < 0.6 * differ(together)
    assert any("cuts 1 times and shows 2 different faces" in note for note in apart.notes)
    assert "told by the tracker" in apart.notes
    assert len(apart.track) == len(together.track)
    assert apart.found_share == 1


def test_a_shot_of_no_face_is_left_out(monkeypatch, head, two_shots):
    points = np.array(two_shots.points)
    points[80:] = np.random.default_rng(0).uniform(0, 500, points[80:].shape)
    wild = LandmarkTrack(
        points, two_shots.times_s, two_shots.confidence, two_shots.size_px, two_shots.cuts
    )
    result = tracked(monkeypatch, wild, head)
    assert result.track.confidence[:78].min() > 0
    assert result.track.confidence[95:].max() == 0
    assert any("face followed in 50 %" in note.lower() for note in result.notes)


def test_nobody_in_any_shot_is_an_error(monkeypatch, head, two_shots):
    points = np.random.default_rng(0).uniform(0, 500, two_shots.points.shape)
    points[80:] *= 3  # two kinds of nothing
    wild = LandmarkTrack(
        points, two_shots.times_s, two_shots.confidence, two_shots.size_px, two_shots.cuts
    )
    with pytest.raises(InputError, match="no face found in 160 frames"):
        tracked(monkeypatch, wild, head)


def test_a_splice_takes_each_moment_from_who_is_seen_then(head, two_shots):
    labels = (np.arange(160) >= 80).astype(int)
    result = curves_from_landmarks(with_cuts(two_shots), head)
    one = result.track.with_values(np.zeros_like(result.track.values))
    other = result.track.with_values(np.ones_like(result.track.values))
    both = spliced({0: one, 1: other}, labels, two_shots)
    assert not both.values[:80].any()
    assert both.values[80:].all()
    assert both.fps == FPS
