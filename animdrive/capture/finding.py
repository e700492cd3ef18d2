"""What a step of preparation found and did: one line for people, figures for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from animdrive.contract.checks import put


@dataclass(frozen=True)
class Finding:
    """What a step of preparation found and did in one take."""

    step: str
    """Name of the step: "read", "topology", "clean", "sync", "stabilise"..."""
    line: str
    """One line for people: what was found, what was done."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values, units in their names."""
    severe: bool = False
    """Whether the user should look at it."""

    def __post_init__(self) -> None:
        put(self, figures=MappingProxyType(dict(self.figures)))

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "step": self.step,
            "line": self.line,
            "severe": self.severe,
            "figures": dict(self.figures),
        }
