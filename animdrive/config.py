"""Settings: frozen dataclasses, built strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from animdrive.errors import InputError

C = TypeVar("C")


def from_dict(cls: type[C], data: Mapping[str, Any]) -> C:
    """Build config `cls` from `data`; a key that `cls` does not have is an error.

    Raises:
        InputError: an unknown setting, or one that `cls` refuses.
    """
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(data) - known)
    if unknown:
        have = ", ".join(sorted(known))
        raise InputError(f"{cls.__name__}: unknown setting {', '.join(unknown)}. Known: {have}.")
    return cls(**data)
