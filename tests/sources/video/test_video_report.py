import json

import numpy as np
import pytest
from face_maker import curves, landmark_points, seen

from animdrive.contract import ARKIT52, ARKIT_INDEX, CurveTrack, LandmarkTrack
from animdrive.sources.video.report import (
    drift_of_rest,
    frame_confidence,
    jitter_at_rest,
    take_report,
    with_confidence,
)


def still(head, frames=20, *, scale=1600.0, yaw_deg=0.0, shift=0.0, noise_m=1e-4):
    rng = np.random.default_rng(2)
    rotation = np.zeros((frames, 3))
    rotation[:, 1] = np.radians(yaw_deg)
    points = landmark_points(head, curves(frames))
    track = seen(head, points, rotation=rotation, scale=scale, noise_m=noise_m, rng=rng)
    nose = track.points[:, 4, :2].mean(axis=0)
    moved = np.array(track.points)
    moved[..., :2] += track.size_px[0] / 2 - nose + (shift, 0)  # in the middle of the picture
    return LandmarkTrack(moved, track.times_s, track.confidence, track.size_px)


def test_a_large_straight_face_is_believed(head):
    confidence = frame_confidence(still(head), head)
    assert confidence.total.min() > 0.95


@pytest.mark.parametrize(
    ("spoiled", "factor"),
    [
        ({"scale": 250.0}, "pixels"),
        ({"yaw_deg": 55.0}, "turn"),
        ({"noise_m": 6e-3}, "misfit"),
        ({"shift": 260.0}, "visibility"),
    ],
)
def test_what_spoils_a_frame_is_named(head, spoiled, factor):
    confidence = frame_confidence(still(head, **spoiled), head)
    means = {name: value.mean() for name, value in vars(confidence).items()}
    assert min(means, key=means.get) == factor
    assert means[factor] < 0.6
    assert all(value > 0.85 for name, value in means.items() if name != factor)


def test_confidence_falls_with_the_size_and_the_turn_of_the_face(head):
    sizes = [frame_confidence(still(head, scale=s), head).pixels.mean() for s in (150, 300, 450)]
    turns = [frame_confidence(still(head, yaw_deg=d), head).turn.mean() for d in (10, 40, 60)]
    assert sizes == sorted(sizes)
    assert turns == sorted(turns, reverse=True)


def test_frames_without_a_face_have_no_confidence_and_others_some(head):
    track = still(head, scale=60.0)
    seen_in = np.ones(20)
    seen_in[5:9] = 0
    total = frame_confidence(
        LandmarkTrack(track.points, track.times_s, seen_in, track.size_px), head
    ).total
    assert not total[5:9].any()
    assert (np.delete(total, slice(5, 9)) > 0).all()


def test_a_clip_without_any_face_has_no_confidence(head):
    track = still(head)
    none = LandmarkTrack(track.points, track.times_s, np.zeros(20), track.size_px)
    assert not frame_confidence(none, head).total.any()


def test_a_track_takes_the_confidence_of_its_clip(head):
    landmarks = still(head, scale=250.0)
    seen_in = np.ones(40, np.float32)
    seen_in[10:14] = 0
    track = CurveTrack(ARKIT52, 60.0, np.zeros((40, 52)), confidence=seen_in)
    graded = with_confidence(track, landmarks, head).confidence
    assert not graded[10:14].any()
    expected = frame_confidence(landmarks, head).total.mean()
    np.testing.assert_allclose(np.delete(graded, slice(10, 14)), expected, rtol=0.2)


def test_jitter_is_the_noise_of_what_rests(rng):
    slow = 0.3 + 0.2 * np.sin(np.arange(600) / 90)[:, None]
    noise = rng.normal(0, [0.002, 0.01], (600, 2))
    told = jitter_at_rest(slow + noise, np.ones(600, dtype=bool), fps=30)
    np.testing.assert_allclose(told, [0.002, 0.01], rtol=0.15)


def test_what_never_rests_has_no_jitter(rng):
    wild = rng.uniform(0, 1, (300, 1))
    everywhere = np.ones(300, dtype=bool)
    assert np.isnan(jitter_at_rest(wild, everywhere, fps=30)).all()
    assert np.isnan(jitter_at_rest(0 * wild, ~everywhere, fps=30)).all()


def test_drift_is_the_change_of_the_level_of_rest(rng):
    time = np.linspace(0, 1, 900)
    spoken = np.where(rng.uniform(size=900) < 0.5, 0.4, 0.0)
    values = np.stack([0.2 * time + spoken, 0.2 * (1 - time) + spoken, spoken], axis=1)
    drift = drift_of_rest(values, np.ones(900, dtype=bool), fps=30)
    np.testing.assert_allclose(drift, [0.175, -0.175, 0], atol=0.02)
    assert np.isnan(drift_of_rest(values[:100], np.ones(100, dtype=bool), fps=30)).all()


def test_coverage_names_what_moved_the_farthest_first(head):
    frames = 150
    wave = 0.5 - 0.5 * np.cos(np.arange(frames) / 12)
    values = curves(frames, jawOpen=0.8 * wave, mouthPucker=0.3 * wave, browInnerUp=0.01 * wave)
    landmarks = seen(head, landmark_points(head, values))
    report = take_report(CurveTrack(ARKIT52, 30.0, values), landmarks, head)
    assert report.moved == ("jawOpen", "mouthPucker")
    assert report.high[ARKIT_INDEX["jawOpen"]] == pytest.approx(0.8, abs=0.02)
    figures = report.figures()
    assert figures["curves_moved"] == 2
    assert figures["moved_most"] == ["jawOpen", "mouthPucker"]
    document = json.loads(json.dumps(report.document(), allow_nan=False))
    assert len(document["confidence"]) == frames
    assert document["curves"]["jawOpen"]["high"] == pytest.approx(0.8, abs=0.02)
    assert document["curves"]["mouthPucker"]["jitter"] is not None


def test_the_figures_say_what_is_weak(head):
    values = np.zeros((20, 52))
    track = CurveTrack(ARKIT52, 30.0, values)
    assert take_report(track, still(head), head).figures()["weakest"] is None
    small = take_report(track, still(head, scale=250.0), head).figures()
    assert small["weakest"] == "pixels"
    assert small["frames_below_half"] > 0
    nobody = CurveTrack(ARKIT52, 30.0, values, confidence=np.zeros(20))
    landmarks = still(head)
    none = LandmarkTrack(landmarks.points, landmarks.times_s, np.zeros(20), landmarks.size_px)
    told = take_report(nobody, none, head).figures()
    assert told["confidence_mean"] == 0
    assert told["jitter_worst"] is None
