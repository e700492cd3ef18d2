import re
from dataclasses import replace

import numpy as np
import pytest
from moving_head import FPS, motion, nodding, skin_rig, spoilt, take

from animdrive.capture.resample import resampled, resampling, smoothing, touched
from animdrive.capture.sync import SyncConfig, sync
from animdrive.errors import InputError

FRAME_MS = 1000 / FPS


@pytest.fixture(scope="module")
def performed():
    return take(motion(4.0))


@pytest.mark.parametrize(
    ("seed", "faults"),
    [
        (1, {"offset_ms": 120, "fps": 60}),
        (2, {"offset_ms": -200, "fps": 60, "drop": 0.02, "noise_mm": 0.2}),
        (3, {"offset_ms": 200, "noise_mm": 0.2, "drift_mm": 3}),
        (4, {"offset_ms": -120, "fps": 60, "drop": 0.02, "noise_mm": 0.2, "drift_mm": 3}),
        (5, {"offset_ms": 37, "fps": 24, "noise_mm": 0.2, "holes": 2}),
        (6, {"fps": 59.94, "drop": 0.05, "noise_mm": 0.2, "drift_mm": 3}),
    ],
)
def test_offset_is_found_within_a_quarter_frame_and_both_sides_share_a_clock(seed, faults):
    truth = take(motion(4.0, seed))
    faulty, _ = spoilt(truth, seed, **faults)
    result, finding = sync(faulty, skin_rig())
    assert abs(finding.figures["offset_ms"] - faults.get("offset_ms", 0)) < FRAME_MS / 4
    assert finding.figures["found"]
    assert not finding.severe
    track = result.take.track
    assert len(result.vertices) == len(track) == len(result.head_transform)
    np.testing.assert_allclose(result.times_s, track.times_s, atol=1e-9)
    # Nobody said where it was cut: the curves tell.
    first = int(np.abs(truth.take.track.values[:9] - track.values[0]).sum(axis=1).argmin())
    np.testing.assert_array_equal(track.values, truth.take.track.values[first:][: len(track)])
    if not faults.get("drift_mm") and not faults.get("holes"):
        off = result.vertices - truth.vertices[first:][: len(track)]
        assert np.sqrt((off**2).mean()) < 0.0003


def test_skin_that_moves_with_the_head_is_synced_all_the_same(performed):
    rotation, position = nodding(len(performed.vertices))
    head = take(performed.take.track.values, head_rotation=rotation, head_position=position)
    turned = np.einsum("nij,nvj->nvi", head.head_transform[:, :3, :3], performed.vertices)
    turned += head.head_transform[:, None, :3, 3]
    faulty, _ = spoilt(replace(performed, vertices=turned), offset_ms=150, fps=60, noise_mm=0.2)
    _, finding = sync(faulty, skin_rig())
    assert abs(finding.figures["offset_ms"] - 150) < FRAME_MS / 4


def test_a_take_in_sync_comes_back_to_the_bit(performed):
    result, finding = sync(performed, skin_rig())
    np.testing.assert_array_equal(result.vertices, performed.vertices)
    np.testing.assert_array_equal(result.take.track.values, performed.take.track.values)
    assert finding.line.startswith("sync: skin and curves agree (peak 0.9")
    assert finding.figures["frames_cut"] == 0


def test_line_says_offset_and_rates(performed):
    faulty, _ = spoilt(performed, offset_ms=120, fps=60)
    _, finding = sync(faulty, skin_rig())
    assert re.match(r"sync: skin is 1[12]\d ms late \(peak 0\.\d\d\)", finding.line)
    assert finding.line.endswith("; 60 -> 30 fps")
    faulty, _ = spoilt(performed, offset_ms=-200)
    assert "ms early" in sync(faulty, skin_rig())[1].line


def test_whole_frames_of_offset_move_skin_without_interpolating(performed):
    faulty, _ = spoilt(performed, offset_ms=-200)
    result, finding = sync(faulty, skin_rig())
    kept = len(result.vertices)
    assert kept == len(performed.vertices)
    np.testing.assert_array_equal(result.vertices, performed.vertices)
    assert finding.figures["offset_ms"] == pytest.approx(-200, abs=3)


