"""Live work with a camera: a face that is seen to a face that moves now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from animdrive.contract import ARKIT52, CurveFrame
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.files import existing_file, output_folder
from animdrive.pipeline.live import latency_figures, record_take
from animdrive.pipeline.live_camera import CameraShots, PacedShots, PlainShots, Shot, Shots
from animdrive.pipeline.live_preview import PreviewWindow
from animdrive.pipeline.outputs import JobResult, shipped_weights
from animdrive.provenance import provenance_of
from animdrive.sources.video.live.config import LiveFaceConfig
from animdrive.sources.video.live.face import FaceFrame, LiveFace
from animdrive.sources.video.live.threads import one_thread
from animdrive.sources.video.live.tracker import LiveTracker
from animdrive.stream import opened_target
from animdrive.stream.recording import Recorder
from animdrive.stream.target import StreamTarget

if TYPE_CHECKING:
    from animdrive.contract import Character
    from animdrive.sources.video.fitting.person import Person

_NAP_S = 0.05
"""Longest wait: how soon a stop is noticed."""
_LEARNS_S = 3.0
"""Seconds of face that a person nobody knew takes to be known roughly."""
_SIDE_PX = 1280


@dataclass(frozen=True)
class LiveVideoConfig:
    """Settings of `animate_camera`."""

    fps: float | None = None
    """Pictures per second, 1..240; None takes the camera's or the clip's own."""
    size_px: tuple[int, int] = (1280, 720)
    """What a camera is asked for."""
    paced: bool = True
    """Whether a clip is seen no faster than a camera would."""
    preview: bool = False
    """Whether a window shows what is seen."""
    profile: Path | None = None
    """Who is in front of the camera, a file of 'animdrive calibrate'; None learns it."""
    face: LiveFaceConfig = field(default_factory=LiveFaceConfig)
    """Settings of the solver and its smoothing."""

    def __post_init__(self) -> None:
        if self.fps is not None and not 1 <= self.fps <= 240:
            raise InputError(f"fps must be in 1..240, got {self.fps}.")


@dataclass
class _Figures:
    """How it went."""

    sent: int = 0
    seen: int = 0
    latency_s: list[float] = field(default_factory=list)
    tracking_s: list[float] = field(default_factory=list)
    solving_s: list[float] = field(default_factory=list)
    work_s: float = 0.0
    last_s: float = 0.0


def animate_camera(
    source: str,
    to: Sequence[str],
    *,
    record: Path | None = None,
    config: LiveVideoConfig | None = None,
    progress: Progress = no_progress,
    stopped: Callable[[], bool] = lambda: False,
    shots: Shots | None = None,
) -> JobResult:
    """Turn what a camera sees into frames and send them, until it ends or somebody says stop.

    A picture that comes while another is worked on waits; one that comes after it takes its
    place, so that what is sent is never old.

    Args:
        source: Number of the camera, or a clip, seen as if a camera took it now.
        to: Targets, see `animdrive.stream.opened_target`. May be empty where `record` is given.
        record: Folder for the curves as CSV, named after the clip, or "live"; or None.
        config: Settings.
        progress: Told of the stage "live", for a clip.
        stopped: Asked often; True ends the work properly.
        shots: Pictures to use in place of those of `source`, by whoever has a camera of their own.

    Returns:
        Figures with latency and speed, notes on what was dropped, and the files.

    Raises:
        InputError: nobody receives frames, a setting cannot be used, or no face was ever seen.
        BackendError: an unknown target.
        DeviceError: no such camera, or no screen for the preview.
    """
    from animdrive.rig.head import load_head

    config = config or LiveVideoConfig()
    if not to and record is None:
        raise InputError(
            "Nobody receives the frames. Give --to livelink, vmc, vmc-vrm or jsonl, or --record."
        )
    path = None if source.isdecimal() else existing_file(Path(source), "clip")
    result = JobResult()
    person, face_config = _person(config)
    with ExitStack() as open_things:
        folder = None if record is None else open_things.enter_context(output_folder(record))
        targets: list[StreamTarget] = []
        for address in to:
            targets.append(opened_target(address))
            open_things.callback(targets[-1].close)
        recorder = Recorder()
        window = None
        if config.preview:
            window = PreviewWindow()
            open_things.callback(window.close)
        open_things.enter_context(one_thread())
        tracker = open_things.enter_context(LiveTracker())
        character = load_head()
        _warm_up(character, face_config)
        face = LiveFace(character, person=person, config=face_config)
        duration_s = 0.0
        if shots is None:
            shots, duration_s = _shots(source, path, config, result)
        open_things.callback(shots.close)
        figures = _run(
            shots,
            tracker,
            face,
            [*targets, recorder] if folder else targets,
            window,
            stopped=stopped,
            tick=lambda at_s: progress("live", min(at_s / duration_s, 0.999) if duration_s else 0),
        )
        progress("live", 1.0)
        if not figures.seen and not stopped():
            raise InputError(
                f"{source}: no face was found in {figures.sent} pictures; show one face from the "
                "front, well lit."
            )
        result.notes += _notes(figures, shots, targets, to, person)
        result.figures = _told(figures, shots)
        if folder is not None and len(recorder):
            record_take(
                path.stem if path is not None else "live",
                folder,
                recorder.track(),
                path,
                provenance_of(
                    tuple(given for given in (path, config.profile) if given is not None),
                    backend="live/camera",
                    config={**asdict(config), "profile": config.profile and config.profile.name},
                    weights=shipped_weights(
                        *(("face_regressor",) if config.face.solver == "learned" else ())
                    ),
                ),
                result,
            )
    return result


def _person(config: LiveVideoConfig) -> tuple[Person | None, LiveFaceConfig]:
    if config.profile is None:
        return None, config.face
    from dataclasses import replace

    from animdrive.sources.video.profile import read_profile

    profile = read_profile(config.profile)
    face = config.face
    if profile.focal is not None:
        face = replace(face, focal=profile.focal)
    return profile.person, face


def _warm_up(character: Character, config: LiveFaceConfig) -> None:
    """Solve a few frames elsewhere: a first time takes long, and somebody may be waiting."""
    face = LiveFace(character, config=config)
    rest = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
    points = (rest - rest.mean(axis=0)) * [1600.0, -1600.0, -1600.0] + [256.0, 256.0, 0.0]
    grey = np.full((512, 512, 3), 128, np.uint8)
    for frame in range(5):
        face.step(points, (512, 512), frame / 30, pixels=grey)
        face.rest()


def _shots(
    source: str, path: Path | None, config: LiveVideoConfig, result: JobResult
) -> tuple[Shots, float]:
    """Return where the pictures come from, and how long they last, 0 where nobody knows."""
    if path is None:
        return CameraShots(int(source), size_px=config.size_px, fps=config.fps), 0.0
    from animdrive.media.video import at_constant_rate, probe_video, read_frames

    info = probe_video(path)
    frames = read_frames(path, max_side_px=_SIDE_PX, report=result.notes.append)
    fps = min(max(info.fps, 1.0), 240.0)
    if config.fps is not None:
        frames, fps = at_constant_rate(frames, config.fps), config.fps
    made: Shots = PacedShots(frames, fps) if config.paced else PlainShots(frames, fps)
    return made, info.duration_s


def _run(
    shots: Shots,
    tracker: LiveTracker,
    face: LiveFace,
    targets: Sequence[StreamTarget],
    window: PreviewWindow | None,
    *,
    stopped: Callable[[], bool],
    tick: Callable[[float], None],
) -> _Figures:
    figures = _Figures()
    number, last_s = -1, -1.0
    while not stopped() and not (window is not None and window.closed):
        shot = shots.next(_NAP_S)
        if shot is None:
            if shots.ended:
                break
            continue
        if shot.time_s <= last_s:
            continue
        last_s = shot.time_s
        begun_s = perf_counter()
        points = tracker.find(shot.image, shot.time_s)
        tracked_s = perf_counter()
        solved = _solved(face, points, shot)
        number = max(number + 1, round(shot.time_s * shots.fps))
        frame = CurveFrame(
            number=number,
            fps=shots.fps,
            values=solved.values.astype(np.float32),
            head_rotation=solved.head_rotation.astype(np.float32),
            eye_rotation=solved.eye_rotation.astype(np.float32),
            confidence=solved.confidence,
        )
        solved_s = perf_counter()
        _send(frame, targets)
        figures.latency_s.append(monotonic() - shot.captured_s)
        figures.tracking_s.append(tracked_s - begun_s)
        figures.solving_s.append(solved_s - tracked_s)
        figures.sent += 1
        figures.seen += solved.confidence > 0
        figures.last_s = shot.time_s
        if window is not None:
            window.show(shot.image, points, dict(zip(ARKIT52, solved.values, strict=True)))
        face.rest()
        figures.work_s += perf_counter() - begun_s
        tick(shot.time_s)
    return figures


def _solved(face: LiveFace, points: Any, shot: Shot) -> FaceFrame:
    if points is None:
        return face.lost(shot.time_s)
    height, width = shot.image.shape[:2]
    return face.step(points, (width, height), shot.time_s, pixels=shot.image)


def _send(frame: CurveFrame, targets: Sequence[StreamTarget]) -> None:
    for target in targets:
        try:
            target.send(frame)
        except OSError as error:
            raise InputError(
                f"Frame {frame.number} cannot be written ({error.strerror or error}). "
                "Make room, or keep the reader running."
            ) from error


def _notes(
    figures: _Figures,
    shots: Shots,
    targets: Sequence[StreamTarget],
    to: Sequence[str],
    person: Person | None,
) -> list[str]:
    notes = []
    if person is None:
        notes.append(
            f"The person was learned while they were seen; the first {_LEARNS_S:g} s are rough. "
            "With a profile of 'animdrive calibrate' they are not."
        )
    lost = figures.sent - figures.seen
    if lost:
        notes.append(f"No face in {lost} of {figures.sent} pictures; there the face eases to rest.")
    if shots.dropped:
        notes.append(f"{shots.dropped} pictures were dropped, to keep up.")
    for address, target in zip(to, targets, strict=True):
        if target.lost:
            notes.append(f"{address}: {target.lost} frames could not be handed to the network.")
    return notes


def _told(figures: _Figures, shots: Shots) -> dict[str, Any]:
    taken = figures.latency_s if shots.live else []
    done_s = figures.last_s + 1 / shots.fps
    return {
        "fps": round(shots.fps, 4),
        "frames_sent": figures.sent,
        "frames_dropped": shots.dropped,
        "found_share": round(figures.seen / max(figures.sent, 1), 4),
        "latency_s": latency_figures(taken),
        "tracking_s": latency_figures(figures.tracking_s),
        "solving_s": latency_figures(figures.solving_s),
        "times_real_time": round(done_s / figures.work_s, 1) if figures.work_s else None,
    }
