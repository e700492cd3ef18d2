"""Where a result comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Provenance:
    """Everything needed to make a result again, and to tell that it is synthetic."""

    inputs: tuple[tuple[str, str], ...]
    """(file name, sha256) of every input; folders are left out, they are the user's."""
    backend: str
    """What made it, such as "audio/pocketsphinx"."""
    config: Mapping[str, object] = field(default_factory=dict)
    """The settings in force."""
    weights: tuple[tuple[str, str], ...] = ()
    """(name, sha256) of every shipped file that took part."""
    version: str = ""
    """Version of animdrive."""
    seed: int = 0
    """Seed of everything random."""
    created: str = ""
    """UTC, ISO 8601; empty where the bytes must be the same every time."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", MappingProxyType(dict(self.config)))