def test_a_clock_that_is_slow_by_a_thousandth_is_corrected():
    long = take(motion(40.0, seed=8))
    drifting = replace(long, times_s=long.times_s * 1.001 + 0.09)
    result, finding = sync(drifting, skin_rig())
    assert finding.figures["rate"] == pytest.approx(1 / 1.001, abs=5e-5)
    assert finding.figures["offset_ms"] == pytest.approx(90, abs=FRAME_MS / 4)
    told = re.search(r"its rate is ([0-9.]+) fps, not 29.97 as it says", finding.line)
    assert float(told[1]) == pytest.approx(30, abs=0.002)
    off = np.abs(result.vertices - long.vertices[: len(result.vertices)]).max(axis=(1, 2))
    assert np.median(off) < 0.0003
    _, finding = sync(drifting, skin_rig(), config=SyncConfig(find_rate=False))
    assert finding.figures["rate"] == 1.0


def test_frames_told_at_another_standard_rate_are_found_out(performed):
    at_60, _ = spoilt(performed, fps=60, noise_mm=0.2)
    told_30 = replace(at_60, times_s=np.arange(len(at_60.vertices)) / 30)
    result, finding = sync(told_30, skin_rig())
    assert finding.severe
    assert "its rate is 60" in finding.line
    assert "not 30 as it says" in finding.line
    off = result.vertices[3:-3] - performed.vertices[: len(result.vertices)][3:-3]
    assert np.sqrt((off**2).mean()) < 0.0005


def test_a_face_that_keeps_still_gives_no_offset_and_keeps_its_times():
    still = take(np.zeros((60, 52), np.float32))
    faulty, _ = spoilt(still, offset_ms=120, noise_mm=0.2)
    result, finding = sync(faulty, skin_rig())
    assert finding.severe
    assert not finding.figures["found"]
    assert finding.figures["offset_ms"] == 0
    assert "too still or too short to find an offset; times left alone" in finding.line
    assert len(result.vertices) == len(result.take.track) == 56  # 120 ms have no skin


def test_curves_of_another_take_give_no_offset(performed):
    other = replace(performed, take=take(motion(4.0, seed=77)).take)
    _, finding = sync(other, skin_rig())
    assert finding.severe
    assert not finding.figures["found"]
    assert "do not move alike" in finding.line or "fit equally well" in finding.line


def test_a_motion_that_repeats_itself_leaves_the_offset_open():
    at = np.arange(150) / FPS
    values = np.zeros((150, 52), np.float32)
    values[:, skin_rig().names.index("jawOpen")] = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * at)
    _, finding = sync(take(values), skin_rig())
    assert finding.severe
    assert "fit equally well" in finding.line


def test_an_offset_beyond_what_is_looked_for_is_told(performed):
    faulty, _ = spoilt(performed, offset_ms=200)
    _, finding = sync(faulty, skin_rig(), config=SyncConfig(max_offset_ms=100))
    assert not finding.figures["found"]
    assert finding.severe


def test_clocks_of_another_day_are_put_together_first(performed):
    faulty, _ = spoilt(performed, offset_ms=120)
    result, finding = sync(replace(faulty, times_s=faulty.times_s + 36000), skin_rig())
    assert "clocks are 36000.1 s apart" in finding.line
    assert finding.figures["offset_ms"] == pytest.approx(36000120, abs=FRAME_MS / 4)
    np.testing.assert_array_equal(result.vertices, performed.vertices)


def test_a_rate_of_ones_own_is_made_of_both_sides():
    rotation, position = nodding(120)
    moving = take(motion(4.0), head_rotation=rotation, head_position=position)
    at_60, _ = spoilt(moving, fps=60)
    result, finding = sync(at_60, skin_rig(), config=SyncConfig(fps=60))
    track = result.take.track
    assert track.fps == finding.figures["fps"] == 60
    assert len(track) == len(result.vertices) == 239
    np.testing.assert_allclose(track.values[::2], moving.take.track.values, atol=1e-6)
    np.testing.assert_allclose(result.head_transform[::2], moving.head_transform, atol=1e-5)
    smooth_rotation, _ = nodding(239, fps=60)
    np.testing.assert_allclose(track.head_rotation[8:-8], smooth_rotation[8:-8], atol=2e-4)


def test_switched_off_times_are_taken_at_their_word(performed):
    faulty, _ = spoilt(performed, offset_ms=100)
    result, finding = sync(faulty, skin_rig(), config=SyncConfig(find_offset=False))
    assert not finding.severe
    assert "times taken as they are" in finding.line
    np.testing.assert_array_equal(result.vertices, performed.vertices[: len(result.vertices)])
    np.testing.assert_array_equal(result.take.track.values, performed.take.track.values[3:])


