"""What was sent, kept, to become a take."""

from __future__ import annotations

import numpy as np

from animdrive.contract import ARKIT52, CurveFrame, CurveTrack
from animdrive.errors import ContractError


class Recorder:
    """A target that keeps every frame. One hour at 60 frames per second takes 55 MB."""

    def __init__(self) -> None:
        self.lost = 0
        self._frames: list[CurveFrame] = []

    def __len__(self) -> int:
        return len(self._frames)

    def send(self, frame: CurveFrame) -> None:
        """Keep one frame."""
        self._frames.append(frame)

    def close(self) -> None:
        """Do nothing."""

    def track(self) -> CurveTrack:
        """Return the frames as a track from the first number to the last.

        Frames that were dropped are straight lines between their neighbours, at confidence 0.

        Raises:
            ContractError: nothing was sent, or numbers do not rise.
        """
        if not self._frames:
            raise ContractError("Nothing was sent, so there is nothing to record.")
        numbers = np.array([frame.number for frame in self._frames])
        if (np.diff(numbers) <= 0).any():
            raise ContractError("The numbers of the frames that were sent do not rise.")
        fps = self._frames[0].fps
        rows = np.stack(
            [
                np.concatenate([f.values, f.head_rotation, f.eye_rotation.ravel()])
                for f in self._frames
            ]
        )
        every = np.arange(numbers[0], numbers[-1] + 1)
        sent = np.isin(every, numbers)
        filled = np.zeros((len(every), rows.shape[1]))
        for column, cells in enumerate(rows.T):
            filled[:, column] = np.interp(every, numbers, cells)
        confidence = np.zeros(len(every), dtype=np.float32)
        confidence[sent] = [frame.confidence for frame in self._frames]
        curves = len(ARKIT52)
        return CurveTrack(
            names=ARKIT52,
            fps=fps,
            values=filled[:, :curves].astype(np.float32),
            head_rotation=filled[:, curves : curves + 3].astype(np.float32),
            eye_rotation=filled[:, curves + 3 :].reshape(-1, 2, 3).astype(np.float32),
            confidence=confidence,
            start_s=float(numbers[0]) / fps,
        )
