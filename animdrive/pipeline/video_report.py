"""The report of a take: its figures as JSON, and a contact sheet to judge it at a glance."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from animdrive.contract import CurveTrack, LandmarkTrack, VideoFrame
from animdrive.contract.stages import Progress, RememberingDeformer, no_progress
from animdrive.errors import DeviceError
from animdrive.files import write_text
from animdrive.pipeline.outputs import JobResult, Performance
from animdrive.provenance import aigc_label, provenance_dict
from animdrive.sources.video.indices import (
    FACE_OVAL,
    IRIS_LEFT,
    IRIS_RIGHT,
    LIPS,
)
from animdrive.sources.video.report import take_report
from animdrive.sources.video.tracking.pictures import Region, cut_out

if TYPE_CHECKING:
    from animdrive.sources.video.report import TakeReport

Image = npt.NDArray[np.uint8]

_MOMENTS = 8
"""How many moments of a take its sheet shows."""
_EYES_COUNT = 0.25
"""How much blinks and glances count for what stands out, against the rest of the face."""
_ACROSS = 2
"""How many of them stand side by side."""
_CELL_PX = 256
"""Width and height of one picture on the sheet."""
_ROOM = 2.0
"""Width of what is shown of the clip, in widths of the face."""
_CAPTION_PX = 22
_BAR = 16
"""How dark it is where there is no picture."""


def write_report(
    performance: Performance,
    landmarks: LandmarkTrack,
    folder: Path,
    result: JobResult,
    *,
    sheet: bool = True,
    visible_label: bool = False,
    progress: Progress = no_progress,
) -> TakeReport:
    """Write ``NAME.report.json`` and, with `sheet`, ``NAME.sheet.png``; book both in `result`.

    A machine without a renderer gets no sheet, and a note.

    Args:
        performance: The take, with its recording.
        landmarks: What was tracked in it.
        folder: Where the files go.
        result: Gets the files, the figures as "take", and notes.
        sheet: Whether to draw the sheet.
        visible_label: Whether the sheet says "AI generated" in the picture.
        progress: Told of the stage "report".
    """
    progress("report", 0.0)
    try:
        return _written(performance, landmarks, folder, result, sheet, visible_label)
    finally:
        progress("report", 1.0)


def _written(
    performance: Performance,
    landmarks: LandmarkTrack,
    folder: Path,
    result: JobResult,
    sheet: bool,
    visible_label: bool,
) -> TakeReport:
    report = take_report(performance.track, landmarks, performance.character)
    result.figures["take"] = report.figures()
    path = folder / f"{performance.name}.report.json"
    write_text(path, json.dumps(report.document(), indent=1) + "\n")
    result.outputs["report"] = path
    if not sheet or performance.source_frames is None:
        return report
    try:
        image = draw_sheet(performance, landmarks, report.confidence.total)
    except DeviceError as error:
        result.notes.append(f"No contact sheet was drawn. {error}")
        return report
    if image is None:
        return report
    from animdrive.render.compose import labelled
    from animdrive.render.still import write_png

    path = folder / f"{performance.name}.sheet.png"
    described = provenance_dict(performance.provenance)
    write_png(
        labelled(image) if visible_label else image,
        path,
        metadata={
            "Title": performance.name,
            "Comment": f"Synthetic: made by {described['generator']}",
            "AIGC": aigc_label(performance.provenance),
        },
    )
    result.outputs["sheet"] = path
    return report


def moments(track: CurveTrack, landmarks: LandmarkTrack, count: int) -> list[int]:
    """Return which frames of the clip to show, at most `count`, in order.

    The take is parted evenly, and each part shows the moment at which the face differs most
    from how it usually is; a part without a face shows its middle.
    """
    frames = len(landmarks)
    at = np.rint((landmarks.times_s - track.start_s) * track.fps).astype(int)
    values = track.values[np.clip(at, 0, max(len(track) - 1, 0))]
    # Eyes blink and look about all the time: they alone are not what stands out.
    weight = [
        _EYES_COUNT if name.startswith(("eyeBlink", "eyeLook")) else 1 for name in track.names
    ]
    apart = np.abs(values - np.median(values, axis=0)) @ np.array(weight)
    apart[landmarks.confidence <= 0] = -1.0
    chosen: list[int] = []
    for part in np.array_split(np.arange(frames), min(count, frames)):
        if chosen:  # not what was shown a moment ago
            rest = part[part >= chosen[-1] + len(part) // 3]
            part = rest if len(rest) else part
        best = part[int(apart[part].argmax())]
        chosen.append(int(best) if apart[best] >= 0 else int(part[len(part) // 2]))
    return chosen


def draw_sheet(
    performance: Performance, landmarks: LandmarkTrack, confidence: npt.NDArray[np.float64]
) -> Image | None:
    """Return the sheet [H, W, 3]: moments of the clip, each plain, with landmarks, and as our face.

    Args:
        performance: The take, with its recording.
        landmarks: T frames.
        confidence: [T] of each frame, 0..1.

    Returns:
        The picture, or None where the recording shows nothing any more.

    Raises:
        DeviceError: this machine has no renderer.
    """
    from animdrive.render.compose import contact_sheet
    from animdrive.render.scene import Renderer

    if performance.source_frames is None:
        return None
    shown = moments(performance.track, landmarks, _MOMENTS)
    sources = _pictures(performance.source_frames, landmarks, shown)
    cells = []
    with Renderer(performance.character, size_px=(_CELL_PX, _CELL_PX)) as renderer:
        for index in shown:
            if index not in sources:
                continue
            ours = renderer.draw(_posed(performance, float(landmarks.times_s[index])))
            row = np.concatenate([*sources[index], ours], axis=1)
            cells.append(_captioned(row, float(landmarks.times_s[index]), confidence[index]))
    return contact_sheet(cells, min(_ACROSS, len(cells)), gap_px=8) if cells else None


def _pictures(
    open_clip: Callable[[], Iterator[VideoFrame]], landmarks: LandmarkTrack, shown: list[int]
) -> dict[int, tuple[Image, Image]]:
    """Return the chosen frames, cut to the face, plain and with landmarks drawn."""
    wanted = {round(float(landmarks.times_s[index]), 6): index for index in shown}
    found: dict[int, tuple[Image, Image]] = {}
    for frame in open_clip():
        index = wanted.get(round(frame.time_s, 6))
        if index is not None and index not in found:
            found[index] = _source_cells(frame.image, landmarks, index)
        if len(found) == len(wanted):
            break
    return found


def _source_cells(image: Image, landmarks: LandmarkTrack, index: int) -> tuple[Image, Image]:
    import cv2

    from animdrive.render.compose import letterboxed

    if landmarks.confidence[index] <= 0:
        whole = letterboxed(image, (_CELL_PX, _CELL_PX))
        return whole, whole
    points = landmarks.points[index, :, :2] * (image.shape[1] / landmarks.size_px[0])
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(_ROOM * float((high - low).max()), 8.0)
    middle = (low + high) / 2
    scale, corner = _CELL_PX / side, middle - side / 2
    plain = cut_out(image, Region(float(middle[0]), float(middle[1]), side), _CELL_PX)
    left, top = np.maximum(np.rint(-corner * scale), 0).astype(int)
    right, below = np.rint((np.array(image.shape[1::-1]) - corner) * scale).astype(int)
    plain[:top], plain[:, :left] = _BAR, _BAR  # what is not in the picture
    plain[max(below, 0) :], plain[:, max(right, 0) :] = _BAR, _BAR
    cell = plain.copy()
    drawn = (points - corner) * scale
    for group, colour in (
        (range(468), (70, 200, 120)),
        (FACE_OVAL, (240, 240, 240)),
        (LIPS, (255, 120, 120)),
        ((*IRIS_RIGHT, *IRIS_LEFT), (90, 180, 255)),
    ):
        for x, y in np.rint(drawn[list(group)] * 8).astype(int):
            cv2.circle(cell, (int(x), int(y)), 7, colour, -1, cv2.LINE_AA, 3)
    return plain, cell


def _posed(performance: Performance, time_s: float) -> npt.NDArray[np.float32]:
    """Return the character's vertices [V, 3] metres at a moment, the head in its place."""
    from animdrive.rig.pose import posed_vertices

    track, deformer = performance.track, performance.skin()
    at = int(np.clip(round((time_s - track.start_s) * track.fps), 0, len(track) - 1))
    values = np.zeros((1, len(deformer.names)), dtype=np.float32)
    for column, name in enumerate(deformer.names):
        if name in track.names:
            values[0, column] = track.curve(name)[at]
    if isinstance(deformer, RememberingDeformer):
        deformer.reset()
    return posed_vertices(
        performance.character,
        deformer.run(values)[0],
        head_rotation=track.head_rotation[at],
        head_position=np.zeros(3, dtype=np.float32),
        eye_rotation=track.eye_rotation[at],
    )


def _captioned(row: Image, time_s: float, confidence: float) -> Image:
    import cv2

    strip = np.full((_CAPTION_PX, row.shape[1], 3), _BAR, dtype=np.uint8)
    told = f"{time_s:.2f} s   confidence {confidence:.2f}" if confidence > 0 else "no face"
    text = told if confidence > 0 else f"{time_s:.2f} s   {told}"
    colour = (225, 225, 225) if confidence >= 0.5 else (255, 150, 110)
    cv2.putText(
        strip, text, (6, _CAPTION_PX - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA
    )
    return np.concatenate([row, strip])
