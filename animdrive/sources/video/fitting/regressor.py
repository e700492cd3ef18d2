"""The learned way from landmarks and cut-outs of the face to curves.

Trained on our own renders (docs/tracking.md): people, rigs, lights and lenses drawn at random, as
Face Mesh sees them. Two questions can be asked of it: what a face does that nobody has seen at
rest (`Regressor.guess`), and what it does against its own rest (`Regressor.curves`), which is the
better answer and needs the first to find the rest. Either is asked twice, of the face and of its
mirror image, and the answers are averaged: a mirrored take gives mirrored curves, exactly.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52
from animdrive.contract.names import MIRROR52
from animdrive.errors import WeightsError
from animdrive.rig.pose import angles_from_matrix
from animdrive.sources.video.fitting.pose import HeadPoses

if TYPE_CHECKING:
    from animdrive.sources.video.fitting.regressor_net import RegressorNet

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]
Seen = npt.NDArray[np.float32]

_SIDES = np.array([-1.0, 1.0, 1.0], dtype=np.float32)
_AT_ONCE = 128
"""Frames that go through the network together: bounds the memory, not the result."""


class Regressor:
    """The trained network with what it needs to be asked."""

    def __init__(self, net: RegressorNet, index: npt.NDArray[np.intp], model: Floats) -> None:
        """Take a trained network.

        Args:
            net: Trained.
            index: [P] which of the 478 landmarks go in.
            model: [478, 3] metres, the landmarks of the head it was trained against.
        """
        self.net = net.eval()
        self.index = index
        self._model = np.asarray(model, dtype=np.float32)[index]
        apart = self._model[:, None] * _SIDES - self._model[None]
        self._mirror = np.linalg.norm(apart, axis=2).argmin(axis=1)

    @property
    def embedding(self) -> int:
        """E: how many numbers a cut-out is told by, its mirror image included."""
        return 2 * self.net.config.embedding

    def look(self, cutouts: npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]]) -> Seen:
        """Return embeddings [N, E] of cut-outs [N, 112, 112, 3]."""
        import torch

        pictures = torch.from_numpy(np.ascontiguousarray(np.stack(list(cutouts))))
        scaled = pictures.permute(0, 3, 1, 2).float().div_(255)
        both = torch.cat([scaled, scaled.flip(3)]).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            told = self.net.looker(both).float()
        own, mirrored = told.split(len(scaled))
        return np.asarray(torch.cat([own, mirrored], dim=1).numpy(), dtype=np.float32)

    def guess(self, head: Floats, poses: HeadPoses, seen: Seen | None) -> Array:
        """Return curves [T, 52] in 0..1 of a person whose face at rest is not known.

        Args:
            head: [T, 478, 3] metres, by `poses` that were fitted to the head's own landmarks.
            poses: Those.
            seen: [T, E] embeddings, or None without pictures.
        """
        moved = (np.asarray(head, np.float32)[:, self.index] - self._model).astype(np.float32)
        return self._asked(moved, np.zeros_like(self._model), poses, seen, None)

    def curves(
        self,
        head: Floats,
        poses: HeadPoses,
        neutral: Floats,
        seen: Seen | None,
        at_rest: Seen | None,
    ) -> Array:
        """Return curves [T, 52] in 0..1.

        Args:
            head: [T, 478, 3] metres.
            poses: The head's poses in those frames.
            neutral: [478, 3] metres, the person at rest.
            seen: [T, E] embeddings, or None without pictures.
            at_rest: [E] mean embedding of the person at rest, or None where it is not known.
        """
        rest = np.asarray(neutral, np.float32)[self.index]
        moved = np.asarray(head, np.float32)[:, self.index] - rest
        if at_rest is None:
            seen = None  # what is seen tells little without what is usual
        return self._asked(moved, rest - self._model, poses, seen, at_rest)

    def _asked(
        self,
        moved: npt.NDArray[np.float32],
        shape: npt.NDArray[np.float32],
        poses: HeadPoses,
        seen: Seen | None,
        at_rest: Seen | None,
    ) -> Array:
        turned = angles_from_matrix(poses.rotation)[:, :2].astype(np.float32)
        told = np.zeros((len(moved), self.embedding), np.float32) if seen is None else seen
        usual = np.zeros(self.embedding, np.float32) if at_rest is None else at_rest
        own, mirrored = np.split(told, 2, axis=1)
        own_rest, mirrored_rest = np.split(np.asarray(usual, np.float32), 2)
        straight = self._once(moved, shape, turned, own, own_rest)
        reversed_ = self._once(
            moved[:, self._mirror] * _SIDES,
            shape[self._mirror] * _SIDES,
            turned * np.array([1.0, -1.0], np.float32),
            mirrored,
            mirrored_rest,
        )
        return 0.5 * (straight + reversed_[:, list(MIRROR52)])

    def _once(
        self,
        moved: npt.NDArray[np.float32],
        shape: npt.NDArray[np.float32],
        turned: npt.NDArray[np.float32],
        seen: Seen,
        at_rest: Seen,
    ) -> Array:
        import torch

        from animdrive.sources.video.fitting.regressor_net import LANDMARK_UNIT_M

        result = np.zeros((len(moved), len(ARKIT52)))
        with torch.inference_mode():
            form = torch.from_numpy(shape / LANDMARK_UNIT_M).float()
            rest = torch.from_numpy(np.ascontiguousarray(at_rest))
            for start in range(0, len(moved), _AT_ONCE):
                run = slice(start, start + _AT_ONCE)
                count = len(moved[run])
                curves = self.net(
                    torch.from_numpy(moved[run] / LANDMARK_UNIT_M).float(),
                    form.expand(count, -1, -1),
                    torch.from_numpy(np.ascontiguousarray(turned[run])),
                    torch.from_numpy(np.ascontiguousarray(seen[run])),
                    rest.expand(count, -1),
                )
                result[run] = curves.clamp(0, 1).numpy()
        return result


def regressor_of(arrays: dict[str, npt.NDArray[Any]]) -> Regressor:
    """Build the regressor from the arrays of its file.

    Raises:
        WeightsError: something is missing or has another shape.
    """
    import torch

    from animdrive.sources.video.fitting.regressor_net import RegressorConfig, RegressorNet

    try:
        layout = json.loads(arrays["layout"].tobytes())
        config = RegressorConfig(
            landmarks=int(layout["landmarks"]),
            width=int(layout["width"]),
            depth=int(layout["depth"]),
            embedding=int(layout["embedding"]),
            channels=tuple(int(number) for number in layout["channels"]),
        )
        net = RegressorNet(config)
        state = {
            name.removeprefix("net."): torch.from_numpy(array.astype(np.float32))
            for name, array in arrays.items()
            if name.startswith("net.")
        }
        net.load_state_dict(state)
        return Regressor(net, arrays["index"].astype(np.intp), arrays["model"])
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise WeightsError(f"The tracking regressor's file cannot be used: {error}") from error


@cache
def load_regressor() -> Regressor:
    """Return the regressor that ships; the same object every time.

    Raises:
        WeightsError: the file is missing or altered.
    """
    from animdrive.weights import load_arrays

    return regressor_of(load_arrays("face_regressor"))


def read_regressor(path: Path) -> Regressor:
    """Return a regressor of one's own training."""
    from safetensors.numpy import load_file

    return regressor_of(load_file(path))
