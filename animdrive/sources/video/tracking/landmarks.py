"""Pictures to landmarks: MediaPipe's Face Mesh with irises, streamed.

The mesh is the attention mesh of Grishchenko et al. (2020), "Attention Mesh: High-fidelity Face
Mesh Prediction in Real-time"; its 478 points are 468 of the skin and 5 for each iris.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import length_hint
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import LandmarkTrack, VideoFrame
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.sources.video.tracking.quiet import QuietUntilFound, quiet_stderr

POINTS = 478
"""Landmarks of one face: 468 of the skin, 5 of the right iris, 5 of the left one."""

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FaceMeshConfig:
    """Settings of `FaceMeshTracker`."""

    longest_side_px: int = 1280
    """Larger pictures are made smaller than this before the face is looked for."""
    detection_confidence: float = 0.5
    """How sure the detector must be of a new face, 0..1."""
    tracking_confidence: float = 0.5
    """How sure the mesh must be to be followed on, 0..1; below, the face is looked for anew."""
    small_faces: bool = True
    """Look again, with the detector for far faces and an enlarged cut-out, where none is found."""
    read_ahead: int = 8
    """Pictures decoded ahead of the tracker."""

    def __post_init__(self) -> None:
        if self.longest_side_px < 64:
            raise InputError(
                f"FaceMeshConfig.longest_side_px must be 64 or more, got {self.longest_side_px}."
            )
        for name in ("detection_confidence", "tracking_confidence"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"FaceMeshConfig.{name} must be in 0..1, got {vars(self)[name]}.")
        if self.read_ahead < 1:
            raise InputError(f"FaceMeshConfig.read_ahead must be 1 or more, got {self.read_ahead}.")


class FaceMeshTracker:
    """The `LandmarkTracker` on MediaPipe's Face Mesh. One face, the most prominent one."""

    def __init__(self, config: FaceMeshConfig | None = None) -> None:
        self.config = config or FaceMeshConfig()

    def track(
        self, frames: Iterable[VideoFrame], *, progress: Progress = no_progress
    ) -> LandmarkTrack:
        """Find the 478 landmarks in every frame.

        Decoding (the iterator) runs ahead in a thread of its own. A frame whose time does not
        rise above the one before it is dropped, for it can never be shown. `progress` is given
        shares where `frames` says how many it holds (``__length_hint__``).

        Raises:
            InputError: there is no frame at all, or their size changes.
        """
        expected = length_hint(frames, 0)
        points: list[Points] = []
        found: list[bool] = []
        times: list[float] = []
        size: tuple[int, int] | None = None
        with _Meshes(self.config) as meshes:
            for picture, full_size, time_s in _read_ahead(frames, self.config):
                size = size or full_size
                if full_size != size:
                    raise InputError(
                        f"the picture changes from {size[0]}x{size[1]} to {full_size[0]}x"
                        f"{full_size[1]} pixels at {time_s:.2f} s; cut the clip there."
                    )
                if times and time_s <= times[-1]:
                    continue
                face = meshes.find(picture)
                times.append(time_s)
                found.append(face is not None)
                # The mesh gives shares of width and height; depth is in the scale of the width.
                scale = np.array([size[0], size[1], size[0]], dtype=np.float32)
                points.append(np.zeros((POINTS, 3), np.float32) if face is None else face * scale)
                if expected:
                    progress("tracking the face", min(1.0, len(times) / expected))
        if size is None:
            raise InputError(
                "the video holds no frame that could be read; convert or copy it anew."
            )
        progress("tracking the face", 1.0)
        return LandmarkTrack(
            np.stack(points), np.array(times), np.array(found, dtype=np.float32), size
        )


def _read_ahead(
    frames: Iterable[VideoFrame], config: FaceMeshConfig
) -> Iterator[tuple[Picture, tuple[int, int], float]]:
    """Yield (picture of at most `longest_side_px`, full size, time), decoded in another thread."""
    waiting: queue.Queue[Any] = queue.Queue(maxsize=config.read_ahead)
    stop = threading.Event()

    def put(item: object) -> None:
        while not stop.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return

    def read() -> None:
        try:
            for frame in frames:
                height, width = frame.image.shape[:2]
                picture = _shrunk(frame.image, config.longest_side_px)
                put((picture, (width, height), frame.time_s))
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001  whatever it is, the reader raises it
            put(error)

    reader = threading.Thread(target=read, name="read-ahead", daemon=True)
    reader.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        reader.join()


def _shrunk(image: Picture, longest_px: int) -> Picture:
    height, width = image.shape[:2]
    if max(height, width) <= longest_px:
        return np.ascontiguousarray(image)
    import cv2

    scale = longest_px / max(height, width)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@dataclass
class _CutOut:
    """A square of the picture that is enlarged to see a small face, pixels."""

    x: int
    y: int
    side: int


