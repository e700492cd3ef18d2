import numpy as np
import pytest
from face_maker import FPS, blink, curves, hill, landmark_points, lost, nodding, seen, talking

from animdrive.contract import ARKIT52, ARKIT_INDEX, MIRROR52, Character, LandmarkTrack
from animdrive.errors import BackendError, InputError
from animdrive.rig.pose import looks_from_eye_rotation
from animdrive.sources.video.face import FaceConfig, curves_from_landmarks, face_curves
from animdrive.sources.video.fitting.expression import ExpressionConfig, arkit_deltas
from animdrive.sources.video.indices import INNER_LIP_PAIRS

FRAMES = 240
RIG = FaceConfig(solver="rig")
"""Exact where landmarks are exact, as in these tests; the regressor has read Face Mesh's alone."""


@pytest.fixture(scope="module")
def performance(head):
    """Known curves, eyes and head motion, and what is solved from their noisy landmarks."""
    rng = np.random.default_rng(7)
    values, eyes = talking(FRAMES, rng)
    rotation = nodding(FRAMES, rng)
    points = landmark_points(head, values, eyes)
    track = seen(head, points, rotation=rotation, noise_m=0.3e-3, rng=rng)
    return values, eyes, rotation, track, curves_from_landmarks(track, head, config=RIG)


def lip_gap_m(head, values):
    """Return [T] metres between the inner lips of the character, 0 at rest."""
    deltas = arkit_deltas(head)[:, :, 1]
    rows = [deltas[:, upper] - deltas[:, lower] for upper, lower in INNER_LIP_PAIRS[:3]]
    return values @ np.mean(rows, axis=0)


def test_a_known_performance_is_found_again(performance):
    values, _, _, _, result = performance
    error = np.abs(result.track.values - values)
    assert error.mean() < 0.03
    for name, match in {
        "jawOpen": 0.97,
        "eyeBlinkLeft": 0.95,
        "eyeBlinkRight": 0.95,
        "mouthSmileLeft": 0.9,
        "mouthSmileRight": 0.9,
        "mouthPucker": 0.9,
        "browInnerUp": 0.9,
        "browOuterUpLeft": 0.9,
        "browDownLeft": 0.9,
        "mouthClose": 0.8,
    }.items():
        column = ARKIT_INDEX[name]
        found = np.corrcoef(values[:, column], result.track.values[:, column])[0, 1]
        assert found > match, name


def test_the_head_turns_as_it_turned(performance):
    _, _, rotation, _, result = performance
    off = result.track.head_rotation - rotation
    assert np.degrees(np.abs(off - np.median(off, axis=0))).mean() < 1.0


def test_the_eyes_look_where_they_looked_and_the_curves_say_the_same(performance):
    _, eyes, _, _, result = performance
    off = result.track.eye_rotation - eyes
    assert np.degrees(np.abs(off)[:, :, :2]).mean() < 3.0
    looks = looks_from_eye_rotation(result.track.eye_rotation)
    for name, wanted in looks.items():
        np.testing.assert_allclose(result.track.curve(name), wanted, atol=1e-6)


def test_lips_that_are_closed_are_solved_closed(head):
    jaw = 0.5 * hill(FRAMES, 20, 120)
    close = jaw * hill(FRAMES, 60, 70, 1.5)
    values = curves(FRAMES, jawOpen=jaw, mouthClose=close)
    track = seen(head, landmark_points(head, values))
    found = curves_from_landmarks(track, head, config=RIG).track.values
    touching = np.abs(lip_gap_m(head, values)) < 1e-4
    assert touching[60:70].any()
    assert np.abs(lip_gap_m(head, found)[touching]).max() < 5e-4
    assert lip_gap_m(head, found)[40] > 5e-3
    assert found[66, ARKIT_INDEX["jawOpen"]] > 0.25  # the jaw stays down behind closed lips


def test_blinks_come_through_whole(head):
    shut = np.max([blink(FRAMES, at) for at in (40, 110, 180)], axis=0)
    values = curves(FRAMES, eyeBlinkLeft=shut, eyeBlinkRight=shut)
    rng = np.random.default_rng(3)
    track = seen(head, landmark_points(head, values), noise_m=0.3e-3, rng=rng)
    found = curves_from_landmarks(track, head, config=RIG).track
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        for at in (40, 110, 180):
            assert found.curve(name)[at - 1 : at + 2].max() > 0.9
            assert abs(int(found.curve(name)[at - 6 : at + 7].argmax()) - 6) <= 1
        assert np.median(found.curve(name)) < 0.05


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_turning_the_head_is_no_expression(head, axis):
    rotation = np.zeros((120, 3))
    rotation[:, axis] = np.radians(25) * np.sin(np.arange(120) / 19)
    track = seen(head, landmark_points(head, curves(120)), rotation=rotation)
    found = curves_from_landmarks(track, head, config=RIG).track
    assert found.values.max() < 0.05
    np.testing.assert_allclose(
        np.ptp(found.head_rotation[:, axis]), np.ptp(rotation[:, axis]), rtol=0.03
    )


