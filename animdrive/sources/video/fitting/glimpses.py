"""What the regressor sees of each picture, taken while the video passes by."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.sources.video.fitting.cutout import CutOuts
from animdrive.sources.video.fitting.regressor import Regressor, Seen

_AT_ONCE = 32
"""Cut-outs looked at together; so many pictures' cut-outs are held, and no more."""
_WAITING = 3
"""Batches that may wait to be looked at: then the tracker waits, so that memory stays flat."""


class Glimpses:
    """Watches a tracker (`animdrive.contract.stages.Watch`) and keeps an embedding per frame.

    The network looks at the cut-outs in a thread of its own, while the tracker goes on.
    """

    def __init__(self, regressor: Regressor, character: Character) -> None:
        self._regressor = regressor
        self._cut = CutOuts(character)
        self._held: list[npt.NDArray[np.uint8]] = []
        self._frames: list[int] = []
        self._looked: list[Future[Seen]] = []
        self._count = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="glimpses")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __call__(
        self,
        picture: npt.NDArray[np.uint8],
        points: npt.NDArray[np.floating[Any]] | None,
        index: int,
    ) -> None:
        """See one picture."""
        self._count = index + 1
        if points is None:
            return
        self._held.append(self._cut(picture, points))
        self._frames.append(index)
        if len(self._held) == _AT_ONCE:
            self._hand_over()

    def embeddings(self) -> Seen:
        """Return [T, E]; zeros where there was no face."""
        if self._held:
            self._hand_over()
        result = np.zeros((self._count, self._regressor.embedding), dtype=np.float32)
        if self._looked:
            result[self._frames] = np.concatenate([batch.result() for batch in self._looked])
        return result

    def _hand_over(self) -> None:
        if len(self._looked) >= _WAITING:
            self._looked[-_WAITING].result()
        self._looked.append(self._pool.submit(self._regressor.look, self._held))
        self._held = []
