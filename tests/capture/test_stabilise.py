from dataclasses import replace

import numpy as np
import pytest
from moving_head import head, motion, nodding, skin_rig, spoilt, take, transforms

from animdrive.capture.rigid import applied, inverse, rigid_motion, stiff_vertices
from animdrive.capture.stabilise import StabiliseConfig, stabilise
from animdrive.errors import InputError
from animdrive.rig.pose import rotation_matrix

FRAMES = 90
CROWN = np.array([[0.0, 0.12, -0.05]])
GAZE = np.array([[0.0, 0.0, 1.0]])


@pytest.fixture(scope="module")
def truth():
    """Still skin, and a head that nods beside it."""
    rotation, position = nodding(FRAMES)
    return take(motion(FRAMES / 30), head_rotation=rotation, head_position=position)


@pytest.fixture(scope="module")
def config():
    return StabiliseConfig(pivot_m=tuple(float(x) for x in head().head_pivot))


def baked(captured, matrices):
    """Skin that goes with the head, neck and shoulders staying behind, and a scanner's noise."""
    share = head().head_weight[: captured.vertices.shape[1], None]
    moved = applied(matrices.astype(np.float64), captured.vertices)
    noise = np.random.default_rng(0).normal(0, 1e-4, moved.shape)
    return (captured.vertices + share * (moved - captured.vertices) + noise).astype(np.float32)


def without_head(captured):
    still = replace(
        captured.take.track,
        head_rotation=np.zeros((FRAMES, 3)),
        head_position=np.zeros((FRAMES, 3)),
    )
    return replace(
        captured,
        take=replace(captured.take, track=still),
        head_transform=np.tile(np.eye(4, dtype=np.float32), (FRAMES, 1, 1)),
    )


def assert_head_is(result, truth):
    """Crown and gaze go where they truly went, by the matrices and by the track alike."""
    for matrices in (result.head_transform, transforms(result.take.track)):
        found, true = matrices.astype(np.float64), truth.head_transform.astype(np.float64)
        away = applied(found, CROWN) - applied(true, CROWN)
        assert np.linalg.norm(away, axis=2).max() < 0.0005
        turned = (found[:, :3, :3] - true[:, :3, :3]) @ GAZE.T
        assert np.linalg.norm(turned, axis=1).max() < 0.005  # radians


def assert_skin_is(result, truth, most_mm=0.35):
    rides = head().head_weight[: truth.vertices.shape[1]] > 0.999
    off = np.linalg.norm(result.vertices - truth.vertices, axis=2)[:, rides]
    assert 1000 * np.sqrt((off**2).mean()) < most_mm


def test_motion_of_the_head_in_the_skin_becomes_the_heads(truth, config):
    moving = replace(without_head(truth), vertices=baked(truth, truth.head_transform))
    result, finding = stabilise(moving, skin_rig(), config=config)
    assert_head_is(result, truth)
    assert_skin_is(result, truth)
    assert finding.figures["state"] == "moved into the head"
    assert "mm, now in the head's transform" in finding.line
    assert not finding.severe


def test_motion_in_skin_and_track_is_there_once(truth, config):
    both = replace(truth, vertices=baked(truth, truth.head_transform))
    result, finding = stabilise(both, skin_rig(), config=config)
    assert_head_is(result, truth)
    assert_skin_is(result, truth)
    assert finding.figures["state"] == "once"
    assert "carry the same motion" in finding.line


def test_still_skin_under_a_moving_track_is_left_to_the_bit(truth, config):
    result, finding = stabilise(truth, skin_rig(), config=config)
    assert result is truth
    assert finding.line == (
        "stabilise: skin is still, the head's motion is beside it; nothing to do"
    )


def test_doing_it_twice_does_nothing_more(truth, config):
    moving = replace(without_head(truth), vertices=baked(truth, truth.head_transform))
    once, _ = stabilise(moving, skin_rig(), config=config)
    twice, finding = stabilise(once, skin_rig(), config=config)
    np.testing.assert_array_equal(twice.vertices, once.vertices)
    np.testing.assert_array_equal(twice.head_transform, once.head_transform)
    assert finding.figures["state"] == "still"


def test_motion_put_on_twice_and_motion_taken_out_twice_are_put_right(truth, config):
    matrices = truth.head_transform.astype(np.float64)
    for way, state in ((matrices @ matrices, "twice"), (inverse(matrices), "against")):
        wrong = replace(truth, vertices=baked(truth, way))
        result, finding = stabilise(wrong, skin_rig(), config=config)
        assert finding.figures["state"] == state
        assert_head_is(result, truth)
        assert_skin_is(result, truth)


def test_a_wandering_stabilisation_is_taken_out_and_is_no_motion_of_the_head(truth, config):
    faulty, _ = spoilt(truth, drift_mm=3, noise_mm=0.1)
    result, finding = stabilise(faulty, skin_rig(), config=config)
    assert finding.figures["state"] == "drift"
    assert finding.line.startswith("stabilise: wandering stabilisation, ")
    assert_skin_is(result, truth)
    np.testing.assert_array_equal(result.head_transform, truth.head_transform)
    before = np.abs(np.diff(truth.vertices, n=2, axis=0)).mean()
    assert np.abs(np.diff(result.vertices, n=2, axis=0)).mean() < before + 0.0005


