"""Visemes for engines: the 15 of Oculus (OVR LipSync) as weights, the 22 of Azure as events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from animdrive.contract import OVR15, Segment, VisemeTrack
from animdrive.errors import ContractError
from animdrive.files import write_text

OVR_NAMES: dict[str, str] = {
    **{name: name for name in OVR15},
    "I": "ih",
    "O": "oh",
    "U": "ou",
}
"""Viseme of `OVR15` → its name in the enumeration of Oculus."""

AZURE_IDS = range(22)
"""Azure's viseme ids; 0 is silence."""

_TICKS_PER_S = 10_000_000


def write_ovr_json(track: VisemeTrack, cues: Sequence[Segment], path: Path) -> None:
    """Write the weight of each of the 15 visemes at every frame, and which is spoken when.

    ``visemes`` are the names of the columns, ``shapeKeys`` the blend shapes of avatars that go
    with them (``viseme_aa``), ``frames`` [T][15] weights of 0..1, which sum to 1, and ``cues``
    ``{start, end, viseme}`` in seconds.

    Args:
        track: T frames of `OVR15`.
        cues: Labelled with `OVR15`, in time order.
        path: File to write.

    Raises:
        ContractError: other visemes than `OVR15`.
    """
    if track.names != OVR15:
        raise ContractError(f"The visemes must be {' '.join(OVR15)}, got {' '.join(track.names)}.")
    for cue in cues:
        if cue.label not in OVR_NAMES:
            raise ContractError(f"'{cue.label}' is none of the visemes {' '.join(OVR15)}.")
    head = {
        "fps": track.fps,
        "visemes": [OVR_NAMES[name] for name in OVR15],
        "shapeKeys": [f"viseme_{name}" for name in OVR15],
    }
    frames = [[round(float(weight), 4) for weight in row] for row in track.values]
    said = [
        {
            "start": round(cue.start_s, 4),
            "end": round(cue.end_s, 4),
            "viseme": OVR_NAMES[cue.label],
        }
        for cue in cues
    ]
    lines = [f' "{key}": {json.dumps(value)}' for key, value in head.items()]
    lines += [f' "cues": {_rows(said)}', f' "frames": {_rows(frames)}']
    write_text(Path(path), "{\n" + ",\n".join(lines) + "\n}\n")


def write_azure_json(cues: Sequence[Segment], path: Path) -> None:
    """Write viseme events as Azure's Speech SDK raises them: ``AudioOffset`` and ``VisemeId``.

    A list with one row for each viseme, in time order; offsets from the start of the sound, in
    ticks of 100 ns. Where the last cue is not silence, a row of silence ends it.

    Args:
        cues: Labelled with numbers of `AZURE_IDS`, in time order.
        path: File to write.

    Raises:
        ContractError: a label is none of Azure's ids.
    """
    known = {str(number) for number in AZURE_IDS}
    rows = []
    for cue in cues:
        if cue.label not in known:
            raise ContractError(f"'{cue.label}' is none of Azure's viseme ids 0..21.")
        rows.append((cue.start_s, int(cue.label)))
    if cues and rows[-1][1] != 0:
        rows.append((cues[-1].end_s, 0))
    events = [{"AudioOffset": round(start * _TICKS_PER_S), "VisemeId": i} for start, i in rows]
    write_text(Path(path), _rows(events, indent="") + "\n")


def _rows(values: Sequence[object], *, indent: str = " ") -> str:
    """Return a JSON list with each of `values` in a line of its own."""
    if not values:
        return "[]"
    lines = ",\n".join(f"{indent} {json.dumps(value)}" for value in values)
    return f"[\n{lines}\n{indent}]"
