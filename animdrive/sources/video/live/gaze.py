"""Where the eyes look, from the past alone: the causal side of `fitting.gaze`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.rig.pose import DOWN_RAD, UP_RAD, YAW_RAD
from animdrive.sources.video.fitting.gaze import SHUT

Array = npt.NDArray[np.float64]

MOST_BIAS_RAD = np.array((0.17, 0.12))
"""Most that the usual gaze (pitch, yaw) is taken for an error of the eyeball's place."""
_MOST_VERGENCE_RAD = 0.20
_VERGENCE_S = 0.5
"""Crossing of the eyes is followed as slowly as this: its noise is larger than its usual size."""


class LiveGaze:
    """Both eyes as one gaze that waits while they are shut."""

    def __init__(self) -> None:
        self._gaze: Array = np.zeros(2)
        self._crossing = 0.0
        self._settled = False
        self._was_open: npt.NDArray[np.bool_] = np.ones(2, dtype=np.bool_)

    def step(
        self, looks: Array, usual: Array, closure: Array, facing: float, step_s: float
    ) -> Array:
        """Return the eyes' rotation [2, 3] radians: left and right; pitch, yaw, roll (0).

        Args:
            looks: [2, 2] radians as measured: left and right eye; pitch and yaw.
            usual: [2, 2] what they usually are: by this much, within reason, each eye's own
                place is misjudged.
            closure: [2] how far each eye is shut.
            facing: Sine of how far the face is turned from the camera, subject's left +.
            step_s: Seconds since the frame before.
        """
        looks = looks - np.clip(usual, -MOST_BIAS_RAD, MOST_BIAS_RAD)
        # While lids rush past the iris it is misread, also in the frame after they opened.
        open_now = closure < SHUT
        open_enough = open_now & self._was_open
        self._was_open = open_now
        turned = np.array([1 - 2 * facing, 1 + 2 * facing])
        trust = np.clip(turned, 0.05, 1.0) * open_enough
        if trust.sum() > 0:
            self._gaze = (trust / trust.sum()) @ looks
            if (trust > 0.5).all():
                crossing = float(looks[1, 1] - looks[0, 1])
                share = 1.0 if not self._settled else 1 - np.exp(-step_s / _VERGENCE_S)
                self._crossing += share * (crossing - self._crossing)
                self._settled = True
        # Half of the measured crossing, as the offline solver takes it.
        vergence = float(np.clip(0.5 * self._crossing, 0.0, _MOST_VERGENCE_RAD))
        pitch, yaw = self._gaze
        angles = np.zeros((2, 3))
        angles[:, 0] = np.clip(pitch, -UP_RAD, DOWN_RAD)
        angles[0, 1] = np.clip(yaw - 0.5 * vergence, -YAW_RAD, YAW_RAD)
        angles[1, 1] = np.clip(yaw + 0.5 * vergence, -YAW_RAD, YAW_RAD)
        return angles
