"""Faces whose motion is known: the built-in head's landmarks, posed and seen by a camera."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from animdrive.contract import ARKIT52, ARKIT_INDEX, LandmarkTrack
from animdrive.rig.pose import looks_from_eye_rotation, rotation_matrix
from animdrive.sources.video.indices import IRIS_LEFT, IRIS_RIGHT

FPS = 30.0


def landmark_points(character, values, eyes=None):
    """Return [T, 478, 3] metres, the character's landmarks for curves [T, 52], head unposed."""
    rest = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
    deltas = character.rig.deltas[:, character.landmarks].astype(np.float64)
    points = rest + np.tensordot(values, deltas, axes=1)
    if eyes is not None:
        for side, iris in enumerate((IRIS_LEFT, IRIS_RIGHT)):
            pivot = character.eye_pivots[side].astype(np.float64)
            turned = np.einsum(
                "tab,pb->tpa", rotation_matrix(eyes[:, side]), rest[list(iris)] - pivot
            )
            points[:, list(iris)] = turned + pivot
    return points


def seen(
    character, points, *, rotation=None, times=None, size=512, scale=1600.0, noise_m=0.0, rng=None
):
    """Return the `LandmarkTrack` of a weak-perspective camera: `scale` pixels per metre."""
    frames = len(points)
    angles = np.zeros((frames, 3)) if rotation is None else rotation
    pivot = character.head_pivot.astype(np.float64)
    posed = np.einsum("tab,tpb->tpa", rotation_matrix(angles), points - pivot) + pivot
    pixels = posed * [scale, -scale, -scale] + [size / 2, size / 2, 0]
    if noise_m:
        pixels = pixels + rng.normal(0, noise_m * scale, pixels.shape) * [1, 1, 2]
    times = np.arange(frames) / FPS if times is None else times
    return LandmarkTrack(pixels, times, np.ones(frames), (size, size))


def lost(track, frames):
    """Return the track without a face in some `frames`."""
    points, confidence = np.array(track.points), np.array(track.confidence)
    points[frames], confidence[frames] = 0, 0
    return LandmarkTrack(points, track.times_s, confidence, track.size_px)


def curves(frames, **strengths):
    """Return [frames, 52], some curves at a value or at values over time."""
    values = np.zeros((frames, len(ARKIT52)))
    for name, strength in strengths.items():
        values[:, ARKIT_INDEX[name]] = strength
    return values


def hill(frames, start, stop, softness=2.5):
    """Return [frames] 0, then 1 from `start` to `stop`, then 0, with soft edges."""
    value = np.zeros(frames)
    value[start:stop] = 1.0
    return gaussian_filter1d(value, softness)


def blink(frames, at):
    """Return [frames] with a blink of 0.2 s that is shut at frame `at`."""
    value = np.zeros(frames)
    value[at - 2 : at + 4] = (0.35, 0.9, 1.0, 0.85, 0.5, 0.2)
    return value


def talking(frames, rng):
    """Return curves [frames, 52] and eyes [frames, 2, 3] of a face that talks, smiles and looks."""

    def some(count, strength):
        value = np.zeros(frames)
        for start in rng.integers(10, frames - 30, count):
            value = np.maximum(value, hill(frames, start, start + rng.integers(8, 25)))
        return strength * value

    values = np.zeros((frames, len(ARKIT52)))

    def put(name, value, sides=("Left", "Right")):
        for side in sides:
            values[:, ARKIT_INDEX[name + side]] = value

    jaw = some(frames // 30, 0.6)
    put("jawOpen", jaw, ("",))
    put("mouthClose", jaw * some(frames // 60, 1.0), ("",))
    put("mouthPucker", some(2, 0.7), ("",))
    put("browInnerUp", some(2, 0.7), ("",))
    put("mouthSmile", some(2, 0.7))
    put("mouthFrown", some(1, 0.5))
    put("browOuterUp", some(2, 0.7))
    put("browDown", some(1, 0.6))
    put("mouthUpperUp", some(1, 0.5))
    shut = np.max([blink(frames, at) for at in range(40, frames - 8, 70)], axis=0)
    put("eyeBlink", shut)
    eyes = np.zeros((frames, 2, 3))
    steps = frames // 20 + 1
    eyes[:, :, 0] = np.repeat(rng.normal(0, 0.10, steps), 20)[:frames, None]
    eyes[:, :, 1] = np.repeat(rng.normal(0, 0.15, steps), 20)[:frames, None]
    for name, value in looks_from_eye_rotation(eyes).items():
        values[:, ARKIT_INDEX[name]] = value
    return np.clip(values, 0, 1), eyes


def nodding(frames, rng, degrees=8.0):
    """Return slow head rotation [frames, 3] radians."""
    slow = gaussian_filter1d(rng.normal(size=(frames, 3)), 20, axis=0)
    return np.radians(degrees) * slow / slow.std()
