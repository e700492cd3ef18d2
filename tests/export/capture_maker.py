"""A small captured take for tests of the files that it is written to."""

import numpy as np

from animdrive.contract import CurveTrack, Mesh
from animdrive.contract.capture import CapturedTake, Take


def mesh(count=50):
    rng = np.random.default_rng(11)
    faces = np.stack([np.arange(count - 2), np.arange(1, count - 1), np.arange(2, count)], axis=1)
    return Mesh(
        vertices=rng.uniform(-0.1, 0.1, (count, 3)).astype(np.float32),
        faces=faces,
        uv=rng.uniform(0, 1, (count, 2)).astype(np.float32),
    )


def captured(frames=12, count=50, reach_m=0.01, fps=30.0, missing=False, seed=7):
    rng = np.random.default_rng(seed)
    travel = rng.uniform(-1, 1, (frames, count, 3)) * rng.uniform(0, reach_m, (count, 1))
    gone = rng.random((frames, count)) < 0.2 if missing else None
    turned = np.tile(np.eye(4, dtype=np.float32), (frames, 1, 1))
    angle = np.linspace(0, 0.4, frames)
    turned[:, 0, 0] = turned[:, 2, 2] = np.cos(angle)
    turned[:, 0, 2], turned[:, 2, 0] = np.sin(angle), -np.sin(angle)
    turned[:, :3, 3] = rng.uniform(-0.02, 0.02, (frames, 3))
    track = CurveTrack(
        names=("jawOpen", "browInnerUp"),
        fps=fps,
        values=rng.uniform(0, 1, (frames, 2)).astype(np.float32),
        head_rotation=rng.uniform(-0.2, 0.2, (frames, 3)).astype(np.float32),
        eye_rotation=rng.uniform(-0.2, 0.2, (frames, 2, 3)).astype(np.float32),
    )
    return CapturedTake(
        take=Take("some_take", "speech", "held_out", track, "Grüß Gott!"),
        vertices=(mesh(count).vertices + travel).astype(np.float32),
        times_s=np.arange(frames) / fps,
        head_transform=turned,
        missing=gone,
    )
