"""A person as a small JSON file: coefficients by name, and skin, hair and eyes where known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from animdrive.contract.head_shape import HeadShape
from animdrive.errors import ContractError, InputError
from animdrive.files import existing_file, write_text
from animdrive.rig.identity import head_shape
from animdrive.rig.identity_people import Person
from animdrive.rig.identity_table import CONTROL_NAMES
from animdrive.rig.paint_tone import SkinTone

FORMAT = "animdrive head shape"
VERSION = 1


def person_dict(person: Person) -> dict[str, Any]:
    """Return `person` as plain values; coefficients that are 0 are left out."""
    values = zip(CONTROL_NAMES, person.shape.coefficients, strict=True)
    described: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        # The shortest decimal that reads back as the same 32-bit number.
        "coefficients": {name: float(str(value)) for name, value in values if value},
    }
    if person.tone is not None:
        described["tone"] = asdict(person.tone)
    for key in ("sex", "ancestry", "age"):
        value = getattr(person, key)
        if value is not None:
            described[key] = value
    return described


def write_person(person: Person, path: Path) -> None:
    """Write `person` as JSON, whole or not at all."""
    write_text(Path(path), json.dumps(person_dict(person), indent=2) + "\n")


def read_person(path: Path) -> Person:
    """Read what `write_person` wrote.

    Raises:
        InputError: no such file, no JSON, another kind of file, or values that are out of range.
    """
    path = existing_file(Path(path), "head shape")
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} is not JSON: {error}. Give a head shape.") from None
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise InputError(
            f"{path} is not a head shape. 'animdrive rig identity -o head.json' writes one."
        )
    if described.get("version") != VERSION:
        raise InputError(
            f"{path} has version {described.get('version')!r}; this animdrive reads {VERSION}."
        )
    try:
        return Person(
            shape=head_shape(_numbers(described["coefficients"])),
            tone=_tone(described.get("tone")),
            sex=described.get("sex"),
            ancestry=described.get("ancestry"),
            age=described.get("age"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged: {error}. Write it anew.") from None
    except (ContractError, InputError) as error:
        raise InputError(f"{path}: {error}") from None


def read_head_shape(path: Path) -> HeadShape:
    """Read the shape of a head alone; see `read_person`."""
    return read_person(path).shape


def _numbers(values: Any) -> dict[str, float]:
    if not isinstance(values, Mapping):
        raise TypeError("'coefficients' must be names and numbers")
    return {str(name): float(value) for name, value in values.items()}


def _tone(values: Any) -> SkinTone | None:
    if values is None:
        return None
    known = {field.name for field in fields(SkinTone)}
    if not isinstance(values, Mapping) or set(values) - known:
        raise TypeError(f"'tone' must have {', '.join(sorted(known))}")
    given: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else float(v) for name, v in values.items()
    }
    return SkinTone(**given)
