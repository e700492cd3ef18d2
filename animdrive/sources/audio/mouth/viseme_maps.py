"""Phones to the visemes of others: documented tables, each of which a user may replace."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from animdrive.contract import OVR15, PhoneTrack, Segment
from animdrive.errors import ContractError, InputError
from animdrive.files import existing_file
from animdrive.sources.audio.language.phones import (
    CLASS_OF_PHONE,
    CLASSES,
    VISEME_OF_PHONE,
    plain_phone,
)

AZURE_OF_PHONE: dict[str, str] = {
    phone: str(number)
    for number, phones in enumerate(
        (
            "SIL",
            "AE AH ɤ",
            "AA a",
            "AO œ",
            "EY EH UH e",
            "ER",
            "Y IY IH ɯ ɨ",
            "W UW y ɥ",
            "OW o ø",
            "AW",
            "OY",
            "AY",
            "HH ħ",
            "R r",
            "L ʎ",
            "S Z ts dz ɕ ʑ tɕ dʑ ç",
            "SH CH JH ZH ʂ ʐ ʈʂ",
            "TH DH",
            "F V β",
            "D T N DX ɲ",
            "K G NG Q x ɣ ʁ",
            "P B M",
        )
    )
    for phone in phones.split()
}
"""Phone → the 22 viseme ids of SAPI and Azure Speech ("Get facial position with viseme")."""

RHUBARB_OF_PHONE: dict[str, str] = {
    "SIL": "X",
    "P": "A",
    "B": "A",
    "M": "A",
    "F": "G",
    "V": "G",
    "AA": "D",
    "AE": "C",
    "AH": "C",
    "AO": "E",
    "AW": "D>E",
    "AY": "D>B",
    "EH": "C",
    "ER": "E",
    "EY": "C>B",
    "IH": "B",
    "IY": "B",
    "OW": "E>F",
    "OY": "E>B",
    "UH": "F",
    "UW": "F",
    "W": "F",
    "L": "B|E|F|H",
    "R": "B|E|F",
    "Y": "B|C|F",
    "HH": "B|C|D|E|F",
    "Q": "B|C|D|E|F",
    "T": "B|F",
    "D": "B|F",
    "DX": "B|F",
    "N": "B|C|F|H",
    "K": "B|C|E|F",
    "G": "B|C|E|F",
    "NG": "B|C|E|F",
    "TH": "B|F",
    "DH": "B|F",
    "S": "B|F",
    "Z": "B|F",
    "SH": "B|F",
    "ZH": "B|F",
    "CH": "B|F",
    "JH": "B|F",
    "a": "D",
    "e": "C",
    "o": "E",
    "y": "F",
    "ø": "E",
    "œ": "E",
    "ɯ": "B",
    "ɤ": "C",
    "ɨ": "B",
    "β": "G",
    "r": "B|E|F",
    "ts": "B|F",
    "dz": "B|F",
    "ɕ": "B",
    "ʑ": "B",
    "tɕ": "B",
    "dʑ": "B",
    "ʂ": "B|F",
    "ʐ": "B|F",
    "ʈʂ": "B|F",
    "ç": "B",
    "ɥ": "F",
    "ɲ": "B|C|F|H",
    "ʎ": "B|E|F|H",
    "x": "B|C|E|F",
    "ɣ": "B|C|E|F",
    "ʁ": "B|C|E|F",
    "ħ": "B|C|D|E|F",
}
"""Phone → Rhubarb's shapes, after its ``animationRules.cpp``; a sound that English lacks has the
shapes of the English one that looks like it. ``D>B`` is a diphthong, 60 % of its
time the first shape and 40 % the second; of ``B|F`` the one is taken that the neighbours have."""

RHUBARB_BY_LENGTH: dict[str, tuple[float, str]] = {
    "AH": (0.20, "D"),
    "L": (0.20, "H"),
}
"""Phone → seconds from which on another row is its, and that row: a long L shows the tongue."""

RHUBARB_SHORT: dict[str, tuple[float, str]] = {"ER": (0.07, "B|C")}
"""Phone → seconds below which another row is its, and that row: a short ER is a schwa."""


@dataclass(frozen=True)
class VisemeMaps:
    """Which viseme each phone is, for every set that can be written."""

    classes: Mapping[str, str] = field(default_factory=lambda: CLASS_OF_PHONE)
    """Phone → mouth class of ``NAME.visemes.tsv``."""
    ovr: Mapping[str, str] = field(default_factory=lambda: VISEME_OF_PHONE)
    """Phone → a name of `OVR15`."""
    azure: Mapping[str, str] = field(default_factory=lambda: AZURE_OF_PHONE)
    """Phone → an id of Azure as text, "0".."21"."""
    rhubarb: Mapping[str, str] = field(default_factory=lambda: RHUBARB_OF_PHONE)
    """Phone → a row as in `RHUBARB_OF_PHONE`."""
    rhubarb_by_length: Mapping[str, tuple[float, str]] = field(
        default_factory=lambda: RHUBARB_BY_LENGTH
    )
    """As `RHUBARB_BY_LENGTH`."""
    rhubarb_short: Mapping[str, tuple[float, str]] = field(default_factory=lambda: RHUBARB_SHORT)
    """As `RHUBARB_SHORT`."""


_OVR_SPELLINGS = {**{name.lower(): name for name in OVR15}, "ih": "I", "oh": "O", "ou": "U"}
_SHAPES = frozenset("ABCDEFGHX")


def read_viseme_maps(path: Path) -> VisemeMaps:
    """Read a user's tables: ``{"rhubarb": {"AA": "C"}, "ovr": {"HH": "sil"}, "azure": {"ER": 1}}``.

    The tables are "classes", "ovr", "azure" and "rhubarb", all optional; phones that a table
    does not name keep their viseme. A row for Rhubarb holds at every length of the phone.

    Raises:
        InputError: no such file, no JSON, or an unknown table, phone or viseme.
    """
    path = existing_file(Path(path), "viseme map")
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # ValueError: Unicode errors too
        raise InputError(f"{path} is not JSON: {error}. Mend it.") from error
    if not isinstance(data, dict):
        raise InputError(f'{path} must hold tables by name, such as {{"rhubarb": {{"AA": "C"}}}}.')
    known = ("classes", "ovr", "azure", "rhubarb")
    for name in data:
        if name not in known:
            raise InputError(f"{path}: there is no table '{name}'. Known: {', '.join(known)}.")
    rhubarb = _table(path, data, "rhubarb")
    base = VisemeMaps()
    return VisemeMaps(
        classes={**base.classes, **_named(path, "classes", _table(path, data, "classes"), CLASSES)},
        ovr={**base.ovr, **_ovr(path, _table(path, data, "ovr"))},
        azure={
            **base.azure,
            **_named(path, "azure", _table(path, data, "azure"), [str(i) for i in range(22)]),
        },
        rhubarb={**base.rhubarb, **_rhubarb(path, rhubarb)},
        rhubarb_by_length={p: row for p, row in RHUBARB_BY_LENGTH.items() if p not in rhubarb},
        rhubarb_short={p: row for p, row in RHUBARB_SHORT.items() if p not in rhubarb},
    )


def _table(path: Path, data: Mapping[str, Any], name: str) -> dict[str, str]:
    rows = data.get(name, {})
    if not isinstance(rows, dict):
        raise InputError(f"{path}: the table '{name}' must be rows of phone and viseme.")
    table = {}
    for label, viseme in rows.items():
        try:
            phone = plain_phone(label)
        except ContractError as error:
            raise InputError(
                f"{path}, table '{name}': '{label}' is not a phone. "
                f"Known: {' '.join(CLASS_OF_PHONE)}."
            ) from error
        if isinstance(viseme, bool) or not isinstance(viseme, (str, int)):
            raise InputError(f"{path}, table '{name}': the viseme of '{label}' is no name.")
        table[phone] = str(viseme).strip()
    return table


def _named(
    path: Path, name: str, table: Mapping[str, str], known: Collection[str]
) -> Mapping[str, str]:
    for phone, viseme in table.items():
        if viseme not in known:
            raise InputError(
                f"{path}, table '{name}': '{viseme}' ({phone}) is unknown. "
                f"Known: {', '.join(known)}."
            )
    return table


def _ovr(path: Path, table: Mapping[str, str]) -> Mapping[str, str]:
    plain = {p: v.removeprefix("viseme_") for p, v in table.items()}
    return _named(
        path, "ovr", {p: _OVR_SPELLINGS.get(v.lower(), v) for p, v in plain.items()}, OVR15
    )


def _rhubarb(path: Path, table: Mapping[str, str]) -> Mapping[str, str]:
    for phone, row in table.items():
        halves = [half.split("|") for half in row.split(">")]
        if len(halves) > 2 or not all(shape in _SHAPES for half in halves for shape in half):
            raise InputError(
                f"{path}, table 'rhubarb': '{row}' ({phone}) is no shape A-H or X, nor two of a "
                "diphthong (D>B), nor a choice (B|F)."
            )
    return table


def cues_of(phones: PhoneTrack, table: Mapping[str, str]) -> tuple[Segment, ...]:
    """Return which viseme is spoken when, equal neighbours merged.

    Args:
        phones: In order.
        table: Phone → viseme.

    Raises:
        ContractError: a label is not a phone.
    """
    return merged_cues(
        Segment(phone.start_s, phone.end_s, table[plain_phone(phone.label)])
        for phone in phones.phones
    )


def merged_cues(cues: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return `cues`, in time order, with equal neighbours made one."""
    merged: list[Segment] = []
    for cue in cues:
        before = merged[-1] if merged else None
        if before and before.label == cue.label and cue.start_s - before.end_s < 1e-6:
            merged[-1] = Segment(before.start_s, cue.end_s, cue.label)
        else:
            merged.append(cue)
    return tuple(merged)
