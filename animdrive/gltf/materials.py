"""Materials of a glTF file, and the bytes of their base colour's picture.

References: Khronos Group, "glTF 2.0 Specification", sections 3.8 (textures) and 3.9 (materials);
KHR_texture_transform; KHR_texture_basisu.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray
from animdrive.files import existing_file
from animdrive.gltf.accessors import GltfData
from animdrive.gltf.container import Json, damaged, is_count

_ELSEWHERE = (
    "KHR_texture_basisu",
    "EXT_texture_webp",
    "MSFT_texture_dds",
    "EXT_texture_avif",
)
"""Extensions that keep the picture in another format than PNG or JPEG."""


@dataclass(frozen=True, eq=False)
class GltfMaterial:
    """What a file says of a surface."""

    name: str
    """May be empty."""
    base_color: tuple[float, float, float, float]
    """Linear RGBA 0..1, multiplied with the picture."""
    metallic: float
    """0..1"""
    roughness: float
    """0..1"""
    picture: bytes | None
    """The base colour's picture as it lies in the file: a PNG, JPEG, KTX2, WebP... None: none."""
    texcoord: int = 0
    """Which TEXCOORD the picture lies on."""
    see_through: bool = False
    """Whether the picture's alpha counts: the material's mode is MASK or BLEND."""
    uv_transform: FloatArray | None = None
    """[2, 3]: what turns the mesh's (u, v, 1) into the picture's, v down; None leaves them."""

    def placed_uv(self, uv: npt.ArrayLike) -> FloatArray:
        """Return the picture's [N, 2] coordinates, v down, of the mesh's `uv` [N, 2]."""
        given = np.asarray(uv, dtype=np.float64)
        if self.uv_transform is not None:
            given = given @ self.uv_transform[:, :2].T + self.uv_transform[:, 2]
        placed: FloatArray = given.astype(np.float32)
        return placed


PLAIN = GltfMaterial("", (1.0, 1.0, 1.0, 1.0), 1.0, 1.0, None)
"""A primitive without a material, as section 3.9.7 says."""


def read_material(file: GltfData, index: int | None) -> GltfMaterial:
    """Return a material of `file`; None is `PLAIN`.

    Raises:
        InputError: it does not hold together.
    """
    if index is None:
        return PLAIN
    entry = file.entry("materials", index)
    what = f"materials[{index}]"
    surface = entry.get("pbrMetallicRoughness", {})
    if not isinstance(surface, dict):
        raise damaged(file.path, f"{what} has no usable surface")
    red, green, blue, alpha = _numbers(file, surface, "baseColorFactor", [1.0] * 4, what)
    texture = surface.get("baseColorTexture")
    picture, texcoord, transform = None, 0, None
    if isinstance(texture, dict):
        picture = _picture(file, texture.get("index"))
        texcoord, transform = _placing(file, texture, what)
    return GltfMaterial(
        name=str(entry.get("name", "")),
        base_color=(red, green, blue, alpha),
        metallic=_numbers(file, surface, "metallicFactor", [1.0], what)[0],
        roughness=_numbers(file, surface, "roughnessFactor", [1.0], what)[0],
        picture=picture,
        texcoord=texcoord,
        see_through=entry.get("alphaMode", "OPAQUE") in ("MASK", "BLEND"),
        uv_transform=transform,
    )


def _numbers(file: GltfData, entry: Json, key: str, default: list[float], what: str) -> list[float]:
    given = entry.get(key, default[0] if len(default) == 1 else default)
    try:
        numbers = np.atleast_1d(np.asarray(given, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise damaged(file.path, f"{what}.{key} holds no numbers") from error
    if numbers.shape != (len(default),) or not np.isfinite(numbers).all():
        raise damaged(file.path, f"{what}.{key} must be {len(default)} numbers")
    return [float(number) for number in numbers]


def _placing(file: GltfData, texture: Json, what: str) -> tuple[int, FloatArray | None]:
    texcoord = texture.get("texCoord", 0)
    extensions = texture.get("extensions")
    entry = extensions.get("KHR_texture_transform") if isinstance(extensions, dict) else None
    transform = None
    if isinstance(entry, dict):
        texcoord = entry.get("texCoord", texcoord)
        shift = _numbers(file, entry, "offset", [0.0, 0.0], what)
        scale = _numbers(file, entry, "scale", [1.0, 1.0], what)
        turn = _numbers(file, entry, "rotation", [0.0], what)[0]
        cos, sin = np.cos(turn), np.sin(turn)
        transform = np.array(
            [
                [cos * scale[0], sin * scale[1], shift[0]],
                [-sin * scale[0], cos * scale[1], shift[1]],
            ]
        )
    if not is_count(texcoord):
        raise damaged(file.path, f"{what} lies on no texture coordinates")
    return texcoord, transform


def _picture(file: GltfData, index: Any) -> bytes | None:
    texture = file.entry("textures", index)
    source = texture.get("source")
    extensions = texture.get("extensions")
    if source is not None:
        return image_bytes(file, source)
    for name in _ELSEWHERE:
        other = extensions.get(name) if isinstance(extensions, dict) else None
        if isinstance(other, dict):
            return image_bytes(file, other.get("source"))
    return None


def image_bytes(file: GltfData, index: Any) -> bytes:
    """Return a picture of `file` as it lies there: in a buffer, in its JSON, or beside it.

    Raises:
        InputError: it is not there, or lies outside the file's folder.
    """
    image = file.entry("images", index)
    if image.get("bufferView") is not None:
        return file.view_bytes(image["bufferView"])
    uri = image.get("uri")
    if not isinstance(uri, str):
        raise damaged(file.path, f"images[{index}] has no data")
    if uri.startswith("data:"):
        try:
            return base64.b64decode(uri.partition(",")[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise damaged(file.path, f"images[{index}] is not base64") from error
    name = Path(unquote(uri))
    if name.is_absolute() or ".." in name.parts or "://" in uri:
        raise damaged(file.path, f"images[{index}] lies outside its folder: {uri}")
    return existing_file(file.path.parent / name, f"picture of {file.path.name}").read_bytes()
