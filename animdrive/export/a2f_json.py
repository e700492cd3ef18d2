"""Curves as the JSON of Omniverse Audio2Face.

Layout: ``exportFps, trackPath, numPoses, numFrames, facsNames[C], weightMat[T][C], joints[J],
rotations[T][J][4], translations[T][J][3]``. The joints that are written are head, eye_left and
eye_right; rotations are quaternions x, y, z, w, translations metres from the place at rest, both in
our axes (+Y up, the face looks along +Z, the eyes in head space).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, CurveTrack, as_arkit
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.reading import CurveRead, arkit_columns, unit_values, with_eyes
from animdrive.files import existing_file, write_text
from animdrive.rig.pose import EYE_BONES, angles_from_quaternion, quaternion_from_angles

_JOINTS = ("head", *EYE_BONES)
_DEFAULT_FPS = 60.0
_MOST_FPS = 10_000.0
"""Nothing is recorded faster; a greater number is damage."""
_DECIMALS = 7


def write_a2f_json(track: CurveTrack, path: Path) -> None:
    """Write `track` with seven decimals, whole or not at all.

    `CurveTrack.start_s` and `CurveTrack.confidence` have no place in it: frame 0 is at 0 s.

    Raises:
        InputError: the file cannot be written.
    """
    path = Path(path)
    full = as_arkit(track)
    angles = np.concatenate([track.head_rotation[:, None], track.eye_rotation], axis=1)
    places = np.zeros((len(track), len(_JOINTS), 3), dtype=np.float32)
    places[:, 0] = track.head_position
    document = {
        "exportFps": int(track.fps) if track.fps == int(track.fps) else track.fps,
        "trackPath": path.stem,
        "numPoses": len(ARKIT52),
        "numFrames": len(track),
        "facsNames": list(ARKIT52),
        "weightMat": _rounded(full.values),
        "joints": list(_JOINTS),
        "rotations": _rounded(quaternion_from_angles(angles)),
        "translations": _rounded(places),
    }
    write_text(path, json.dumps(document) + "\n")


def _rounded(values: FloatArray) -> list[Any]:
    rows: list[Any] = (np.round(values.astype(np.float64), _DECIMALS) + 0.0).tolist()
    return rows


def read_a2f_json(path: Path) -> CurveRead:
    """Read curves from Audio2Face's JSON, whoever wrote it.

    ``facsNames`` and ``weightMat`` must be there; names are matched whatever their case. Without
    ``exportFps`` 60 is taken, which is Audio2Face's own. Joints called head, eye_left and eye_right
    are used, others are left out.

    Raises:
        InputError: no such file, not JSON, something is missing, of a wrong length, or NaN.
    """
    path = existing_file(Path(path), "curve file")
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}). Export it again.") from error
    if not isinstance(document, dict) or not {"facsNames", "weightMat"} <= document.keys():
        raise InputError(
            f"{path} is not a curve file: it lacks 'facsNames' or 'weightMat', the layout of "
            "Audio2Face. Export it from there, or give a .csv or .glb."
        )
    names = document["facsNames"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{path}: 'facsNames' must be a list of names.")
    weights = _array(path, "weightMat", document["weightMat"], (len(names),), names)
    _check_count(path, document, "numPoses", len(names))
    _check_count(path, document, "numFrames", len(weights))
    fps, notes = _fps(path, document)
    columns, more = arkit_columns(path, names)
    values = np.zeros((len(weights), len(ARKIT52)))
    for name, column in columns.items():
        values[:, ARKIT52.index(name)] = weights[:, column]
    clipped, clip_notes = unit_values(path, values)
    rotation, position = _pose(path, document, len(weights))
    track = CurveTrack(
        names=ARKIT52,
        fps=fps,
        values=clipped,
        head_rotation=rotation[:, 0],
        head_position=position,
        eye_rotation=rotation[:, 1:],
    )
    track, eye_notes = with_eyes(track)
    return CurveRead(track, notes + more + clip_notes + eye_notes)


def _check_count(path: Path, document: dict[str, Any], key: str, found: int) -> None:
    if document.get(key, found) != found:
        raise InputError(
            f"{path}: '{key}' says {document[key]}, but {found} are there; the file is damaged. "
            "Export it again."
        )


def _fps(path: Path, document: dict[str, Any]) -> tuple[float, tuple[str, ...]]:
    fps = document.get("exportFps")
    if fps is None:
        return _DEFAULT_FPS, (f"It names no frame rate; {_DEFAULT_FPS:g} per second were taken.",)
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps <= _MOST_FPS:
        raise InputError(
            f"{path}: 'exportFps' must be a number above 0, at most {_MOST_FPS:g}, got "
            f"{repr(fps)[:20]}."
        )
    return float(fps), ()


def _array(
    path: Path,
    key: str,
    rows: Any,
    shape: tuple[int, ...],
    labels: list[str] | tuple[str, ...],
) -> npt.NDArray[np.float64]:
    """Return [T, *shape] finite numbers, or tell what is wrong and where."""
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path}: '{key}' holds no frames; nothing was read.")
    try:
        values = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):  # the last: an integer of hundreds of digits
        values = np.zeros(0)
    if values.shape[1:] != shape or len(values) != len(rows):
        for frame, row in enumerate(rows):
            if np.shape(np.array(row, dtype=object)) != shape:
                raise InputError(
                    f"{path}: frame {frame} of '{key}' must hold {_times(shape)} numbers. Export "
                    "it again."
                )
        raise InputError(f"{path}: '{key}' holds something that is not a number.")
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        frame, column = (int(at) for at in wrong[0][:2])
        raise InputError(
            f"{path}: frame {frame} of '{key}' has no finite number for '{labels[column]}' "
            f"({len(wrong)} such values). Repair it or cut the frames."
        )
    return values


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape)


def _pose(path: Path, document: dict[str, Any], frames: int) -> tuple[FloatArray, FloatArray]:
    """Return [T, 3 joints, 3] radians and the head's [T, 3] metres; zeros where there are none."""
    rotation = np.zeros((frames, len(_JOINTS), 3), dtype=np.float32)
    position = np.zeros((frames, 3), dtype=np.float32)
    joints = document.get("joints")
    if not isinstance(joints, list) or not any(name in joints for name in _JOINTS):
        return rotation, position
    labels = [str(name) for name in joints]
    for key, width in (("rotations", 4), ("translations", 3)):
        if not document.get(key):
            continue
        values = _array(path, key, document[key], (len(joints), width), labels)
        if len(values) != frames:
            raise InputError(
                f"{path}: '{key}' has {len(values)} frames, but 'weightMat' has {frames}. Export "
                "it again."
            )
        if width == 3:
            if "head" in joints:
                position[:] = values[:, joints.index("head")]
            continue
        for at, name in enumerate(_JOINTS):
            if name in joints:
                turn = values[:, joints.index(name)]
                turn[~turn.any(axis=1)] = (0, 0, 0, 1)  # some writers leave unused joints at 0
                rotation[:, at] = angles_from_quaternion(turn)
    return rotation, position
