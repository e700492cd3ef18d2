"""The solver of `animdrive.sources.video.fitting.solver` for one frame at a time.

It is the same problem with the same terms; what is the same in all frames is prepared once, and
the 52 unknowns are solved for exactly (`bounded_minimum`), starting from the frame before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT_INDEX, Character
from animdrive.rig.pose import LOOK_CURVES, looks_from_eye_rotation
from animdrive.sources.video.fitting.expression import (
    ExpressionConfig,
    arkit_deltas,
    curve_bounds,
    expression_system,
)
from animdrive.sources.video.fitting.solver import Measurements, camera_trust
from animdrive.sources.video.indices import SKIN
from animdrive.sources.video.live.bounded import States, bounded_minimum

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]


class FrameSolver:
    """Curves of single frames of one character."""

    def __init__(self, character: Character, *, config: ExpressionConfig) -> None:
        system = expression_system(character, config=config)
        count = len(system.deltas)
        trusted = np.einsum("pq,cqa->cpa", system.precision, system.deltas, optimize=True)
        gram = np.einsum("cpa,dpb->abcd", system.deltas, trusted, optimize=True)
        self._gram = np.ascontiguousarray(gram.reshape(9, count * count))
        self._trusted = np.ascontiguousarray(trusted.reshape(count, -1))
        self._prior, self._lasso = system.prior, system.lasso
        self._config = config
        low, high = curve_bounds(arkit_deltas(character), np.zeros((1, 2, 3)))
        self._low, self._high = low[0], high[0]
        self._looks = [ARKIT_INDEX[name] for name in LOOK_CURVES]
        self._states: States | None = None

    def solve(
        self, motion: Floats, rotation: Floats, measured: Measurements, eyes: Floats
    ) -> Array:
        """Return [52] in 0..1, the curves that explain how the landmarks moved.

        Args:
            motion: [P, 3] metres from the person's rest, head space, in the rig's measures.
            rotation: [3, 3] head to camera.
            measured: How open mouth and eyes are; T is 1.
            eyes: [2, 3] radians, where the eyes look.
        """
        count = len(self._prior)
        space = camera_trust(rotation[None], depth_trust=self._config.depth_trust)[0]
        normal = (space.reshape(9) @ self._gram).reshape(count, count) + self._prior
        pulled = np.asarray(motion[:SKIN], dtype=np.float64) @ space
        right = self._trusted @ pulled.ravel() - self._lasso
        weight = np.broadcast_to(measured.trust, measured.values.shape)[0]
        weighted = measured.rows.T * weight
        normal += weighted @ measured.rows
        right += weighted @ measured.values[0]
        low, high = self._low.copy(), self._high.copy()
        looks = looks_from_eye_rotation(eyes[None])
        low[self._looks] = [float(looks[name][0]) for name in LOOK_CURVES]
        high[self._looks] = low[self._looks]
        values, self._states = bounded_minimum(normal, right, low, high, self._states)
        return values