def test_a_head_that_moves_otherwise_than_its_track_is_told(truth, config):
    rotation, position = nodding(FRAMES)
    other = transforms(
        replace(truth.take.track, head_rotation=rotation[::-1] * 1.5, head_position=-position)
    )
    result, finding = stabilise(
        replace(truth, vertices=baked(truth, other)), skin_rig(), config=config
    )
    assert finding.severe
    assert finding.figures["state"] == "contradiction"
    assert "check the head's curves" in finding.line
    assert_skin_is(result, truth)
    assert_head_is(result, replace(truth, head_transform=other))


def test_a_track_that_turns_the_head_without_a_matrix_counts_as_given(truth, config):
    identity = np.tile(np.eye(4, dtype=np.float32), (FRAMES, 1, 1))
    half = replace(truth, head_transform=identity, vertices=baked(truth, truth.head_transform))
    result, finding = stabilise(half, skin_rig(), config=config)
    assert finding.figures["state"] == "once"
    assert_head_is(result, truth)


def test_a_scan_in_coordinates_of_its_own_is_put_in_place(truth, config):
    place = np.eye(4)
    place[:3, :3] = rotation_matrix([0.1, 0.8, 0.0])
    place[:3, 3] = 0.3, 1.6, -0.4
    far = applied(place[None] @ truth.head_transform.astype(np.float64), truth.vertices)
    result, finding = stabilise(
        replace(truth, vertices=far.astype(np.float32)), skin_rig(), config=config
    )
    assert finding.figures["state"] == "once"
    assert "mm off the rig, put in place" in finding.line
    assert_skin_is(result, truth)
    assert_head_is(result, truth)


def test_the_pivot_is_read_off_the_track_where_it_is_not_given(truth):
    both = replace(truth, vertices=baked(truth, truth.head_transform))
    result, _ = stabilise(both, skin_rig())
    np.testing.assert_allclose(
        result.take.track.head_position, truth.take.track.head_position, atol=0.001
    )


def test_skin_on_another_clock_gives_the_head_at_the_tracks_times(truth, config):
    moving = replace(without_head(truth), vertices=baked(truth, truth.head_transform))
    at_60, _ = spoilt(moving, fps=60, drop=0.02)
    result, _ = stabilise(at_60, skin_rig(), config=config)
    assert len(result.vertices) == len(at_60.vertices)
    assert_head_is(result, truth)


def test_the_fit_is_not_fooled_by_outliers_and_knows_stiff_from_soft(truth, config):
    skin = baked(truth, truth.head_transform)
    stiff, weights = stiff_vertices(skin_rig())
    skin[:, stiff[::5]] += np.float32(0.03)
    result, _ = stabilise(replace(without_head(truth), vertices=skin), skin_rig(), config=config)
    assert_head_is(result, truth)
    moved = np.linalg.norm(skin_rig().deltas, axis=2).max(axis=0)
    assert np.average(moved[stiff], weights=weights) < 0.0005
    blinks = skin_rig().neutral.vertices[stiff, 1] > -0.02
    assert blinks.all()  # no neck


def test_vertices_that_ride_on_the_skull_can_be_named(truth, config):
    moving = replace(without_head(truth), vertices=baked(truth, truth.head_transform))
    stiff, _ = stiff_vertices(skin_rig())
    named = replace(config, stiff=tuple(int(v) for v in stiff[::3]))
    result, finding = stabilise(moving, skin_rig(), config=named)
    assert finding.figures["stiff_vertices"] == len(stiff[::3])
    assert_head_is(result, truth)


def test_rigid_motion_finds_a_turn_and_never_a_mirror():
    points = np.random.default_rng(1).normal(size=(30, 3))
    motion = np.eye(4)[None].copy()
    motion[0, :3, :3] = rotation_matrix([0.4, -2.0, 0.3])
    motion[0, :3, 3] = 1, 2, 3
    moved = applied(motion, points)
    np.testing.assert_allclose(rigid_motion(points, moved, np.ones(30)), motion, atol=1e-6)
    np.testing.assert_allclose(applied(inverse(motion), moved)[0], points, atol=1e-6)
    mirrored = rigid_motion(points, (points * [-1, 1, 1])[None], np.ones(30))
    assert np.linalg.det(mirrored[0, :3, :3]) == pytest.approx(1)


def test_what_does_not_fit_is_told(truth):
    with pytest.raises(InputError, match="Stabilise: take 'performed' has 50 vertices, the rig"):
        stabilise(replace(truth, vertices=truth.vertices[:, :50]), skin_rig())
    with pytest.raises(InputError, match=r"stiff names vertices 0..999999, but the rig has \d+"):
        stabilise(truth, skin_rig(), config=StabiliseConfig(stiff=(0, 5, 999999)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"smooth_s": 3}, r"Stabilise: smooth_s must be in 0..2, got 3"),
        ({"still_mm": -1}, r"still_mm must be in 0..10"),
        ({"drift_mm": 200}, r"drift_mm must be in 0..100"),
        ({"pivot_m": (0.0, np.nan, 0.0)}, "pivot_m must be finite"),
        ({"stiff": (1, 2)}, "at least 3 vertices, got 2"),
    ],
)
def test_settings_out_of_range_are_told(settings, message):
    with pytest.raises(InputError, match=message):
        StabiliseConfig(**settings)
