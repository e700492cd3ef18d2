"""A calibration take of a known face: its parts are found, its measures right."""

import numpy as np
import pytest
from face_maker import FPS, curves, hill, landmark_points, lost, seen

from animdrive.contract import ARKIT_INDEX
from animdrive.errors import InputError
from animdrive.sources.video.calibration import calibrated
from animdrive.sources.video.face import curves_from_landmarks

SECONDS = {
    "neutral": 2,
    "closed eyes": 2,
    "open mouth": 2,
    "pursed lips": 2,
    "smile": 2,
    "raised brows": 2,
    "head turned": 4,
}
DOES = {
    "closed eyes": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    "open mouth": {"jawOpen": 0.9},
    "pursed lips": {"mouthPucker": 1.0},
    "smile": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    "raised brows": {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},
}


def take(head, parts):
    """Return the landmarks of a take that shows `parts` in turn."""
    values, rotation = [], []
    for part in parts:
        count = round(SECONDS[part] * FPS)
        middle = hill(count, 8, count - 8)
        shown = curves(count, **{name: most * middle for name, most in DOES.get(part, {}).items()})
        turned = np.zeros((count, 3))
        if part == "head turned":
            turned[:, 1] = 0.5 * np.sin(np.linspace(0, 2 * np.pi, count))
        values.append(shown)
        rotation.append(turned)
    return seen(
        head,
        landmark_points(head, np.concatenate(values)),
        rotation=np.concatenate(rotation),
        noise_m=5e-5,
        rng=np.random.default_rng(0),
    )


@pytest.fixture(scope="module")
def whole(head):
    return calibrated(take(head, SECONDS), head, focal=1.2)


def test_all_parts_of_a_whole_take_are_found(whole):
    assert whole.found == tuple(SECONDS)
    assert whole.missing == ()
    assert whole.focal == 1.2


def test_the_face_at_rest_is_that_of_the_take(head, whole):
    rest = head.rig.neutral.vertices[head.landmarks] - head.head_pivot
    apart = np.linalg.norm(whole.person.neutral - rest, axis=1)
    assert np.median(apart) < 0.5e-3
    assert whole.person.mouth_width == pytest.approx(np.linalg.norm(rest[291] - rest[61]), rel=0.02)
    assert (whole.person.closed_eyes < 0.4 * whole.person.open_eyes).all()


def test_ranges_are_those_of_the_take(whole):
    assert whole.ranges["yaw_rad"] == pytest.approx((-0.5, 0.5), abs=0.08)
    assert abs(whole.ranges["pitch_rad"][1]) < 0.1
    assert whole.ranges["lips_apart"][1] > 0.3
    assert whole.ranges["mouth_width"][0] < 0.9 < 1.06 < whole.ranges["mouth_width"][1]
    assert whole.ranges["brows_m"][1] > 2e-3


@pytest.mark.parametrize("left_out", [*DOES, "head turned"])
def test_what_a_take_does_not_show_is_told(head, left_out):
    track = take(head, [part for part in SECONDS if part != left_out])
    assert calibrated(track, head).missing == (left_out,)


def test_a_face_that_never_rests_has_no_neutral(head):
    count = round(4 * FPS)
    swing = 0.5 + 0.5 * np.sin(np.arange(count) / 3.0)
    values = curves(count, jawOpen=swing, mouthSmileLeft=1 - swing, mouthSmileRight=1 - swing)
    profile = calibrated(seen(head, landmark_points(head, values)), head)
    assert "neutral" in profile.missing


def test_with_a_profile_a_clip_that_never_rests_is_read_right(head):
    """A face that smiles through the whole clip: only who knows it at rest sees the smile."""
    person = calibrated(take(head, ["neutral", "closed eyes"]), head).person
    values = curves(60, mouthSmileLeft=0.6, mouthSmileRight=0.6)
    track = seen(head, landmark_points(head, values))
    smile = ARKIT_INDEX["mouthSmileLeft"]
    alone = curves_from_landmarks(track, head).track.values[:, smile]
    known = curves_from_landmarks(track, head, person=person).track.values[:, smile]
    assert known.mean() == pytest.approx(0.6, abs=0.1)
    assert alone.mean() < 0.5 * known.mean()


def test_too_little_of_a_face_is_refused(head):
    track = lost(seen(head, landmark_points(head, curves(20))), slice(3, 20))
    with pytest.raises(InputError, match="a face is seen in 3 of 20 frames"):
        calibrated(track, head)


def test_a_focal_length_out_of_range_is_refused(head):
    track = seen(head, landmark_points(head, curves(20)))
    with pytest.raises(InputError, match=r"focal must be in 0.2..20"):
        calibrated(track, head, focal=0.0)
