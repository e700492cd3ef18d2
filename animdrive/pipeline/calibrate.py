"""A calibration take, of a clip or before a camera, to a person's profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from animdrive.contract import LandmarkTrack, VideoFrame
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.errors import InputError
from animdrive.files import existing_file
from animdrive.pipeline.live_camera import CameraShots, Shots
from animdrive.pipeline.outputs import JobResult

STEPS = (
    (3.0, "look at the camera, still, lips closed"),
    (2.0, "close your eyes"),
    (2.0, "open your mouth wide"),
    (2.0, "purse your lips as for a kiss"),
    (2.0, "smile broadly"),
    (2.0, "raise your brows"),
    (2.5, "turn your head to one side"),
    (2.5, "and to the other"),
    (2.0, "look at the camera again, still"),
)
"""What a person before a camera is asked for, and for how many seconds."""
_STAND_IN = {
    "neutral": "; the face at rest was guessed from all of the take",
    "closed eyes": "; where they are shut was guessed",
}
"""What is done where a part is missing that the profile needs."""
_SIDE_PX = 1280


@dataclass(frozen=True)
class CalibrationConfig:
    """Settings of `calibrate`."""

    focal: float | None = None
    """The camera's focal length in longest sides of the picture, where it is known."""
    size_px: tuple[int, int] = (1280, 720)
    """What a camera is asked for."""

    def __post_init__(self) -> None:
        if self.focal is not None and not 0.2 <= self.focal <= 20:
            raise InputError(
                f"--focal must be in 0.2..20 longest sides of the picture, got {self.focal}."
            )


def calibrate(
    source: str,
    target: Path,
    *,
    config: CalibrationConfig | None = None,
    progress: Progress = no_progress,
    ask: Report = tell_nobody,
    stopped: Callable[[], bool] = lambda: False,
    shots: Shots | None = None,
) -> JobResult:
    """Measure the person in a calibration take and write their profile.

    Args:
        source: A clip, or the number of a camera; before a camera the person is asked for each
            part of the take in turn.
        target: The profile to write, ``.json``.
        config: Settings.
        progress: Told of the stages.
        ask: Told what to do next, before a camera.
        stopped: Asked often; True ends a camera's take early.
        shots: Pictures to use in place of those of the camera, by whoever has one of their own.

    Returns:
        Figures: what was found and missing, and the measures. Notes: what to do better.

    Raises:
        InputError: the clip or the target cannot be used, or nobody's face is in it.
        DeviceError: no such camera.
    """
    from animdrive.rig.head import load_head
    from animdrive.sources.video.calibration import ADVICE, calibrated
    from animdrive.sources.video.profile import write_profile

    config = config or CalibrationConfig()
    target = Path(target)
    if target.suffix.lower() != ".json":
        raise InputError(f"A profile is a .json file, got '{target.name}'. Name it so.")
    if target.is_dir():
        raise InputError(f"{target} is a folder; name a file, such as profile.json.")
    result = JobResult()
    clock = perf_counter()
    if shots is not None or source.isdecimal():
        camera = shots or CameraShots(int(source), size_px=config.size_px)
        name = f"camera {source}"
        try:
            landmarks = _landmarks_of_camera(camera, progress, ask, stopped)
        finally:
            camera.close()
    else:
        path = existing_file(Path(source), "clip")
        name = str(path)
        landmarks = _landmarks_of_clip(path, progress, result.notes.append)
    clock = result.timed("tracking", clock)
    progress("measuring the person", 0.0)
    try:
        profile = calibrated(landmarks, load_head(), focal=config.focal)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    write_profile(profile, target)
    progress("measuring the person", 1.0)
    result.timed("measuring the person", clock)
    result.outputs = {"profile": target}
    result.figures = {
        "duration_s": round(float(landmarks.times_s[-1] - landmarks.times_s[0]), 3),
        "source_frames": len(landmarks),
        "found_share": round(float((landmarks.confidence > 0).mean()), 4),
        "found": list(profile.found),
        "missing": list(profile.missing),
        "closed_gap": round(float(profile.person.closed_gap), 4),
        "open_eyes": [round(float(value), 4) for value in profile.person.open_eyes],
        "closed_eyes": [round(float(value), 4) for value in profile.person.closed_eyes],
        "ranges": {
            part: [round(value, 4) for value in ends] for part, ends in profile.ranges.items()
        },
        "focal": profile.focal,
    }
    result.notes += [
        f"Not found: {part}{_STAND_IN.get(part, '')}. For a better profile, {ADVICE[part]}."
        for part in profile.missing
    ]
    return result


def _landmarks_of_clip(path: Path, progress: Progress, report: Report) -> LandmarkTrack:
    from animdrive.media.video import probe_video, read_frames
    from animdrive.sources.video.tracking.landmarks import FaceMeshTracker

    count = probe_video(path).frame_count
    frames = _Counted(read_frames(path, max_side_px=_SIDE_PX, report=report), count)
    try:
        return FaceMeshTracker().track(frames, progress=progress, report=report)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


class _Counted:
    """An iterator that says how much it holds, so that a tracker can tell how far it is."""

    def __init__(self, frames: Iterator[VideoFrame], count: int) -> None:
        self._frames, self._count = frames, count

    def __iter__(self) -> Iterator[VideoFrame]:
        return self._frames

    def __length_hint__(self) -> int:
        return self._count


def _landmarks_of_camera(
    shots: Shots, progress: Progress, ask: Report, stopped: Callable[[], bool]
) -> LandmarkTrack:
    """Watch a camera for as long as the take lasts; tell the person what to do."""
    from animdrive.sources.video.live.tracker import LiveTracker

    length_s = sum(seconds for seconds, _ in STEPS)
    ends_s = np.cumsum([seconds for seconds, _ in STEPS])
    points: list[npt.NDArray[np.float32] | None] = []
    times: list[float] = []
    size = (0, 0)
    asked = -1
    with LiveTracker() as tracker:
        begin_s: float | None = None
        while not stopped():
            shot = shots.next(0.05)
            if shot is None:
                if shots.ended:
                    break
                continue
            begin_s = shot.time_s if begin_s is None else begin_s
            since_s = shot.time_s - begin_s
            if since_s >= length_s:
                break
            step = int(np.searchsorted(ends_s, since_s, side="right"))
            if step != asked:
                asked = step
                ask(STEPS[step][1])
            size = (shot.image.shape[1], shot.image.shape[0])
            if times and since_s <= times[-1]:
                continue
            points.append(tracker.find(shot.image, shot.time_s))
            times.append(since_s)
            progress("watching", min(since_s / length_s, 0.999))
    if not times:
        raise InputError("The camera gave no picture, so there is nothing to calibrate on.")
    progress("watching", 1.0)
    nothing = np.zeros((478, 3), dtype=np.float32)
    return LandmarkTrack(
        np.stack([nothing if face is None else face for face in points]),
        np.array(times),
        np.array([0.0 if face is None else 1.0 for face in points], dtype=np.float32),
        size,
    )