def test_an_expression_on_a_turned_head_is_the_same_expression(head):
    smile = 0.7 * hill(120, 40, 80)
    values = curves(120, mouthSmileLeft=smile, mouthSmileRight=smile)
    points = landmark_points(head, values)
    turned = np.zeros((120, 3))
    turned[:, 1] = np.radians(25) * hill(120, 30, 90, 4)
    front = curves_from_landmarks(seen(head, points), head, config=RIG).track
    side = curves_from_landmarks(seen(head, points, rotation=turned), head, config=RIG).track
    np.testing.assert_allclose(
        side.curve("mouthSmileLeft"), front.curve("mouthSmileLeft"), atol=0.08
    )


def test_a_mirrored_clip_has_mirrored_curves(head, mirrored_landmarks, performance):
    _, _, _, track, result = performance
    points = np.array(track.points)[:, mirrored_landmarks]
    points[:, :, 0] = track.size_px[0] - points[:, :, 0]
    mirrored = LandmarkTrack(points, track.times_s, track.confidence, track.size_px)
    found = curves_from_landmarks(mirrored, head, config=RIG).track
    off = np.abs(found.values[:, list(MIRROR52)] - result.track.values)
    assert off.mean() < 0.01
    flip = np.array([1, -1, -1])
    np.testing.assert_allclose(
        found.head_rotation * flip, result.track.head_rotation, atol=np.radians(1.0)
    )


def test_size_and_place_in_the_picture_do_not_matter(head, performance):
    _, _, _, track, result = performance
    points = np.array(track.points) * 0.5 + [40, -30, 0]
    other = LandmarkTrack(points, track.times_s, track.confidence, (300, 280))
    found = curves_from_landmarks(other, head, config=RIG).track
    np.testing.assert_allclose(found.values, result.track.values, atol=0.01)


def test_a_later_clip_has_later_curves(head, performance):
    _, _, _, track, result = performance
    late = LandmarkTrack(track.points, track.times_s + 5, track.confidence, track.size_px)
    found = curves_from_landmarks(late, head, config=RIG).track
    assert found.start_s == pytest.approx(5)
    np.testing.assert_allclose(found.values, result.track.values, atol=1e-5)


@pytest.mark.parametrize("fps", [24.0, 60.0, None])
def test_curves_come_at_the_rate_asked_for(head, performance, fps):
    _, _, _, track, result = performance
    found = curves_from_landmarks(track, head, config=FaceConfig(fps=fps, solver="rig")).track
    assert found.fps == (fps or FPS)
    assert abs(found.duration_s - FRAMES / FPS) <= 1 / FPS
    jaw = np.interp(found.times_s, result.track.times_s, result.track.curve("jawOpen"))
    np.testing.assert_allclose(found.curve("jawOpen"), jaw, atol=0.03)


def test_uneven_times_are_kept(head):
    rng = np.random.default_rng(5)
    times = np.cumsum(rng.uniform(0.02, 0.05, FRAMES))
    jaw = 0.3 - 0.3 * np.cos(times * 2)
    track = seen(head, landmark_points(head, curves(FRAMES, jawOpen=jaw)), times=times)
    found = curves_from_landmarks(track, head, config=RIG).track
    wanted = 0.3 - 0.3 * np.cos(found.times_s * 2)
    assert np.abs(found.curve("jawOpen") - wanted).mean() < 0.06
    assert np.corrcoef(found.curve("jawOpen"), wanted)[0, 1] > 0.995


def test_a_lost_face_is_marked_held_and_eased_to_rest(head, performance):
    _, _, _, track, _ = performance
    result = curves_from_landmarks(lost(track, slice(90, 170)), head)
    found = result.track
    np.testing.assert_array_equal(found.confidence[90:170], 0)
    assert found.confidence[:90].min() == 1
    np.testing.assert_allclose(found.values[90:95], np.tile(found.values[89], (5, 1)), atol=1e-5)
    for still in (found.values, found.head_rotation, found.head_position, found.eye_rotation):
        np.testing.assert_allclose(still[115:160], 0, atol=1e-5)
    assert np.abs(np.diff(found.head_rotation, axis=0)).max() < 0.1
    assert result.found_share == pytest.approx(160 / FRAMES)
    assert "67 % of 240 frames" in result.notes[0]
    assert "2.7 s" in result.notes[0]


def test_a_face_seen_for_a_moment_is_not_believed(head, performance):
    _, _, _, track, _ = performance
    result = curves_from_landmarks(lost(track, [*range(80, 140), *range(142, 200)]), head)
    assert result.track.confidence[140:142].max() == 0


