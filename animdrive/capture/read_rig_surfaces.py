"""What a rig out of a file looks like: its materials, their pictures decoded."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from animdrive.contract import Material
from animdrive.contract.checks import ByteArray
from animdrive.errors import InputError
from animdrive.gltf.materials import GltfMaterial
from animdrive.media import ktx2
from animdrive.media.image import decode_image, has_transparency

_SKIN = Material("skin", base_color=(0.6, 0.42, 0.34, 1.0), roughness=0.55)
"""What a rig is made of whose file does not say."""


@dataclass(frozen=True, eq=False)
class Looks:
    """What a rig looks like."""

    materials: tuple[Material, ...]
    """One or more, names unique."""
    notes: tuple[str, ...]
    """One sentence each."""
    unread: tuple[str, ...]
    """Names of the materials whose pictures could not be read."""


def found_materials(path: Path, found: Sequence[GltfMaterial]) -> Looks:
    """Return the materials of a file.

    A picture that cannot be read is left out and told; the surface then has the colour of skin. So
    is a surface that its picture makes see-through, such as cards of hair: only colours are drawn.

    Args:
        path: The file, for messages.
        found: What it says; empty where it says nothing.
    """
    materials: list[Material] = []
    notes: list[str] = []
    unread: list[str] = []
    for index, entry in enumerate(found):
        name = entry.name or "material"
        if name in {material.name for material in materials}:
            name = f"{name}_{index}"
        color, texture = entry.base_color, None
        if entry.picture is not None:
            try:
                texture = _pixels(entry.picture, f"The picture of '{name}' in {path}")
            except InputError as error:
                notes.append(f"{error} It is left out.")
                color = _SKIN.base_color
                unread.append(name)
        if entry.see_through and texture is not None and _has_alpha(entry.picture or b""):
            color, texture = (*color[:3], 0.0), None
            notes.append(f"The picture of '{name}' is see-through; films leave it out.")
        materials.append(
            Material(
                name,
                base_color=color,
                roughness=entry.roughness,
                metallic=entry.metallic,
                texture=texture,
            )
        )
    return Looks(tuple(materials) or (_SKIN,), tuple(notes), tuple(unread))


def _pixels(data: bytes, what: str) -> ByteArray:
    if data.startswith(ktx2.MAGIC):
        return ktx2.decode_ktx2(data, what)
    return decode_image(io.BytesIO(data), what)


def _has_alpha(data: bytes) -> bool:
    return ktx2.has_alpha(data) or has_transparency(data)
