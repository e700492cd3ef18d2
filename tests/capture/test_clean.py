from dataclasses import replace

import numpy as np
import pytest
from moving_head import FPS, motion, nodding, skin_rig, spoilt, take

from animdrive.capture.clean import CleanConfig, clean, finite_skin
from animdrive.capture.holes import filled
from animdrive.capture.neighbours import connected, neighbours
from animdrive.capture.noise import estimate_noise, noise_finding
from animdrive.capture.rigid import applied
from animdrive.errors import InputError

FRAMES = 120
QUICK = CleanConfig(noise=False)


@pytest.fixture(scope="module")
def truth():
    return take(motion(FRAMES / FPS))


def faces():
    return skin_rig().neutral.faces


def with_skin(captured, skin, **more):
    return replace(captured, vertices=skin, **more)


def distance_mm(a, b):
    return 1000 * np.linalg.norm(a - b, axis=-1)


@pytest.mark.parametrize("known_faces", [True, False])
def test_clean_skin_with_blinks_and_fast_lips_is_left_to_the_bit(truth, known_faces):
    result, finding = clean(truth, faces=faces() if known_faces else None)
    assert result is truth
    assert finding.line.startswith("clean: nothing to mend; noise 0.00 mm")
    assert not finding.severe


def test_clean_skin_that_moves_with_the_head_is_left_to_the_bit(truth):
    rotation, position = nodding(FRAMES)
    head = take(truth.take.track.values, skin=truth.vertices, head_rotation=rotation,
                head_position=position).head_transform  # fmt: skip
    moving = with_skin(truth, applied(head.astype(np.float64), truth.vertices).astype(np.float32))
    assert clean(moving, config=QUICK, faces=faces())[0] is moving


