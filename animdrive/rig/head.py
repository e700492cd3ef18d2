"""Our own head, as it ships: packed into one small file, unpacked in a fraction of a second."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, Material, Mesh, Part, Rig
from animdrive.errors import InputError, WeightsError
from animdrive.files import existing_file, written_aside
from animdrive.weights import load_arrays

_ALBEDO_QUALITY = 90
_NORMALS_QUALITY = 94
"""Of JPEG. Normal maps are kept at full colour resolution: their colours are directions."""


def save_head(
    character: Character, path: Path, *, topology: dict[str, npt.NDArray[Any]] | None = None
) -> None:
    """Pack `character` into a safetensors file: offsets as 16-bit steps of the vertices that move.

    A step is at most 1/32767 of the curve's largest offset, below a micrometre.

    Args:
        character: Whom to pack.
        path: Where to.
        topology: Arrays of `animdrive.rig.topology.packed`, stored beside.
    """
    from safetensors.numpy import save_file

    rig = character.rig
    # Of heads that others made, there may be more vertices than 16 bits count.
    index = np.uint16 if len(rig.neutral.vertices) <= 0x10000 else np.uint32
    moving = np.abs(rig.deltas).max(axis=2) > 0
    largest = np.maximum(np.abs(rig.deltas).max(axis=(1, 2)), 1e-9)
    steps = np.round(rig.deltas / largest[:, None, None] * 32767).astype(np.int16)
    arrays: dict[str, npt.NDArray[Any]] = {
        "vertices": rig.neutral.vertices,
        "faces": rig.neutral.faces.astype(index),
        "uv": np.round(rig.neutral.uv * 65535).astype(np.uint16),
        "moving": np.concatenate([np.flatnonzero(row) for row in moving]).astype(index),
        "moving_count": moving.sum(axis=1).astype(np.int32),
        "steps": np.concatenate([s[row] for s, row in zip(steps, moving, strict=True)]),
        "largest": largest.astype(np.float32),
        "head_pivot": character.head_pivot,
        "eye_pivots": character.eye_pivots,
        "head_weight": np.round(character.head_weight * 255).astype(np.uint8),
        "landmarks": character.landmarks.astype(index),
    }
    arrays |= topology or {}
    for name, region in character.regions.items():
        arrays[f"region.{name}"] = region.astype(index)
    materials = []
    for material in character.materials:
        if material.texture is not None:
            arrays[f"texture.{material.name}"] = _jpeg(material.texture, _ALBEDO_QUALITY)
        if material.normal_texture is not None:
            arrays[f"normals.{material.name}"] = _jpeg(
                material.normal_texture, _NORMALS_QUALITY, whole_colour=True
            )
        materials.append(
            {
                "name": material.name,
                "base_color": list(material.base_color),
                "roughness": material.roughness,
                "metallic": material.metallic,
            }
        )
    parts = [
        {
            "name": part.name,
            "vertices": [part.vertices.start, part.vertices.stop],
            "faces": [part.faces.start, part.faces.stop],
            "material": part.material,
            "bone": part.bone,
        }
        for part in character.parts
    ]
    described = json.dumps({"names": rig.names, "parts": parts, "materials": materials})
    arrays["description"] = np.frombuffer(described.encode(), dtype=np.uint8)
    with written_aside(path) as aside:
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, aside)


@cache
def load_head() -> Character:
    """Return our own head; the same object every time.

    Raises:
        WeightsError: the file is missing, altered or from another version.
    """
    return _unpacked(load_arrays("head"))


def read_head(path: Path) -> Character:
    """Return a character that `save_head` packed.

    Raises:
        InputError: no such file, damaged, or of another kind.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = existing_file(Path(path), "head")
    try:
        return _unpacked(load_file(path))
    except (SafetensorError, WeightsError, ValueError) as error:
        raise InputError(f"{path} is not a head that can be read: {error}") from error


def _unpacked(arrays: dict[str, npt.NDArray[Any]]) -> Character:
    try:
        described = json.loads(arrays["description"].tobytes())
        neutral = Mesh(
            vertices=arrays["vertices"],
            faces=arrays["faces"].astype(np.int32),
            uv=arrays["uv"].astype(np.float32) / 65535,
        )
        names = tuple(described["names"])
        deltas = np.zeros((len(names), len(neutral.vertices), 3), dtype=np.float32)
        stop = np.cumsum(arrays["moving_count"])
        for row, (last, count) in enumerate(zip(stop, arrays["moving_count"], strict=True)):
            run = slice(int(last) - int(count), int(last))
            scale = arrays["largest"][row] / 32767
            deltas[row, arrays["moving"][run]] = arrays["steps"][run] * scale
        regions = {
            name.removeprefix("region."): index.astype(np.int32)
            for name, index in arrays.items()
            if name.startswith("region.")
        }
        materials = tuple(
            Material(
                name=m["name"],
                base_color=tuple(m["base_color"]),
                roughness=m["roughness"],
                metallic=m["metallic"],
                texture=_picture(arrays.get(f"texture.{m['name']}")),
                normal_texture=_picture(arrays.get(f"normals.{m['name']}")),
            )
            for m in described["materials"]
        )
        parts = tuple(
            Part(
                name=p["name"],
                vertices=slice(*p["vertices"]),
                faces=slice(*p["faces"]),
                material=p["material"],
                bone=p["bone"],
            )
            for p in described["parts"]
        )
        return Character(
            rig=Rig(neutral=neutral, names=names, deltas=deltas),
            parts=parts,
            materials=materials,
            head_pivot=arrays["head_pivot"],
            eye_pivots=arrays["eye_pivots"],
            head_weight=arrays["head_weight"].astype(np.float32) / 255,
            landmarks=arrays["landmarks"].astype(np.int32),
            regions=regions,
        )
    except KeyError as error:
        raise WeightsError(
            f"weights/head.safetensors lacks {error}: it is from another version. "
            f"Rebuild it with 'animdrive rig build'."
        ) from error


def _jpeg(
    picture: npt.NDArray[np.uint8], quality: int, *, whole_colour: bool = False
) -> npt.NDArray[np.uint8]:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(
        stream, "JPEG", quality=quality, optimize=True, subsampling=0 if whole_colour else 2
    )
    return np.frombuffer(stream.getvalue(), dtype=np.uint8)


def _picture(data: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
    if data is None:
        return None
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data.tobytes())) as image:
        return np.asarray(image.convert("RGB"))
