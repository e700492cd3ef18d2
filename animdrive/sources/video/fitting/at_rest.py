"""When a person's face is at rest, told by the regressor that does not know them yet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52
from animdrive.rig.pose import LOOK_CURVES, angles_from_matrix
from animdrive.sources.video.fitting.pose import HeadPoses

Array = npt.NDArray[np.float64]

_SHARE = 0.1
"""Of a clip's frames, the calmest, are taken for rest."""
_FEWEST, _MOST = 5, 90
_TURNED_RAD = 0.30
"""Up to here a head that turns away from the camera is seen as well as from the front."""
_TURNED_COST = 5.0
"""What each radian beyond counts, in curves that are fully on."""
_MOVING = np.array([name not in LOOK_CURVES for name in ARKIT52])


def calmest_frames(guess: Array, poses: HeadPoses) -> npt.NDArray[np.intp]:
    """Return the frames in which a face does least and is seen best.

    Args:
        guess: [T, 52] curves, from `Regressor.guess`.
        poses: The head's poses.
    """
    turned = np.abs(angles_from_matrix(poses.rotation)[:, :2]).max(axis=1)
    busy = guess[:, _MOVING].sum(axis=1) + _TURNED_COST * np.maximum(turned - _TURNED_RAD, 0.0)
    count = int(np.clip(round(_SHARE * len(busy)), _FEWEST, _MOST))
    return np.argsort(busy, kind="stable")[:count]
