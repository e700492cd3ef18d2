"""A glTF file taken up to be written again with something added, all else as it is.

Reference: Khronos Group, "glTF 2.0 Specification", section 4.4 (GLB).
"""

from __future__ import annotations

import copy
import json
import struct

from animdrive.errors import InputError
from animdrive.gltf.accessors import GltfData
from animdrive.gltf.compression import MESHOPT
from animdrive.gltf.container import Json
from animdrive.gltf.materials import image_bytes

_LARGEST = 2**32 - 1  # a GLB counts its bytes in 32 bits


def in_one_buffer(file: GltfData) -> tuple[Json, bytearray]:
    """Return a copy of a file's JSON that may be changed, and its data, all laid into buffer 0.

    Packed data stays packed; what it declares as a fallback stays declared. Pictures beside the
    file are taken in.

    Raises:
        InputError: a picture is not there.
    """
    document: Json = copy.deepcopy(file.json)
    blob = bytearray()
    starts: list[int | None] = []
    entries: list[Json] = []
    places: list[int] = []
    for number, entry in enumerate(document.get("buffers", [])):
        if _is_fallback(entry):  # declared, never there: what unpacked data would fill
            starts.append(None)
            places.append(len(entries) + 1)
            entries.append({key: value for key, value in entry.items() if key != "uri"})
            continue
        blob.extend(b"\0" * (-len(blob) % 8))
        starts.append(len(blob))
        places.append(0)
        blob.extend(file.buffers[number])
    document["buffers"] = [{"byteLength": 0}, *entries]

    def moved(view: Json) -> None:
        start = starts[view["buffer"]]
        view["buffer"] = places[view["buffer"]]
        if start:
            view["byteOffset"] = view.get("byteOffset", 0) + start

    for view in document.get("bufferViews", []):
        moved(view)
        for name in MESHOPT:
            packing = view.get("extensions", {}).get(name)
            if packing is not None:
                moved(packing)
    for number, image in enumerate(document.get("images", [])):
        if isinstance(image.get("uri"), str):
            _embed(file, document, image, number, blob)
    return document, blob


def _is_fallback(entry: Json) -> bool:
    extensions = entry.get("extensions")
    return isinstance(extensions, dict) and any(
        isinstance(extensions.get(name), dict) and extensions[name].get("fallback")
        for name in MESHOPT
    )


def _embed(file: GltfData, document: Json, image: Json, number: int, blob: bytearray) -> None:
    data = image_bytes(file, number)
    blob.extend(b"\0" * (-len(blob) % 4))
    views = document.setdefault("bufferViews", [])
    views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(data)})
    blob.extend(data)
    del image["uri"]
    image["bufferView"] = len(views) - 1
    image.setdefault("mimeType", "image/png" if data[:4] == b"\x89PNG" else "image/jpeg")


def glb_bytes(document: Json, blob: bytes) -> bytes:
    """Return a GLB of a JSON and the bytes of its buffer 0.

    Raises:
        InputError: it would be larger than the 4 GiB that the format can hold.
    """
    text = json.dumps(document, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 4)
    blob += b"\0" * (-len(blob) % 4)
    total = 28 + len(text) + len(blob)
    if total > _LARGEST:
        raise InputError(f"A GLB holds at most 4 GiB; this one needs {total} bytes. Cut the take.")
    head = struct.pack("<4sII", b"glTF", 2, total) + struct.pack("<I4s", len(text), b"JSON")
    return head + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