def test_what_cannot_be_a_face_is_not_followed(head, performance):
    _, _, _, track, _ = performance
    points = np.array(track.points)
    points[100:130] = np.random.default_rng(1).uniform(0, 512, points[100:130].shape)
    wild = LandmarkTrack(points, track.times_s, track.confidence, track.size_px)
    assert curves_from_landmarks(wild, head, config=RIG).track.confidence[100:130].max() == 0


def test_mostly_lost_is_said(head, performance):
    _, _, _, track, _ = performance
    result = curves_from_landmarks(lost(track, slice(60, None)), head)
    assert result.notes[0].startswith("Mostly lost: face followed in 25 % of 240 frames")


def test_a_cut_is_said_and_not_smoothed_over(head):
    values = curves(60)
    points = np.array(seen(head, landmark_points(head, values), scale=900).points)
    points[30:, :, 0] += 200
    track = LandmarkTrack(points, np.arange(60) / FPS, np.ones(60), (512, 512))
    result = curves_from_landmarks(track, head, config=RIG)
    assert any("cut 1 time" in note for note in result.notes)
    step = np.diff(result.track.head_position[:, 0])
    assert np.flatnonzero(np.abs(step) > 1e-3).tolist() == [29]


def test_no_face_in_any_frame_is_an_error_with_a_cure(head, performance):
    track = lost(performance[3], slice(None))
    with pytest.raises(InputError, match=r"no face found in 240 frames \(0 %\).*from the front"):
        curves_from_landmarks(track, head, config=RIG)


def test_nothing_but_wild_points_is_no_face(head):
    rng = np.random.default_rng(2)
    points = rng.uniform(0, 512, (20, 478, 3))
    track = LandmarkTrack(points, np.arange(20) / FPS, np.ones(20), (512, 512))
    with pytest.raises(InputError, match="no face found in 20 frames"):
        curves_from_landmarks(track, head, config=RIG)


def test_a_single_picture_gives_a_single_frame(head):
    track = seen(head, landmark_points(head, curves(1)))
    found = curves_from_landmarks(track, head, config=RIG).track
    assert len(found) == 1
    assert found.values.max() < 0.05


def test_the_head_may_be_measured_against_the_camera(head):
    rotation = np.tile(np.radians([0.0, 20.0, 0.0]), (60, 1))
    track = seen(head, landmark_points(head, curves(60)), rotation=rotation)
    clip = curves_from_landmarks(track, head, config=RIG).track
    camera = curves_from_landmarks(
        track, head, config=FaceConfig(reference="camera", solver="rig")
    ).track
    assert np.abs(clip.head_rotation).max() < np.radians(0.5)
    np.testing.assert_allclose(camera.head_rotation, rotation, atol=np.radians(1))


def test_curves_are_arkits_and_the_tongue_is_never_guessed(performance):
    track = performance[4].track
    assert track.names == ARKIT52
    assert not track.curve("tongueOut").any()


def test_progress_ends_at_one(head, performance):
    told = []
    curves_from_landmarks(
        performance[3], head, progress=lambda stage, done: told.append((stage, done))
    )
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert told[-1] == ("solving the face", 1.0)


def test_a_character_without_landmarks_is_refused(head):
    bare = Character(
        head.rig,
        head.parts,
        head.materials,
        head.head_pivot,
        head.eye_pivots,
        head.head_weight,
        np.zeros(0, dtype=np.int32),
    )
    with pytest.raises(InputError, match="has 0 face landmarks, 478 are needed"):
        face_curves(iter(()), bare)


def test_an_unknown_tracker_is_named(head):
    with pytest.raises(
        BackendError, match=r"Unknown landmark tracker 'eyes'\. Available: facemesh"
    ):
        face_curves(iter(()), head, config=FaceConfig(tracker="eyes"))


@pytest.mark.parametrize(
    ("config", "setting", "message"),
    [
        (FaceConfig, {"fps": 0}, r"fps must be in 1..240, got 0"),
        (FaceConfig, {"reference": "sun"}, "must be 'clip' or 'camera', got 'sun'"),
        (FaceConfig, {"solver": "luck"}, "must be 'learned' or 'rig', got 'luck'"),
        (FaceConfig, {"focal": 0}, r"FaceConfig.focal must be in 0.2..20, got 0"),
        (FaceConfig, {"hold_s": -1}, r"FaceConfig.hold_s must be in 0..10 s, got -1"),
        (ExpressionConfig, {"depth_trust": 2}, r"depth_trust must be in 0..1, got 2"),
        (ExpressionConfig, {"misfit_m": 0}, "misfit_m must be above 0, got 0"),
        (ExpressionConfig, {"sparsity": -1}, "sparsity must be 0 or more, got -1"),
    ],
)
def test_settings_out_of_range_are_named(config, setting, message):
    with pytest.raises(InputError, match=message):
        config(**setting)
