"""Mouth cues as Rhubarb Lip Sync writes them: TSV, JSON, XML, and DAT for Moho and OpenToonz."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from animdrive.contract import Segment
from animdrive.errors import ContractError, InputError
from animdrive.files import write_text

SHAPES: tuple[str, ...] = tuple("ABCDEFGHX")
"""The mouth shapes: six basic ones, G, H and X extended; X is the mouth at rest."""

PRESTON_BLAIR: dict[str, str] = {
    "A": "MBP",
    "B": "etc",
    "C": "E",
    "D": "AI",
    "E": "O",
    "F": "U",
    "G": "FV",
    "H": "L",
    "X": "rest",
}
"""Shape → its name in a DAT file, after Preston Blair's phoneme series."""

_FIRMNESS = {"A": 2, "G": 1}
"""Shape → how much it must not be lost; others 0."""


def write_rhubarb_tsv(cues: Sequence[Segment], path: Path) -> None:
    """Write a line ``start TAB shape`` for each cue, and one with shape X where the last ends.

    Args:
        cues: Labelled with `SHAPES`, from 0 s on, without gaps.
        path: File to write.

    Raises:
        ContractError: a label is no shape, or there is a gap.
    """
    lines = [f"{cue.start_s:.2f}\t{cue.label}" for cue in _checked(cues)]
    write_text(Path(path), "\n".join([*lines, f"{_end_s(cues):.2f}\tX"]) + "\n")


def write_rhubarb_json(cues: Sequence[Segment], path: Path, *, sound: Path | None = None) -> None:
    """Write ``metadata`` and ``mouthCues`` as Rhubarb does; raises as `write_rhubarb_tsv`.

    Args:
        cues: As for `write_rhubarb_tsv`.
        path: File to write.
        sound: The recording; its absolute path stands in the file.
    """
    rows = [
        f'    {{ "start": {cue.start_s:.2f}, "end": {cue.end_s:.2f}, "value": "{cue.label}" }}'
        for cue in _or_rest(_checked(cues))
    ]
    text = (
        '{\n  "metadata": {\n'
        f'    "soundFile": {json.dumps(_absolute(sound), ensure_ascii=False)},\n'
        f'    "duration": {_end_s(cues):.2f}\n  }},\n'
        '  "mouthCues": [\n' + ",\n".join(rows) + "\n  ]\n}\n"
    )
    write_text(Path(path), text)


def write_rhubarb_xml(cues: Sequence[Segment], path: Path, *, sound: Path | None = None) -> None:
    """Write ``rhubarbResult``; arguments and errors as of `write_rhubarb_json`."""
    rows = [
        f'    <mouthCue start="{cue.start_s:.2f}" end="{cue.end_s:.2f}">{cue.label}</mouthCue>'
        for cue in _or_rest(_checked(cues))
    ]
    head = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<rhubarbResult>",
        "  <metadata>",
        f"    <soundFile>{escape(_absolute(sound))}</soundFile>",
        f"    <duration>{_end_s(cues):.2f}</duration>",
        "  </metadata>",
        "  <mouthCues>",
    ]
    write_text(Path(path), "\n".join([*head, *rows, "  </mouthCues>", "</rhubarbResult>"]) + "\n")


def write_rhubarb_dat(cues: Sequence[Segment], path: Path, *, fps: float = 24.0) -> None:
    """Write a switch file for Moho (Anime Studio): ``frame name``, names of `PRESTON_BLAIR`.

    Frame 1 is time 0. Of cues that begin in one frame one is written: closed lips (A) before the
    lip on the teeth (G) before the first; Rhubarb takes the first, and loses a P beside a short
    vowel. The last line closes the mouth where the recording ends.

    Args:
        cues: As for `write_rhubarb_tsv`.
        path: File to write.
        fps: Frames per second of the animation, 24..100 as in Rhubarb.

    Raises:
        InputError: `fps` is out of range.
        ContractError: as `write_rhubarb_tsv`.
    """
    check_dat_fps(fps)
    shown: dict[int, str] = {}
    for cue in _checked(cues):
        frame = _frame(cue.start_s, fps)
        if frame not in shown or _FIRMNESS.get(cue.label, 0) > _FIRMNESS.get(shown[frame], 0):
            shown[frame] = cue.label
    last = _frame(_end_s(cues), fps)
    shown[last + (last in shown)] = "X"
    lines = [f"{frame} {PRESTON_BLAIR[shape]}" for frame, shape in shown.items()]
    write_text(Path(path), "\n".join(["MohoSwitch1", *lines]) + "\n")


def check_dat_fps(fps: float) -> None:
    """Raise InputError for a frame rate that a DAT file cannot have."""
    if not 24 <= fps <= 100:
        raise InputError(f"A DAT file has 24..100 frames per second, got {fps:g}.")


def _frame(time_s: float, fps: float) -> int:
    return 1 + int(fps * time_s + 1e-9)  # 0.28999999 s is frame 29 of 100, as it was meant


def _checked(cues: Sequence[Segment]) -> Sequence[Segment]:
    now = 0.0
    for cue in cues:
        if cue.label not in SHAPES:
            raise ContractError(f"'{cue.label}' is none of the mouth shapes {''.join(SHAPES)}.")
        if abs(cue.start_s - now) > 1e-6:
            raise ContractError(
                f"Mouth cue {cue.label} starts at {cue.start_s:.3f} s, not at {now:.3f} s where "
                "the one before it ends."
            )
        now = cue.end_s
    return cues


def _or_rest(cues: Sequence[Segment]) -> Sequence[Segment]:
    return cues or (Segment(0.0, 0.0, "X"),)  # readers expect a cue at least


def _end_s(cues: Sequence[Segment]) -> float:
    return cues[-1].end_s if cues else 0.0


def _absolute(sound: Path | None) -> str:
    return "" if sound is None else str(Path(sound).absolute())