def test_single_vertices_that_jump_are_put_back(truth):
    rng = np.random.default_rng(4)
    faulty, _ = spoilt(truth, noise_mm=0.1)
    skin = faulty.vertices.copy()
    # Vertices that lie apart and are not in a hurry, one frame or two in a row.
    steps = distance_mm(truth.vertices[1:], truth.vertices[:-1]).max(axis=0)
    calm = np.flatnonzero(steps < 2)
    for number in range(40):
        frame, vertex = int(rng.integers(3, FRAMES - 4)), calm[number * (len(calm) // 40)]
        way = rng.standard_normal(3)
        skin[frame : frame + 1 + number % 2, vertex] += 0.02 * way / np.linalg.norm(way)
    result, finding = clean(with_skin(truth, skin), config=QUICK, faces=faces())
    assert finding.figures["spikes"] == 60
    assert "60 spikes of 40 vertices smoothed" in finding.line
    touched = (skin != faulty.vertices).any(axis=2)
    assert distance_mm(result.vertices, truth.vertices)[touched].max() < 3
    np.testing.assert_array_equal(result.vertices[~touched], faulty.vertices[~touched])


def test_frames_that_jump_as_a_whole_are_interpolated(truth):
    skin = truth.vertices.copy()
    skin[30] += np.float32(0.004)
    skin[70:72] += np.array([0, 0.01, 0], dtype=np.float32)
    result, finding = clean(with_skin(truth, skin), config=QUICK, faces=faces())
    assert list(finding.figures["jumping_frames"]) == [30, 70, 71]
    assert "3 frames thrown about, interpolated" in finding.line
    assert np.median(distance_mm(result.vertices[[30, 70, 71]], truth.vertices[[30, 70, 71]])) < 0.1
    others = np.setdiff1d(np.arange(FRAMES), [30, 70, 71])
    np.testing.assert_array_equal(result.vertices[others], truth.vertices[others])


def test_a_jump_that_stays_is_told_and_left(truth):
    skin = truth.vertices.copy()
    skin[60:] += np.float32(0.01)
    result, finding = clean(with_skin(truth, skin), config=QUICK, faces=faces())
    assert finding.severe
    assert finding.figures["jumping_frames"] == []
    assert finding.figures["jumps_that_stay"][0] in (59, 60)
    assert "skin jumps and stays at frame" in finding.line
    np.testing.assert_array_equal(result.vertices, skin)


def test_frames_that_repeat_the_one_before_are_interpolated():
    truth = take(motion(FRAMES / FPS, speed_hz=1.5))
    skin = truth.vertices.copy()
    skin[40] = skin[39]
    skin[80] = skin[81] = skin[79]
    result, finding = clean(with_skin(truth, skin), config=QUICK, faces=faces())
    assert list(finding.figures["repeated_frames"]) == [40, 80, 81]
    assert "3 frames repeated, interpolated" in finding.line
    for frame in (40, 80, 81):
        before = np.linalg.norm(skin[frame] - truth.vertices[frame])
        assert np.linalg.norm(result.vertices[frame] - truth.vertices[frame]) < 0.6 * before


def test_a_face_that_holds_still_repeats_nothing():
    values = motion(3.0)
    values[30:50] = values[30]
    values[50:] = values[50]
    still = take(values)
    assert clean(still, config=QUICK)[1].figures["repeated_frames"] == []


def test_dropped_frames_are_put_back_and_long_gaps_told(truth):
    faulty, lost = spoilt(truth, drop=0.03)
    result, finding = clean(faulty, config=QUICK, faces=faces())
    assert len(result.vertices) == FRAMES
    np.testing.assert_allclose(result.times_s, truth.times_s, atol=1e-9)
    dropped = list(lost.dropped)
    assert finding.figures["dropped_frames"] == len(dropped)
    others = np.setdiff1d(np.arange(FRAMES), dropped)
    np.testing.assert_array_equal(result.vertices[others], faulty.vertices)
    nearest = distance_mm(truth.vertices[np.array(dropped) - 1], truth.vertices[dropped])
    assert (
        distance_mm(result.vertices[dropped], truth.vertices[dropped]).mean() < nearest.mean() / 2
    )
    kept = np.r_[0:50, 60:FRAMES]
    gap = with_skin(truth, truth.vertices[kept], times_s=truth.times_s[kept])
    same, finding = clean(gap, config=QUICK, faces=faces())
    assert same is gap
    assert finding.severe
    assert "1 gaps longer than 150 ms left" in finding.line


def test_holes_are_filled_better_than_held_and_stay_marked(truth):
    faulty, _ = spoilt(truth, seed=3, holes=6, noise_mm=0.05)
    result, finding = clean(faulty, config=QUICK, faces=faces())
    gone = faulty.missing
    held = distance_mm(faulty.vertices, truth.vertices)[gone]
    mended = distance_mm(result.vertices, truth.vertices)[gone]
    assert np.sqrt((mended**2).mean()) < 0.5 * np.sqrt((held**2).mean())
    np.testing.assert_array_equal(result.missing, gone)
    np.testing.assert_array_equal(result.vertices[~gone], faulty.vertices[~gone])
    assert "filled" in finding.line


def test_a_hole_goes_along_with_its_rim_to_the_bit_of_rounding(truth):
    """Skin that only shifts tells where a hole is, though its middle was never seen there."""
    skin = truth.vertices[:20] * 0 + truth.vertices[0]
    skin += np.linspace(0, 0.02, 20, dtype=np.float32)[:, None, None]
    missing = np.zeros(skin.shape[:2], np.bool_)
    near = distance_mm(skin[0], skin[0][1500]) < 12
    missing[8:, near] = True  # until the end: nothing comes after
    spoiled = np.where(missing[..., None], 9.0, skin).astype(np.float32)
    beside = connected(faces(), skin.shape[1])
    mended = filled(spoiled, missing, np.arange(20) / FPS, beside)
    # A slight pull to where it was last seen is left.
    assert distance_mm(mended, skin).max() < 1.0


def test_what_is_switched_off_is_left(truth):
    skin = truth.vertices.copy()
    skin[30] += np.float32(0.004)
    skin[41] = skin[40]
    skin[60, 100] += np.float32(0.02)
    missing = np.zeros(skin.shape[:2], np.bool_)
    missing[70:75, 200:220] = True
    kept = np.delete(np.arange(FRAMES), 90)
    faulty = with_skin(truth, skin[kept], times_s=truth.times_s[kept], missing=missing[kept])
    off = CleanConfig(repeats=False, spikes=False, holes=False, gaps=False, noise=False)
    result, finding = clean(faulty, config=off, faces=faces())
    assert result is faulty
    assert finding.line == "clean: nothing to mend"


@pytest.mark.parametrize("fps", [0, 60])
@pytest.mark.parametrize("noise_mm", [0.1, 0.3])
def test_noise_is_estimated_in_both_its_parts(truth, noise_mm, fps):
    faulty, _ = spoilt(truth, noise_mm=noise_mm, fps=fps, drop=0.02, drift_mm=3, holes=1)
    found = estimate_noise(faulty)
    assert found.total_mm == pytest.approx(noise_mm, rel=0.15)
    assert found.white_mm == pytest.approx(noise_mm / np.sqrt(2), rel=0.25)
    assert found.correlated_mm == pytest.approx(noise_mm / np.sqrt(2), rel=0.25)
    line = noise_finding(faulty).line
    assert line.startswith("noise: 0.")
    assert "shared by neighbours" in line


def test_noise_of_one_kind_alone_is_told_apart(truth):
    white = np.random.default_rng(0).normal(0, 2e-4, truth.vertices.shape).astype(np.float32)
    found = estimate_noise(with_skin(truth, truth.vertices + white))
    assert found.white_mm == pytest.approx(0.2, rel=0.15)
    assert found.correlated_mm < 0.07
    shared = np.random.default_rng(0).normal(0, 2e-4, (FRAMES, 1, 3)).astype(np.float32)
    found = estimate_noise(with_skin(truth, truth.vertices + shared))
    assert found.correlated_mm == pytest.approx(0.2, rel=0.15)
    assert found.white_mm < 0.07


def test_too_few_frames_tell_no_noise(truth):
    few = with_skin(truth, truth.vertices[:6], times_s=truth.times_s[:6])
    assert estimate_noise(few) is None
    assert noise_finding(few).line == "noise: too few frames to tell"
    assert clean(few)[1].figures["noise"] is None


class TestFiniteSkin:
    def test_nan_becomes_missing_and_holds_its_last_place(self, truth):
        skin, times = truth.vertices[:10].copy(), truth.times_s[:10]
        skin[3:5, 7] = np.nan
        skin[0, 8] = np.inf
        skin[6] = np.nan
        found = finite_skin(skin, times)
        assert found.lost_frames == (6,)
        assert found.lost_vertices == 3
        kept = [0, 1, 2, 3, 4, 5, 7, 8, 9]
        np.testing.assert_array_equal(found.times_s, times[kept])
        np.testing.assert_array_equal(np.argwhere(found.missing), [[0, 8], [3, 7], [4, 7]])
        np.testing.assert_array_equal(found.vertices[3:5, 7], np.stack([skin[2, 7]] * 2))
        np.testing.assert_array_equal(found.vertices[0, 8], skin[1, 8])
        assert found.finding.severe
        assert found.finding.line == (
            "nan: 1 frame without skin dropped, 3 vertices that are no number now missing"
        )

    def test_vertices_never_seen_are_at_rest(self, truth):
        skin = truth.vertices[:4].copy()
        skin[:, 5] = np.nan
        rest = skin_rig().neutral.vertices
        found = finite_skin(skin, truth.times_s[:4], rest=rest)
        np.testing.assert_array_equal(found.vertices[:, 5], np.stack([rest[5]] * 4))
        whole = replace(truth, vertices=found.vertices, times_s=found.times_s,
                        missing=found.missing)  # fmt: skip
        finding = clean(whole)[1]
        assert finding.severe
        assert "1 vertices never seen" in finding.line

    def test_whole_skin_passes_and_what_is_known_to_be_missing_stays_so(self, truth):
        found = finite_skin(truth.vertices, truth.times_s)
        assert found.missing is None
        assert not found.finding.severe
        assert found.finding.line == "nan: every vertex is a number"
        known = np.zeros(truth.vertices.shape[:2], np.bool_)
        known[3, 4] = True
        np.testing.assert_array_equal(
            finite_skin(truth.vertices, truth.times_s, missing=known).missing, known
        )

    def test_skin_without_a_single_frame_is_refused(self, truth):
        nothing = np.full((3, 20, 3), np.nan)
        with pytest.raises(InputError, match="None of the 3 frames of skin holds numbers"):
            finite_skin(nothing, np.arange(3))
        with pytest.raises(InputError, match=r"Skin must be \[N, V, 3\] with N times, got"):
            finite_skin(nothing, np.arange(4))


def test_neighbours_told_by_distance_are_mostly_those_of_the_faces(truth):
    by_edges = connected(faces(), truth.vertices.shape[1])
    by_distance = neighbours(truth.vertices, None)
    real = by_edges != np.arange(len(by_edges))[:, None]
    found = (by_edges[:, :, None] == by_distance[:, None, :]).any(axis=2)
    assert found[real].mean() > 0.7


def test_lips_that_part_are_no_neighbours():
    x, y = (0.002 * a.ravel() for a in np.meshgrid(np.arange(12), np.arange(12)))
    lip = np.stack([x, 0 * x, y], axis=1)
    opening = np.linspace(0.0005, 0.02, 30)[:, None, None] * [0.0, 1.0, 0.0]
    skin = np.concatenate([np.repeat(lip[None], 30, axis=0), lip + opening], axis=1)
    beside = neighbours(skin.astype(np.float32), None)
    assert (beside[:144] < 144).all()
    assert (beside[144:] >= 144).all()
    shut = np.repeat(skin[:1], 30, axis=0).astype(np.float32)
    assert (neighbours(shut, None)[:144] >= 144).any()  # nothing tells them apart


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spike_mm": 0}, r"Clean: spike_mm must be in 0.01..100, got 0"),
        ({"max_gap_ms": -1}, r"max_gap_ms must be in 0..10000"),
    ],
)
def test_settings_out_of_range_are_told(settings, message):
    with pytest.raises(InputError, match=message):
        CleanConfig(**settings)


def test_faces_of_another_mesh_are_told(truth):
    with pytest.raises(InputError, match=r"Clean: faces name vertices 0..99999, but the skin has"):
        clean(truth, faces=np.array([[0, 1, 99999]], dtype=np.int32))
