"""Numbers out of a glTF file: accessors, dense and sparse, checked before use.

Reference: Khronos Group, "glTF 2.0 Specification" (ISO/IEC 12113:2022), section 3.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.gltf.compression import meshopt_of, unpacked
from animdrive.gltf.container import Json, damaged, is_count, read_container

_COMPONENTS: dict[int, npt.DTypeLike] = {
    5120: np.int8,
    5121: np.uint8,
    5122: np.int16,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_UNREADABLE = ("KHR_draco_mesh_compression",)
_LARGEST_COUNT = 1 << 28


def _known(table: Mapping[Any, Any], key: Any) -> Any:
    """Return what `table` says of a value out of JSON, which may be a list."""
    return table.get(key) if isinstance(key, int | str) else None


class GltfData:
    """The JSON of a glTF file and the numbers in its buffers.

    Raises:
        InputError: from every method, where the file does not hold together.
    """

    def __init__(self, path: Path) -> None:
        """Open `path`, a .glb or .gltf file."""
        self.path = Path(path)
        self.json, self.buffers = read_container(self.path)
        # One for each of the file's; empty where a compressed file declares one as a fallback.
        self._unpacked: dict[int, bytes] = {}

    def entry(self, kind: str, index: Any) -> Json:
        """Return the description of one of the file's "nodes", "meshes", "accessors"..."""
        items = self.json.get(kind, [])
        if (
            not isinstance(items, list)
            or not is_count(index)
            or index >= len(items)
            or not isinstance(items[index], dict)
        ):
            raise damaged(self.path, f"{kind}[{index}] is not there")
        found: Json = items[index]
        return found

    def count(self, kind: str) -> int:
        """Return how many "nodes", "meshes", "animations"... the file has."""
        items = self.json.get(kind, [])
        return len(items) if isinstance(items, list) else 0

    def refuse_compressed(self, entry: Json) -> None:
        """Raise where a buffer view or a primitive is packed in a way that cannot be read."""
        extensions = entry.get("extensions")
        for name in _UNREADABLE:
            if isinstance(extensions, dict) and name in extensions:
                raise InputError(
                    f"{self.path} is compressed with {name}, which cannot be read. Unpack it "
                    f"first, for example with 'gltf-transform copy'."
                )

    def _bytes(self, view_index: Any, offset: int, size: int) -> memoryview:
        view = self.entry("bufferViews", view_index)
        self.refuse_compressed(view)
        packing = meshopt_of(view)
        if packing is not None:
            return self._unpacked_bytes(view_index, packing, offset, size)
        number = view.get("buffer")
        if not is_count(number) or number >= len(self.buffers):
            raise damaged(self.path, f"bufferViews[{view_index}] has no buffer")
        start, length = view.get("byteOffset", 0), view.get("byteLength")
        if not (is_count(start) and is_count(length)):
            raise damaged(self.path, f"bufferViews[{view_index}] has no place")
        if offset + size > length or start + length > len(self.buffers[number]):
            raise damaged(
                self.path, f"bufferViews[{view_index}] reaches beyond the {length} bytes it has"
            )
        return memoryview(self.buffers[number])[start + offset : start + offset + size]

    def _unpacked_bytes(self, index: int, packing: Json, offset: int, size: int) -> memoryview:
        if index not in self._unpacked:
            what = f"bufferViews[{index}]"
            self._unpacked[index] = unpacked(self.path, packing, self.buffers, what)
        data = self._unpacked[index]
        if offset + size > len(data):
            raise damaged(
                self.path, f"bufferViews[{index}] reaches beyond the {len(data)} bytes it has"
            )
        return memoryview(data)[offset : offset + size]

    def view_bytes(self, index: Any) -> bytes:
        """Return all bytes of a buffer view: those of a picture, for example."""
        length = self.entry("bufferViews", index).get("byteLength")
        if not is_count(length):
            raise damaged(self.path, f"bufferViews[{index}] has no place")
        return bytes(self._bytes(index, 0, length))

    def _packed(
        self, view: Any, offset: Any, count: int, width: int, dtype: npt.DTypeLike
    ) -> npt.NDArray[Any]:
        """Return [count, width] numbers from a buffer view, stride undone."""
        item = np.dtype(dtype).newbyteorder("<")
        row = item.itemsize * width
        stride = self.entry("bufferViews", view).get("byteStride") or row
        if not is_count(offset) or not is_count(stride) or stride < row:
            raise damaged(self.path, f"bufferViews[{view}] has a wrong offset or stride")
        if count == 0:
            return np.zeros((0, width), dtype=dtype)
        data = self._bytes(view, offset, stride * (count - 1) + row)
        rows: npt.NDArray[Any] = np.ndarray(
            (count, width), item, data, strides=(stride, item.itemsize)
        )
        return rows.astype(dtype)

    def accessor(self, index: Any) -> npt.NDArray[Any]:
        """Return the numbers of an accessor, [N, K]; normalised integers as float32."""
        entry = self.entry("accessors", index)
        dtype = _known(_COMPONENTS, entry.get("componentType"))
        width = _known(_WIDTHS, entry.get("type"))
        count = entry.get("count")
        if dtype is None or width is None:
            raise damaged(self.path, f"accessors[{index}] has an unknown type")
        if not is_count(count) or count > _LARGEST_COUNT:
            raise damaged(self.path, f"accessors[{index}] has the count {count}")
        if entry.get("bufferView") is None:
            if entry.get("extensions") or count > _LARGEST_COUNT // 64:
                raise damaged(self.path, f"accessors[{index}] has no data")
            values = np.zeros((count, width), dtype=dtype)
        else:
            offset = entry.get("byteOffset", 0)
            values = self._packed(entry["bufferView"], offset, count, width, dtype)
        if "sparse" in entry:
            self._fill_sparse(index, entry["sparse"], values)
        if entry.get("normalized") and values.dtype != np.float32:
            values = values.astype(np.float32) / np.iinfo(values.dtype).max
            values = np.maximum(values, -1.0)
        if values.dtype == np.float32 and not np.isfinite(values).all():
            raise damaged(self.path, f"accessors[{index}] holds NaN or infinity")
        return values

    def _fill_sparse(self, index: int, sparse: Any, values: npt.NDArray[Any]) -> None:
        where, what = (
            sparse.get(part) if isinstance(sparse, dict) else None for part in ("indices", "values")
        )
        count = sparse.get("count") if isinstance(sparse, dict) else None
        if not (isinstance(where, dict) and isinstance(what, dict) and is_count(count)):
            raise damaged(self.path, f"accessors[{index}] is sparse but says not where")
        dtype = _known(_COMPONENTS, where.get("componentType"))
        if dtype not in (np.uint8, np.uint16, np.uint32) or count > len(values):
            raise damaged(self.path, f"accessors[{index}] is sparse with a wrong type or count")
        rows = self._packed(where.get("bufferView"), where.get("byteOffset", 0), count, 1, dtype)
        rows = rows[:, 0].astype(np.int64)
        if (np.diff(rows) <= 0).any() or (count and rows[-1] >= len(values)):
            raise damaged(self.path, f"accessors[{index}] has sparse rows out of order")
        offset = what.get("byteOffset", 0)
        values[rows] = self._packed(
            what.get("bufferView"), offset, count, values.shape[1], values.dtype
        )

    def floats(self, index: Any, width: int, what: str) -> FloatArray:
        """Return an accessor as float32 [N, width]; `what` uses it."""
        values = self.accessor(index).astype(np.float32)
        if values.shape[1] != width:
            raise damaged(self.path, f"{what} has {values.shape[1]} numbers per item, not {width}")
        return values
