"""The deformers that ship for our head, and the way to any other."""

from __future__ import annotations

from pathlib import Path

from animdrive.contract import Rig
from animdrive.contract.stages import Deformer
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.model_file import read_model
from animdrive.deformer.rig_check import rig_digest
from animdrive.errors import InputError
from animdrive.weights import checked_path

SHIPPED: dict[str, str] = {"hero": "deformer_hero", "npc": "deformer_npc"}
"""Name → entry of the weights' manifest."""
DEFAULT = "hero"


def load_deformer(name: str, rig: Rig) -> Deformer:
    """Return a deformer for `rig`.

    Args:
        name: "hero", "npc", "linear", or the path of a trained model.
        rig: Whose skin it makes.

    Raises:
        InputError: no such deformer, or it was made for another rig.
    """
    if name == "linear":
        return LinearDeformer(rig)
    if name in SHIPPED:
        return read_model(checked_path(SHIPPED[name]), rig)
    if not Path(name).is_file():
        known = ", ".join((*SHIPPED, "linear"))
        raise InputError(f"No deformer '{name}'. Give {known}, or the path of a trained model.")
    return read_model(Path(name), rig)


def fits_shipped(rig: Rig) -> bool:
    """Return whether the deformers that ship were made for this face."""
    from animdrive.deformer.model_file import model_header

    made_for = model_header(checked_path(SHIPPED[DEFAULT]))["rig"]
    return bool(made_for["sha256"] == rig_digest(rig)["sha256"])


def default_deformer(rig: Rig) -> str:
    """Return "hero" for our head, "linear" for any other face."""
    return DEFAULT if fits_shipped(rig) else "linear"
