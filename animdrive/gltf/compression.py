"""Buffer views packed by meshoptimizer, unpacked.

Reference: Khronos Group, EXT_meshopt_compression and KHR_meshopt_compression: a view says where its
packed bytes lie, how many rows of how many bytes they hold, and which filter comes last.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.errors import BackendError
from animdrive.gltf.container import Json, damaged, is_count

MESHOPT: tuple[str, ...] = ("EXT_meshopt_compression", "KHR_meshopt_compression")
"""Names of the extension, as a vendor's and as ratified."""

_LARGEST_BYTES = 1 << 30
_ROWS = {"ATTRIBUTES": range(4, 257, 4), "TRIANGLES": (2, 4), "INDICES": (2, 4)}
_FILTERS = {
    "NONE": range(1, 257),
    "OCTAHEDRAL": (4, 8),
    "QUATERNION": (8,),
    "EXPONENTIAL": range(4, 257, 4),
}


def meshopt_of(view: Json) -> Json | None:
    """Return what a buffer view says of its packing by meshoptimizer; None: it is not packed."""
    extensions = view.get("extensions")
    if not isinstance(extensions, dict):
        return None
    for name in MESHOPT:
        if isinstance(extensions.get(name), dict):
            found: Json = extensions[name]
            return found
    return None


def unpacked(path: Path, packing: Json, buffers: list[bytes], what: str) -> bytes:
    """Return the bytes of a buffer view that is packed as `packing` says.

    Args:
        path: The file, for messages.
        packing: The view's extension.
        buffers: The file's buffers.
        what: The view, for messages: "bufferViews[3]".

    Raises:
        InputError: what the extension says does not hold together, or its bytes are damaged.
        BackendError: the package that unpacks is not installed.
    """
    mode, filter_name = packing.get("mode"), packing.get("filter", "NONE")
    row, count = packing.get("byteStride"), packing.get("count")
    if not isinstance(mode, str) or mode not in _ROWS:
        raise damaged(path, f"{what} is packed in the unknown mode {mode!r}")
    if not is_count(row) or not is_count(count) or row not in _ROWS[mode]:
        raise damaged(path, f"{what} is packed with {count!r} rows of {row!r} bytes")
    if not isinstance(filter_name, str) or row not in _FILTERS.get(filter_name, ()):
        raise damaged(path, f"{what} is packed with the filter {filter_name!r} on {row} bytes")
    if row * count > _LARGEST_BYTES or (mode == "TRIANGLES" and count % 3):
        raise damaged(path, f"{what} is packed with {count} rows, which cannot be")
    packed = _packed(path, packing, buffers, what)
    if not count:
        return b""
    try:
        return _decoded(packed, mode, filter_name, row, count)
    except (RuntimeError, ValueError) as error:
        raise damaged(path, f"the packed bytes of {what} cannot be unpacked") from error


def _packed(path: Path, packing: Json, buffers: list[bytes], what: str) -> bytes:
    number, start, size = (
        packing.get("buffer"),
        packing.get("byteOffset", 0),
        packing.get("byteLength"),
    )
    if not is_count(number) or number >= len(buffers):
        raise damaged(path, f"{what} is packed into a buffer that is not there")
    if not (is_count(start) and is_count(size)) or start + size > len(buffers[number]):
        raise damaged(path, f"{what} is packed beyond the end of its buffer")
    return buffers[number][start : start + size]


def _decoded(packed: bytes, mode: str, filter_name: str, row: int, count: int) -> bytes:
    meshopt = _package()
    if mode != "ATTRIBUTES":
        # Always asked for as 32 bits: the packed indices do not know their width.
        decode = (
            meshopt.decode_index_buffer if mode == "TRIANGLES" else meshopt.decode_index_sequence
        )
        index = np.asarray(decode(count, 4, packed))
        width = np.uint16 if row == 2 else np.uint32
        if len(index) and index.max() > np.iinfo(width).max:
            raise ValueError("an index is too large for its width")
        return index.astype(width).tobytes()
    # Rows of void: the package makes room for `count` items of the type that it is given.
    decoded = meshopt.decode_vertex_buffer(count, row, packed, dtype=np.dtype(f"V{row}"))
    rows: npt.NDArray[np.uint8] = decoded.view(np.uint8).reshape(count, row)
    if filter_name != "NONE":
        finish = {
            "OCTAHEDRAL": meshopt.decode_filter_oct,
            "QUATERNION": meshopt.decode_filter_quat,
            "EXPONENTIAL": meshopt.decode_filter_exp,
        }[filter_name]
        rows = np.asarray(finish(rows, count, row))
    return rows.tobytes()


def check_meshopt() -> None:
    """Raise BackendError, which tells the cure, where packed files cannot be unpacked."""
    _package()


def _package() -> Any:
    """Import meshoptimizer, which is optional."""
    try:
        import meshoptimizer
    except ImportError as error:
        raise BackendError(
            "The file is packed with meshopt, and the package 'meshoptimizer' is not installed. "
            "Install it with: pip install 'animdrive[meshopt]', or unpack the file with "
            "'gltf-transform copy' first."
        ) from error
    return meshoptimizer
