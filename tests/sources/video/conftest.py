"""The character that the video front end's tests solve for."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from animdrive.rig.head import load_head

sys.path.insert(0, str(Path(__file__).parent))  # for face_maker, from any working directory
sys.path.insert(0, str(Path(__file__).parents[2] / "media"))  # for media_maker


@pytest.fixture(scope="session")
def head():
    return load_head()


@pytest.fixture(scope="session")
def mirrored_landmarks(head):
    """[478] mirror partner of every landmark."""
    rest = head.rig.neutral.vertices[head.landmarks]
    flipped = rest * np.array([-1, 1, 1], dtype=np.float32)
    return np.linalg.norm(flipped[:, None] - rest[None], axis=2).argmin(axis=1)


@pytest.fixture(scope="session")
def portrait():
    """[512, 512, 3] RGB: NASA's portrait of Eileen Collins, public domain; skips without it."""
    return pytest.importorskip("skimage.data").astronaut()
