"""Frames as lines of JSON, on stdout or in a file: the easiest thing to read in own code."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from animdrive.contract import ARKIT52, CurveFrame
from animdrive.errors import InputError
from animdrive.files import written_aside

_DIGITS = 6


def json_line(frame: CurveFrame) -> str:
    """Return one frame as one line, without its end.

    ``{"frame": 0, "time_s": 0.0, "fps": 60.0, "confidence": 1.0, "curves": {name: 0..1, all 52},
    "head": [pitch, yaw, roll], "eyes": [[left], [right]]}``, angles in radians and our axes
    (`CurveTrack`), six decimals.
    """
    values = (round(float(value), _DIGITS) for value in frame.values)
    return json.dumps(
        {
            "frame": frame.number,
            "time_s": round(frame.time_s, _DIGITS),
            "fps": frame.fps,
            "confidence": round(frame.confidence, _DIGITS),
            "curves": dict(zip(ARKIT52, values, strict=True)),
            "head": [round(float(angle), _DIGITS) for angle in frame.head_rotation],
            "eyes": [[round(float(angle), _DIGITS) for angle in eye] for eye in frame.eye_rotation],
        },
        separators=(",", ":"),
    )


class JsonLinesTarget:
    """Writes one line per frame, each handed on at once.

    A file appears whole when the stream ends; a named pipe or device is written as it goes.
    """

    def __init__(self, where: str = "") -> None:
        """Open a file, or stdout where none is named.

        Raises:
            InputError: the file cannot be written.
        """
        self.lost = 0
        self._open = ExitStack()
        self._file: IO[str] = sys.stdout
        if not where:
            return
        path = Path(where)
        if path.is_dir():
            raise InputError(f"{path} is a folder; name a file, such as jsonl:take.jsonl.")
        flows = path.exists() and not path.is_file()
        try:
            place = path if flows else self._open.enter_context(written_aside(path))
            self._file = self._open.enter_context(place.open("w", encoding="utf-8", newline="\n"))
        except OSError as error:
            self._open.close()
            raise InputError(
                f"Cannot write {path}: {error.strerror or error}. Name another file."
            ) from error

    def send(self, frame: CurveFrame) -> None:
        """Write one line.

        Raises:
            OSError: the disk is full, or nobody reads any more.
        """
        self._file.write(json_line(frame) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Complete the file."""
        self._open.close()
