"""A performance as a film: curves through the deformer to pictures, a few frames at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.contract import AudioClip, Character, CurveTrack, VideoFrame
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Deformer, Progress, RememberingDeformer, no_progress
from animdrive.errors import InputError
from animdrive.media.writer import VideoWriter
from animdrive.render.compose import contact_sheet, labelled, letterboxed, panel_width
from animdrive.render.look import LookConfig
from animdrive.render.scene import Renderer
from animdrive.render.still import render_still
from animdrive.rig.pose import eye_rotation_from_looks, posed_vertices

__all__ = ["contact_sheet", "render_preview", "render_still"]

_CHUNK = 32
_MAX_FPS = 30.0
_STAGE = "preview"
_ROAM_M = 0.06
"""The head moves at most this far from the middle of the picture, however far the person walked."""


def render_preview(
    character: Character,
    deformer: Deformer,
    track: CurveTrack,
    path: Path,
    *,
    fps: float | None = None,
    size: int = 512,
    audio: Path | AudioClip | None = None,
    source_frames: Iterator[VideoFrame] | None = None,
    visible_label: bool = False,
    metadata: Mapping[str, str] | None = None,
    look: LookConfig | None = None,
    progress: Progress = no_progress,
) -> None:
    """Film `character` as it performs `track`, with sound, as an H.264 mp4.

    The head turns as it does in the track, and moves as far as keeps it in the picture. The film
    starts at time 0 of the recording and ends where the track ends; before its first
    frame the track holds still. Memory does not grow with its length.

    Args:
        character: Whom to film.
        deformer: Curves to skin; curves of it that the track lacks stay at rest.
        track: The performance. Where it turns no eye, its eyeLook curves do.
        path: The mp4 to write.
        fps: Frames per second of the film; by default the track's, at most 30. Curves are
            interpolated linearly in time.
        size: Height of the picture and width of the character's half, even, pixels.
        audio: The sound, a file or a clip, from time 0.
        source_frames: The recording, in order of time, shown left of the character; each moment
            shows the frame that is nearest in time. It may end early.
        visible_label: Whether to write "AI generated" into the picture.
        metadata: Written into the file, key by key.
        look: Light and background.
        progress: Told "preview" and how much is done.

    Raises:
        InputError: nothing to film, an odd or tiny `size`, an `fps` outside 1..240, a `path` that
            cannot be written, a sound that cannot be read.
        DeviceError: this machine has no renderer.
    """
    rate = min(track.fps, _MAX_FPS) if fps is None else float(fps)
    count = frame_count(track, rate)
    if size < 16 or size % 2:
        raise InputError(f"The size of a preview must be even and at least 16 px, got {size}.")
    sources, wide = None, 0
    if source_frames is not None:
        first = next(source_frames, None)
        if first is not None:
            wide = panel_width(first.image, size)
            sources = nearest_frames(chain([first], source_frames), rate, count)
    progress(_STAGE, 0.0)
    with (
        Renderer(character, size_px=(size, size), look=look) as renderer,
        VideoWriter(
            path, size_px=(wide + size, size), fps=rate, audio=audio, metadata=metadata
        ) as writer,
    ):
        drawn = (
            renderer.draw(vertices)
            for vertices in posed_frames(character, deformer, track, fps=rate)
        )
        for number, image in enumerate(drawn, start=1):
            if sources is not None:
                panel = letterboxed(next(sources).image, (wide, size))
                image = np.concatenate([panel, image], axis=1)
            writer.write(labelled(image) if visible_label else image)
            if number % _CHUNK == 0 or number == count:
                progress(_STAGE, number / count)


def frame_count(track: CurveTrack, fps: float) -> int:
    """Return how many frames a film of `track` has that starts at time 0.

    Raises:
        InputError: none, or `fps` is outside 1..240.
    """
    if not 1 <= fps <= 240:
        raise InputError(f"The frame rate of a preview must be in 1..240, got {fps}.")
    end_s = track.start_s + track.duration_s
    if not len(track) or end_s <= 0:
        raise InputError("The track has no frames after time 0; there is nothing to film.")
    return max(round(end_s * fps), 1)


def posed_frames(
    character: Character, deformer: Deformer, track: CurveTrack, *, fps: float
) -> Iterator[FloatArray]:
    """Yield [V, 3] metres, `character` posed at times 0, 1/fps, 2/fps...; see `render_preview`."""
    count = frame_count(track, fps)
    if isinstance(deformer, RememberingDeformer):
        deformer.reset()
    columns = [track.names.index(name) if name in track.names else -1 for name in deformer.names]
    known = np.array([column >= 0 for column in columns], dtype=np.float32)
    curves = track.values[:, columns] * known
    eyes = track.eye_rotation if track.eye_rotation.any() else eye_rotation_from_looks(track)
    for start in range(0, count, _CHUNK):
        at = (np.arange(start, min(start + _CHUNK, count)) / fps - track.start_s) * track.fps
        rotation, position = _at(track.head_rotation, at), _in_sight(_at(track.head_position, at))
        gaze = _at(eyes, at)
        for number, skin in enumerate(deformer.run(_at(curves, at))):
            yield posed_vertices(
                character,
                skin,
                head_rotation=rotation[number],
                head_position=position[number],
                eye_rotation=gaze[number],
            )


def _in_sight(position: FloatArray) -> FloatArray:
    """Return `position` [N, 3] shortened so that small motion stays and large ends at `_ROAM_M`."""
    far = np.linalg.norm(position, axis=1, keepdims=True) / _ROAM_M
    return np.asarray(position / np.sqrt(1 + far**2), dtype=np.float32)


def nearest_frames(frames: Iterator[VideoFrame], fps: float, count: int) -> Iterator[VideoFrame]:
    """Yield `count` of `frames`, those nearest to the times 0, 1/fps, 2/fps...

    Args:
        frames: In order of time, at least one; those that are never nearest are skipped, and the
            last one is held.
        fps: Frames per second wanted.
        count: How many to yield.
    """
    shown = next(frames)
    coming = next(frames, None)
    for number in range(count):
        time_s = number / fps
        while coming is not None and coming.time_s - time_s <= time_s - shown.time_s:
            shown, coming = coming, next(frames, None)
        yield shown


def _at(values: FloatArray, places: npt.NDArray[np.float64]) -> FloatArray:
    """Return `values` [T, ...] at fractional frames [N], linear between, held at both ends."""
    held = np.clip(places, 0, len(values) - 1)
    before = np.floor(held).astype(np.intp)
    after = np.minimum(before + 1, len(values) - 1)
    share = (held - before).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    between: FloatArray = values[before] * (1 - share) + values[after] * share
    return between