class _Meshes:
    """The mesh on the whole picture, and a second one on a cut-out for small faces."""

    _CUT_OUT_PX = 384
    """Cut-outs are made this wide: the face then fills the short-range detector's view."""
    _CUT_OUT_FACES = 2.2
    """Width of a cut-out in widths of the face that was found."""
    _SEARCH_PAUSE = 3
    """After this many fruitless searches in a row, only one picture in so many is searched."""

    def __init__(self, config: FaceMeshConfig) -> None:
        self._config = config
        self._open: list[Any] = []
        self._cut_out: _CutOut | None = None
        self._misses = 0
        with quiet_stderr():
            self._solutions = _solutions()
        self._whole = self._mesh()
        self._near: Callable[[Picture], Points | None] | None = None
        self._detector: Any = None

    def __enter__(self) -> _Meshes:
        return self

    def __exit__(self, *_: object) -> None:
        with quiet_stderr():
            for graph in self._open:
                graph.close()

    def find(self, picture: Picture) -> Points | None:
        """Return [478, 3] as shares of width, height and width, or None where no face is."""
        if self._cut_out is not None:
            # A small face that is already followed stays with its own mesh, so that the two
            # meshes' small differences do not make it jump.
            face = self._find_in_cut_out(picture, self._cut_out)
            if face is not None:
                return face
            self._cut_out = None
        face = self._whole(picture)
        if face is not None or not self._config.small_faces:
            self._misses = 0
            return face
        self._misses += 1
        if self._misses > self._SEARCH_PAUSE and self._misses % self._SEARCH_PAUSE:
            return None
        self._cut_out = self._search(picture)
        if self._cut_out is None:
            return None
        face = self._find_in_cut_out(picture, self._cut_out)
        if face is None:
            self._cut_out = None
        else:
            self._misses = 0
        return face

    def _mesh(self) -> Callable[[Picture], Points | None]:
        with quiet_stderr():
            graph = self._solutions.face_mesh.FaceMesh(
                static_image_mode=False,
                refine_landmarks=True,
                max_num_faces=1,
                min_detection_confidence=self._config.detection_confidence,
                min_tracking_confidence=self._config.tracking_confidence,
            )
            # The graph starts, and talks, in threads of its own; this waits for them.
            graph.process(np.zeros((64, 64, 3), np.uint8))
        self._open.append(graph)
        calls = QuietUntilFound()

        def find(picture: Picture) -> Points | None:
            with calls:
                faces = graph.process(picture).multi_face_landmarks
                calls.found = calls.found or bool(faces)
            if not faces:
                return None
            flat = np.fromiter(
                (c for point in faces[0].landmark for c in (point.x, point.y, point.z)),
                dtype=np.float32,
                count=POINTS * 3,
            )
            return flat.reshape(POINTS, 3) if np.isfinite(flat).all() else None

        return find

    def _search(self, picture: Picture) -> _CutOut | None:
        """Look for a far face; the square around it."""
        if self._detector is None:
            with quiet_stderr():
                self._detector = self._solutions.face_detection.FaceDetection(
                    model_selection=1, min_detection_confidence=self._config.detection_confidence
                )
                self._open.append(self._detector)
                detections = self._detector.process(picture).detections
        else:
            detections = self._detector.process(picture).detections
        if not detections:
            return None
        best = max(detections, key=lambda detection: detection.score[0])
        box = best.location_data.relative_bounding_box
        height, width = picture.shape[:2]
        return _square(
            (box.xmin + box.width / 2) * width,
            (box.ymin + box.height / 2) * height,
            self._CUT_OUT_FACES * max(box.width * width, box.height * height),
            (width, height),
        )

    def _find_in_cut_out(self, picture: Picture, cut_out: _CutOut) -> Points | None:
        import cv2

        if self._near is None:
            self._near = self._mesh()
        height, width = picture.shape[:2]
        x, y, side = cut_out.x, cut_out.y, cut_out.side
        part: Any = picture[max(0, y) : y + side, max(0, x) : x + side]
        part = cv2.copyMakeBorder(
            part,
            max(0, -y),
            max(0, y + side - height),
            max(0, -x),
            max(0, x + side - width),
            cv2.BORDER_REPLICATE,
        )
        square = (self._CUT_OUT_PX, self._CUT_OUT_PX)
        face = self._near(cv2.resize(part, square, interpolation=cv2.INTER_CUBIC))
        if face is None:
            return None
        whole = face * side
        whole[:, 0] += x
        whole[:, 1] += y
        low, high = whole[:468, :2].min(axis=0), whole[:468, :2].max(axis=0)
        middle, extent = (low + high) / 2, float((high - low).max())
        drift = np.abs(middle - (x + side / 2, y + side / 2)).max()
        if drift > 0.15 * side or not 0.7 < self._CUT_OUT_FACES * extent / side < 1.4:
            self._cut_out = _square(
                float(middle[0]),
                float(middle[1]),
                self._CUT_OUT_FACES * extent,
                (width, height),
            )
        whole /= np.array([width, height, width], dtype=np.float32)
        return whole


def _square(x: float, y: float, side: float, size: tuple[int, int]) -> _CutOut | None:
    """Return the square of width `side` about (x, y), or None when no face can be seen in it."""
    if side < 16 or not (0 <= x < size[0] and 0 <= y < size[1]):
        return None
    side = min(side, 2 * max(size))
    return _CutOut(round(x - side / 2), round(y - side / 2), round(side))


def _solutions() -> Any:
    # Both must stand before the first import; what is logged later than that is caught on the way.
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import mediapipe

    return mediapipe.solutions
