"""Named settings: how long to train, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from animdrive.deformer import CONFIGS
from animdrive.errors import InputError

LENGTHS: Mapping[str, int] = {"look": 1000, "normal": 4000, "final": 8000}
"""Iterations: to see whether it works, for daily use, for what ships."""
ROLES: Mapping[str, Mapping[str, Any]] = {
    "hero": {"latent": 512},
    "npc": {"latent": 128, "hidden": 64},
}
"""Settings of a neural morph for the face that fills the screen, and for those behind it."""


def model_config(kind: str, settings: Mapping[str, Any]) -> Any:
    """Return the settings of a model of `kind`; what `settings` leaves out stays as it is.

    Raises:
        InputError: no such model or setting, or a value out of range.
    """
    if kind not in CONFIGS:
        raise InputError(f"No model '{kind}' can be trained. Known: {', '.join(CONFIGS.names())}.")
    config = CONFIGS.load(kind)
    known = [field.name for field in fields(config)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise InputError(f"A {kind} has no setting '{unknown[0]}'. It has: {', '.join(known)}.")
    return config(**settings)


def role_settings(role: str) -> Mapping[str, Any]:
    """Return the settings of a role.

    Raises:
        InputError: there is none of that name.
    """
    if role not in ROLES:
        raise InputError(f"Unknown role '{role}'. Known: {', '.join(ROLES)}.")
    return ROLES[role]


def iterations_of(length: str) -> int:
    """Return the iterations of a named length.

    Raises:
        InputError: there is none of that name.
    """
    if length not in LENGTHS:
        raise InputError(f"Unknown length '{length}'. Known: {', '.join(LENGTHS)}.")
    return LENGTHS[length]
