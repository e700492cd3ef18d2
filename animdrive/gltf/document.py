"""Building a binary glTF file.

Reference: Khronos Group, "glTF 2.0 Specification" (ISO/IEC 12113:2022).
"""

from __future__ import annotations

import copy
import dataclasses
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pygltflib as gl

from animdrive.errors import ContractError, InputError
from animdrive.files import write_bytes

_COMPONENT = {
    np.dtype(np.int8): gl.BYTE,
    np.dtype(np.uint8): gl.UNSIGNED_BYTE,
    np.dtype(np.int16): gl.SHORT,
    np.dtype(np.uint16): gl.UNSIGNED_SHORT,
    np.dtype(np.uint32): gl.UNSIGNED_INT,
    np.dtype(np.float32): gl.FLOAT,
}
_TYPE = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_LARGEST = 2**32 - 1  # a GLB counts its bytes in 32 bits


class Document:
    """A glTF document with one binary buffer, filled step by step.

    The parts of the format that need no help (nodes, meshes, materials, skins) are pygltflib's
    own objects in `gltf`; the methods here put numbers and pictures into the buffer. Offsets of
    sparse accessors lie together in two buffer views, so that a rig of 52 shapes has some
    hundreds of accessors but few views.
    """

    def __init__(self, *, generator: str) -> None:
        """Start an empty document made by `generator`."""
        self.gltf = gl.GLTF2(asset=gl.Asset(version="2.0", generator=generator))
        self._blob = bytearray()
        self._sparse_indices = bytearray()
        self._sparse_values = bytearray()
        self._sparse: dict[int, tuple[int, int]] = {}

    def copy(self) -> Document:
        """Return a document that can grow on its own from what is in this one so far."""
        self._seal()
        twin = copy.copy(self)
        twin._blob = bytearray(self._blob)
        twin._sparse_indices, twin._sparse_values, twin._sparse = bytearray(), bytearray(), {}
        twin.gltf = copy.copy(self.gltf)
        for field in dataclasses.fields(self.gltf):
            value = getattr(self.gltf, field.name)
            if isinstance(value, list):
                setattr(twin.gltf, field.name, list(value))
        twin.gltf.asset = copy.copy(self.gltf.asset)
        return twin

    def add(self, kind: str, item: Any) -> int:
        """Append a pygltflib object to the list `kind` ("nodes", "meshes"...); return its index."""
        items = getattr(self.gltf, kind)
        items.append(item)
        return len(items) - 1

    def add_view(self, data: bytes, *, target: int | None = None) -> int:
        """Put `data` into the buffer, 4-byte aligned; return the index of its buffer view."""
        self._blob.extend(b"\0" * (-len(self._blob) % 4))
        offset = len(self._blob)
        self._blob.extend(data)
        view = gl.BufferView(buffer=0, byteOffset=offset, byteLength=len(data), target=target)
        return self.add("bufferViews", view)

    def add_array(
        self,
        values: npt.NDArray[Any],
        *,
        target: int | None = None,
        bounds: bool = False,
        normalized: bool = False,
    ) -> int:
        """Store `values` [N] or [N, K] as a dense accessor; return its index.

        Args:
            values: int8, uint8, int16, uint16, uint32 or float32, N above 0; K of 16 is a
                matrix, column by column.
            target: `pygltflib.ARRAY_BUFFER` or `ELEMENT_ARRAY_BUFFER` for vertex data.
            bounds: Write min and max, which positions and key times need.
            normalized: Integers stand for 0..1 (or -1..1).
        """
        accessor = self._accessor(values, len(values), bounds=bounds)
        accessor.bufferView = self.add_view(values.tobytes(), target=target)
        accessor.byteOffset = 0
        accessor.normalized = True if normalized else None
        return self.add("accessors", accessor)

    def add_zeros(self, count: int, width: int) -> int:
        """Store `count` rows of `width` float zeros, which take no bytes; return the index."""
        accessor = self._accessor(np.zeros((1, width), dtype=np.float32), count, bounds=True)
        return self.add("accessors", accessor)

    def add_sparse(
        self,
        count: int,
        rows: npt.NDArray[np.integer[Any]],
        values: npt.NDArray[np.float32],
    ) -> int:
        """Store `count` rows that are zero but for `rows`; return the accessor's index.

        Falls back to a dense accessor where that is smaller, and to no bytes at all where there
        are no rows.

        Args:
            count: N, the number of rows.
            rows: [M] rising row numbers.
            values: [M, K] float32, what is in these rows.
        """
        width = values.shape[1]
        if not len(rows):
            return self.add_zeros(count, width)
        index_type = np.uint16 if count <= 0xFFFF else np.uint32
        row_bytes = np.dtype(index_type).itemsize
        if len(rows) * (row_bytes + 4 * width) >= count * 4 * width:
            dense = np.zeros((count, width), dtype=np.float32)
            dense[rows] = values
            return self.add_array(dense, target=gl.ARRAY_BUFFER, bounds=True)
        with_zero = (
            values if len(rows) == count else np.vstack([values, np.zeros((1, width), "f4")])
        )
        accessor = self._accessor(with_zero, count, bounds=True)
        accessor.sparse = gl.Sparse(
            count=len(rows),
            indices=gl.AccessorSparseIndices(componentType=_COMPONENT[np.dtype(index_type)]),
            values=gl.AccessorSparseValues(),
        )
        number = self.add("accessors", accessor)
        self._sparse_indices.extend(b"\0" * (-len(self._sparse_indices) % row_bytes))
        self._sparse[number] = (len(self._sparse_indices), len(self._sparse_values))
        self._sparse_indices.extend(rows.astype(index_type).tobytes())
        self._sparse_values.extend(np.ascontiguousarray(values, dtype="<f4").tobytes())
        return number

    def _seal(self) -> None:
        """Put the rows and values of all sparse accessors so far into the buffer."""
        if not self._sparse:
            return
        indices = self.add_view(bytes(self._sparse_indices))
        values = self.add_view(bytes(self._sparse_values))
        for number, (index_at, value_at) in self._sparse.items():
            sparse = self.gltf.accessors[number].sparse
            sparse.indices.bufferView, sparse.indices.byteOffset = indices, index_at
            sparse.values.bufferView, sparse.values.byteOffset = values, value_at
        self._sparse_indices, self._sparse_values, self._sparse = bytearray(), bytearray(), {}

    def _accessor(self, values: npt.NDArray[Any], count: int, *, bounds: bool) -> Any:
        width = 1 if values.ndim == 1 else values.shape[1]
        if values.dtype not in _COMPONENT or width not in _TYPE or not len(values):
            raise ContractError(f"glTF cannot hold {values.dtype} of shape {list(values.shape)}.")
        accessor = gl.Accessor(
            componentType=_COMPONENT[values.dtype], count=count, type=_TYPE[width]
        )
        accessor.byteOffset = None  # not allowed without a buffer view
        accessor.normalized = None
        if bounds:
            table = values.reshape(len(values), width)
            accessor.min = [float(x) for x in table.min(axis=0)]
            accessor.max = [float(x) for x in table.max(axis=0)]
        return accessor

    def add_texture(self, data: bytes, mime: str, *, name: str) -> int:
        """Embed an encoded picture ("image/jpeg", "image/png"); return its texture's index."""
        image = gl.Image(bufferView=self.add_view(data), mimeType=mime, name=name)
        if not self.gltf.samplers:
            self.gltf.samplers.append(
                gl.Sampler(magFilter=gl.LINEAR, minFilter=gl.LINEAR_MIPMAP_LINEAR)
            )
        return self.add("textures", gl.Texture(sampler=0, source=self.add("images", image)))

    def to_bytes(self) -> bytes:
        """Return the document as a GLB file.

        Raises:
            InputError: it would be larger than the 4 GiB that the format can hold.
        """
        self._seal()
        blob = bytes(self._blob) + b"\0" * (-len(self._blob) % 4)
        self.gltf.buffers = [gl.Buffer(byteLength=len(blob))] if blob else []
        text = json.dumps(_plain(self.gltf), separators=(",", ":"), allow_nan=False).encode("utf-8")
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + len(blob)
        if total > _LARGEST:
            raise InputError(f"A GLB holds at most 4 GiB; this one needs {total} bytes. Cut it.")
        chunks = [
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<I4s", len(text), b"JSON"),
            text,
            struct.pack("<I4s", len(blob), b"BIN\0"),
            blob,
        ]
        return b"".join(chunks)

    def write(self, path: Path) -> None:
        """Write the document as a GLB file, whole or not at all."""
        write_bytes(Path(path), self.to_bytes())


def _plain(item: Any) -> Any:
    """Return a pygltflib object as plain values, without what is empty.

    As ``GLTF2.to_json`` does, which copies every value and takes a third of the time of a GLB.
    """
    if dataclasses.is_dataclass(item) or isinstance(item, gl.Attributes):
        item = vars(item)
    if isinstance(item, dict):
        return {
            key: value if key == "extensions" else _plain(value)
            for key, value in item.items()
            if value is not None and not (hasattr(value, "__iter__") and len(value) == 0)
        }
    return [_plain(one) for one in item] if isinstance(item, list | tuple) else item