def test_long_gaps_come_out_as_missing(performed):
    kept = np.r_[0:40, 50:120]
    holed = replace(performed, vertices=performed.vertices[kept], times_s=performed.times_s[kept])
    result, finding = sync(holed, skin_rig())
    assert finding.severe
    gone = result.missing.all(axis=1)
    assert gone[40:50].sum() >= 9
    assert not gone[:40].any()
    assert not gone[50:].any()
    assert "in gaps longer than 150 ms missing" in finding.line


def test_takes_that_do_not_fit_are_told(performed):
    other = replace(performed, vertices=performed.vertices[:, :100])
    with pytest.raises(InputError, match=r"'performed' has 100 vertices, the rig \d+. Bring it"):
        sync(other, skin_rig())
    beside = replace(performed, times_s=performed.times_s + 4.2)
    with pytest.raises(InputError, match=r"share 0 frames.*Check which curves belong"):
        sync(beside, skin_rig(), config=SyncConfig(find_offset=False))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fps": -1}, r"Sync: fps must be in 0..1000, got -1"),
        ({"max_offset_ms": 0}, r"max_offset_ms must be in 1..5000"),
        ({"max_rate_error": 0.2}, r"max_rate_error must be in 0..0.05"),
        ({"min_peak": 2}, r"min_peak must be in 0..1"),
        ({"in_sync_frames": 3}, r"in_sync_frames must be in 0..1"),
        ({"max_gap_ms": -1}, r"max_gap_ms must be in 0..10000"),
    ],
)
def test_settings_out_of_range_are_told(settings, message):
    with pytest.raises(InputError, match=message):
        SyncConfig(**settings)


class TestResampling:
    def test_cubics_come_through_exactly_across_dropped_frames(self):
        times = np.delete(np.arange(40) / 60, [7, 8, 20])
        wanted = 0.1 + np.arange(12) / 30 + 0.003

        def cubic(t):
            return np.stack([t**3 - t, 2 * t**2, 1 - t], axis=1)

        made = resampled(resampling(times, wanted), cubic(times))
        np.testing.assert_allclose(made, cubic(wanted), atol=1e-5)

    def test_samples_where_they_are_come_back_to_the_bit(self):
        times = np.arange(30) / 30
        values = np.random.default_rng(0).standard_normal((30, 5)).astype(np.float32)
        np.testing.assert_array_equal(resampled(resampling(times, times[4:9]), values), values[4:9])

    def test_what_the_slower_rate_cannot_hold_does_not_alias(self):
        times, wanted = np.arange(300) / 60, 0.5 + np.arange(100) / 30
        fast, slow = np.sin(2 * np.pi * 25 * times), np.sin(2 * np.pi * 5 * times)
        weights = resampling(times, wanted)
        assert np.abs(weights @ fast).max() < 0.15  # 5 Hz of full strength if frames are skipped
        np.testing.assert_allclose(weights @ slow, np.sin(2 * np.pi * 5 * wanted), atol=0.02)

    def test_it_beats_a_straight_line_for_fast_speech(self):
        times, wanted = np.arange(90) / 30, 0.3 + np.arange(120) / 60
        heard = np.sin(2 * np.pi * 6 * times)
        true = np.sin(2 * np.pi * 6 * wanted)
        mine = np.abs(resampling(times, wanted) @ heard - true).max()
        line = np.abs(np.interp(wanted, times, heard) - true).max()
        assert mine < line / 4

    def test_missing_samples_make_the_frames_that_lean_on_them_missing(self):
        times = np.arange(20) / 60
        missing = np.zeros((20, 2), np.bool_)
        missing[10, 1] = True
        gone = touched(resampling(times, times[::2]), missing)
        assert gone[5, 1]
        assert not gone[:, 0].any()
        assert not gone[[0, 1, 2, 8, 9], 1].any()

    def test_smoothing_has_no_lag_and_keeps_cubics(self):
        times = np.arange(60) / 30
        cubic = times**3 - times
        weights = smoothing(times, 0.4)
        np.testing.assert_allclose(weights @ cubic, cubic, atol=1e-9)
        noise = np.random.default_rng(0).standard_normal(60)
        assert (weights @ noise).std() < 0.8 * noise.std()
        pulse = np.zeros(60)
        pulse[30] = 1
        response = weights @ pulse
        np.testing.assert_allclose(response[20:31], response[30:41][::-1], atol=1e-12)
