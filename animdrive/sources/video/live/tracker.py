"""Landmarks of single pictures as they come, for live work."""

from __future__ import annotations

from types import TracebackType

import numpy as np
import numpy.typing as npt

from animdrive.sources.video.tracking.landmarks import FaceMeshConfig, FaceMeshTracker
from animdrive.sources.video.tracking.pictures import shrunk

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

LIVE_MESH = FaceMeshConfig(longest_side_px=1280, search_deeply=False)
"""Far and lying faces are not searched for: whoever sits before a camera does neither, and the
search takes as long as ten pictures."""


class LiveTracker:
    """The tracker of clips, one picture at a time, nothing read ahead. A context manager."""

    def __init__(self, config: FaceMeshConfig = LIVE_MESH) -> None:
        """Load the networks; takes about a second.

        Raises:
            BackendError: MediaPipe is not installed.
        """
        self.config = config
        self._follower = FaceMeshTracker(config).follower()

    def __enter__(self) -> LiveTracker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._follower.close()

    def find(self, image: Picture, time_s: float) -> Points | None:
        """Return the landmarks [478, 3] in pixels of `image` [H, W, 3] RGB, None without a face.

        Args:
            image: The picture.
            time_s: When it was taken, seconds, rising.
        """
        picture = shrunk(image, self.config.longest_side_px)
        scale = picture.shape[1] / image.shape[1]
        face = self._follower.find(picture, time_s=time_s, scale=scale)
        return None if face is None else np.asarray(face.points / scale, dtype=np.float32)
