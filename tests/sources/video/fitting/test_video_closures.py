"""Real clips: where the speaker's mouth closes, the character's does."""

import numpy as np
import pytest

from animdrive.media.video import read_frames
from animdrive.sources.video.face import face_curves
from animdrive.sources.video.fitting.expression import arkit_deltas
from animdrive.sources.video.indices import INNER_LIP_PAIRS


def gaps(head, result):
    """Return, at seen frames, the speaker's lip gap (shares of face height) and the rig's (m)."""
    points = result.landmarks.points
    seen = result.track.confidence > 0
    pairs = INNER_LIP_PAIRS[:3]
    theirs = np.mean([np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in pairs], 0)
    height = np.linalg.norm(points[:, 10] - points[:, 152], axis=1)
    moved = arkit_deltas(head)[:, :, 1]
    rows = np.mean([moved[:, a] - moved[:, b] for a, b in pairs], axis=0)
    return theirs[seen] / height[seen], (result.track.values @ rows)[seen]


def check(head, clip):
    result = face_curves(read_frames(clip), head)
    theirs, ours = gaps(head, result)
    assert result.found_share > 0.95
    assert np.corrcoef(theirs, ours)[0, 1] > 0.97
    floor = np.quantile(theirs, 0.03)
    closed, opened = theirs < floor + 0.0025, theirs > floor + 0.02
    assert ours[closed].max() < 1e-3
    assert ours[opened].min() > 1e-3


def test_the_free_clip(head, carphone):
    check(head, carphone)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tpsmm_driving", "sadtalker_katiehill", "lp_d13"])
def test_talking_people(head, shared_data, name):
    clip = shared_data / "faces" / "videos" / f"{name}.mp4"
    if not clip.is_file():
        pytest.skip(f"no {name}.mp4 in the shared data")
    check(head, clip)
