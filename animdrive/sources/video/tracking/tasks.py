"""The tracker on a Face Landmarker bundle of MediaPipe Tasks (`face_landmarker.task`).

The bundle is the user's own file; none ships. Its 478 landmarks are those of Face Mesh.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.errors import InputError
from animdrive.files import existing_file
from animdrive.sources.video.tracking.landmarks import FaceMeshConfig, FaceMeshTracker
from animdrive.sources.video.tracking.mesh import POINTS, Mesh, load_mediapipe
from animdrive.sources.video.tracking.pictures import Picture, Points
from animdrive.sources.video.tracking.quiet import QuietUntilFound, quiet_stderr

_NETWORKS = ("face_detector.tflite", "face_landmarks_detector.tflite")
"""What a bundle must hold; the third, for blendshapes, is not used."""


@dataclass(frozen=True)
class TasksConfig(FaceMeshConfig):
    """Settings of `TasksTracker`."""

    landmarker: Path | None = None
    """The bundle."""


class TasksTracker(FaceMeshTracker):
    """The `LandmarkTracker` on MediaPipe Tasks, in its mode for videos."""

    config_type = TasksConfig

    def __init__(self, config: TasksConfig | None = None) -> None:
        super().__init__(config or TasksConfig())

    def open_mesh(self) -> Mesh:
        """Return the bundle's networks.

        Raises:
            InputError: no bundle was named, or it is none.
        """
        path = getattr(self.config, "landmarker", None)
        if path is None:
            raise InputError(
                "the tracker 'tasks' needs a face_landmarker.task; name it with --landmarker."
            )
        return TasksMesh(path, confidence=self.config.tracking_confidence)


def check_landmarker(path: Path) -> Path:
    """Return the path of a Face Landmarker bundle.

    Raises:
        InputError: missing, or not such a bundle.
    """
    path = existing_file(Path(path), "face landmarker")
    try:
        with zipfile.ZipFile(path) as bundle:
            missing = [name for name in _NETWORKS if name not in bundle.namelist()]
            broken = None if missing else bundle.testzip()
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise InputError(
            f"{path} is not a bundle of MediaPipe Tasks. Give a face_landmarker.task."
        ) from error
    if missing:
        raise InputError(
            f"{path} is a bundle without {missing[0]}. Give a face_landmarker.task; those for "
            "hands, bodies or face detection alone do not do."
        )
    if broken is not None:
        raise InputError(f"{path} is damaged ({broken}). Download it again.")
    return path


class TasksMesh:
    """A Face Landmarker that is shown one square of each picture."""

    side_px = 448
    margin = 2.2
    follows = True

    def __init__(self, path: Path, *, confidence: float = 0.5) -> None:
        """Load the bundle; see `check_landmarker` for what is raised."""
        path = check_landmarker(path)
        with quiet_stderr():
            self._mediapipe = load_mediapipe()
            tasks = self._mediapipe.tasks
            options = tasks.vision.FaceLandmarkerOptions(
                base_options=tasks.BaseOptions(model_asset_path=str(path)),
                running_mode=tasks.vision.RunningMode.VIDEO,
                # For a single face the bundle smooths, and lags; that is done later, and does not.
                num_faces=2,
                min_face_detection_confidence=confidence,
                min_face_presence_confidence=confidence,
                min_tracking_confidence=confidence,
            )
            try:
                self._landmarker = tasks.vision.FaceLandmarker.create_from_options(options)
            except (RuntimeError, ValueError) as error:
                raise InputError(
                    f"{path} cannot be loaded as a face landmarker. Download it again."
                ) from error
        self._calls = QuietUntilFound()
        self._time_ms = -1
        self._remembers = False

    def see(self, square: Picture, time_s: float) -> tuple[Points | None, float]:
        """Return the landmarks of the face in the middle of a square; see `Mesh.see`."""
        self._time_ms = max(self._time_ms + 1, round(time_s * 1000))
        image = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(square)
        )
        with self._calls:
            faces = self._landmarker.detect_for_video(image, self._time_ms).face_landmarks
            self._calls.found = self._calls.found or bool(faces)
        if not faces:
            return None, 0.0
        self._remembers = True
        found = [_points_of(face) for face in faces]
        away = [float(np.linalg.norm(points[:468, :2].mean(axis=0) - 0.5)) for points in found]
        points = found[int(np.argmin(away))]
        return (points if np.isfinite(points).all() else None), 1.0

    def restart(self) -> None:
        """Show it nothing, so that it looks for faces anew."""
        if self._remembers:
            self.see(np.zeros((self.side_px, self.side_px, 3), np.uint8), 0.0)
            self._remembers = False

    def close(self) -> None:
        """Let go of the networks."""
        with quiet_stderr():
            self._landmarker.close()


def _points_of(face: Any) -> Points:
    flat = np.fromiter(
        (number for point in face for number in (point.x, point.y, point.z)),
        dtype=np.float32,
        count=POINTS * 3,
    )
    return flat.reshape(POINTS, 3)
