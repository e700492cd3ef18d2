"""KTX2 pictures of the ETC1S kind, decoded: what packed glTF files carry.

Reference: Khronos Group, "KTX File Format Specification" 2.0, sections 3 (file) and 5 (BasisLZ
global data) and the appendix "BasisLZ/ETC1S Bitstream Specification"; "Khronos Data Format
Specification" 1.3, section 22 (ETC1S).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import ByteArray
from animdrive.errors import InputError

MAGIC = b"\xabKTX 20\xbb\r\n\x1a\n"
"""How a KTX2 file begins."""

_BASIS_LZ = 1
_LARGEST_SIDE = 16_384
_LONGEST_CODE = 16
_LENGTHS_ORDER = (17, 18, 19, 20, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15, 16)
# Runs of code lengths: symbol → bits that count it, its least count, whether it repeats.
_RUNS = {17: (3, 3, False), 18: (7, 11, False), 19: (2, 3, True), 20: (7, 7, True)}
_LONG_RUN = 63
_SAME_AS_BEFORE = 256
_LEFT, _ABOVE, _ABOVE_LEFT = 0, 1, 2

_SMALL = np.array([2, 5, 9, 13, 18, 24, 33, 47])
_LARGE = np.array([8, 17, 29, 42, 60, 80, 106, 183])
_MODIFIERS = np.stack([-_LARGE, -_SMALL, _SMALL, _LARGE], axis=1)
"""[8, 4] what each selector adds to the colour, for each intensity."""


class _Damaged(Exception):
    """The bits do not hold together."""


class _Bits:
    """Bits of a run of bytes, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._data = data + bytes(4)
        self._end = 8 * len(data)
        self.at = 0

    def peek(self) -> int:
        """Return the next 16 bits, zeros behind the end."""
        start = self.at >> 3
        return int.from_bytes(self._data[start : start + 3], "little") >> (self.at & 7) & 0xFFFF

    def take(self, count: int) -> int:
        """Return the next `count` bits, up to 16."""
        value = self.peek() & ((1 << count) - 1)
        self.skip(count)
        return value

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > self._end:
            raise _Damaged("it ends too early")

    def counted(self, width: int) -> int:
        """Return a number in chunks of `width` bits, each followed by whether another comes."""
        value = shift = 0
        while shift < 32:
            chunk = self.take(width + 1)
            value |= (chunk & ((1 << width) - 1)) << shift
            shift += width
            if not chunk >> width:
                break
        return value


class _Codes:
    """A canonical Huffman code: the next 16 bits to symbol and length."""

    def __init__(self, lengths: list[int]) -> None:
        self._symbols = np.zeros(1 << _LONGEST_CODE, dtype=np.int32)
        self._lengths = np.zeros(1 << _LONGEST_CODE, dtype=np.uint8)
        code = 0
        for length in range(1, _LONGEST_CODE + 1):
            for symbol in (s for s, n in enumerate(lengths) if n == length):
                if code >= 1 << length:
                    raise _Damaged("a code has too many symbols")
                first = int(f"{code:0{length}b}"[::-1], 2)  # codes lie there from their top bit on
                self._symbols[first :: 1 << length] = symbol
                self._lengths[first :: 1 << length] = length
                code += 1
            code <<= 1

    def read(self, bits: _Bits) -> int:
        following = bits.peek()
        length = int(self._lengths[following])
        if not length:
            raise _Damaged("a code means nothing")
        bits.skip(length)
        return int(self._symbols[following])


def _read_codes(bits: _Bits) -> _Codes:
    count, given = bits.take(14), bits.take(5)
    if given > len(_LENGTHS_ORDER):
        raise _Damaged("a code has too many lengths")
    sizes = [0] * len(_LENGTHS_ORDER)
    for place in _LENGTHS_ORDER[:given]:
        sizes[place] = bits.take(3)
    shape = _Codes(sizes)
    lengths: list[int] = []
    while len(lengths) < count:
        symbol = shape.read(bits)
        if symbol in _RUNS:
            width, least, repeats = _RUNS[symbol]
            if repeats and not lengths:
                raise _Damaged("a code repeats nothing")
            lengths += [lengths[-1] if repeats else 0] * (least + bits.take(width))
        else:
            lengths.append(symbol)
    if len(lengths) != count:
        raise _Damaged("a code has too many symbols")
    return _Codes(lengths)


@dataclass(frozen=True, eq=False)
class _File:
    """Where what is in a KTX2 file of the ETC1S kind."""

    width: int
    height: int
    endpoints: bytes
    selectors: bytes
    tables: bytes
    counts: tuple[int, int]
    """How many endpoints and selectors there are."""
    color: bytes
    """The slice of the largest picture's colours."""
    has_alpha: bool


def has_alpha(data: bytes) -> bool:
    """Whether a KTX2 file of the ETC1S kind has an alpha; False where it is no such file."""
    try:
        return _opened(data).has_alpha
    except (_Damaged, struct.error):
        return False


def decode_ktx2(data: bytes, what: str) -> ByteArray:
    """Return the largest picture of a KTX2 file, uint8 [H, W, 3], row 0 its first; alpha left out.

    Args:
        data: The file.
        what: What it is, for messages.

    Raises:
        InputError: it is damaged, or of another kind than ETC1S (UASTC, or plain formats).
    """
    try:
        file = _opened(data)
        colors = _endpoints(file)
        shapes = _selectors(file)
        which = _blocks(file)
    except (_Damaged, struct.error) as error:
        raise InputError(
            f"{what} cannot be read as KTX2: {error}. Convert it to PNG or JPEG, for example with "
            "'gltf-transform'."
        ) from None
    base = colors[which[..., 0], :3]  # [rows, columns, 3] of five bits
    base = base << 3 | base >> 2
    light = _MODIFIERS[colors[which[..., 0], 3]]  # [rows, columns, 4]
    picked = np.take_along_axis(light, shapes[which[..., 1]], axis=2)  # 16 texels of each block
    texels = np.clip(base[:, :, None] + picked[..., None], 0, 255).astype(np.uint8)
    rows, columns = which.shape[:2]
    whole = texels.reshape(rows, columns, 4, 4, 3).swapaxes(1, 2).reshape(4 * rows, 4 * columns, 3)
    return np.ascontiguousarray(whole[: file.height, : file.width])


def _opened(data: bytes) -> _File:
    if data[: len(MAGIC)] != MAGIC:
        raise _Damaged("it does not begin as such a file")
    _, _, width, height, depth, _, _, levels, scheme = struct.unpack_from("<9I", data, 12)
    if scheme != _BASIS_LZ:
        raise _Damaged("it is of another kind than ETC1S")
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE) or depth or not levels:
        raise _Damaged(f"it says it is {width} × {height} × {depth}")
    start, size = struct.unpack_from("<2Q", data, 64)
    level_at, level_size, _ = struct.unpack_from("<3Q", data, 80)
    shared = _run(data, start, size)
    endpoints, selectors, *sizes = struct.unpack_from("<2H4I", shared)
    images_at = struct.calcsize("<2H4I")
    # The number of pictures is not told; of each there are five numbers, the first is the largest.
    _, color_at, color_size, _, alpha_size = struct.unpack_from("<5I", shared, images_at)
    parts, at = [], len(shared) - sum(sizes)
    for part in sizes[:3]:
        parts.append(_run(shared, at, part))
        at += part
    return _File(
        width=width,
        height=height,
        endpoints=parts[0],
        selectors=parts[1],
        tables=parts[2],
        counts=(endpoints, selectors),
        color=_run(_run(data, level_at, level_size), color_at, color_size),
        has_alpha=alpha_size > 0,
    )


def _run(data: bytes, start: int, size: int) -> bytes:
    if start < 0 or start + size > len(data):
        raise _Damaged("it is cut short")
    return data[start : start + size]


def _endpoints(file: _File) -> npt.NDArray[np.int64]:
    """Return [E, 4]: red, green, blue 0..31 and the intensity 0..7."""
    bits = _Bits(file.endpoints)
    dark, middle, bright, intensity = (_read_codes(bits) for _ in range(4))
    grey = bits.take(1)
    rows = np.zeros((file.counts[0], 4), dtype=np.int64)
    last, level = [16, 16, 16], 0
    for row in rows:
        level = (level + intensity.read(bits)) & 7
        for channel in range(1 if grey else 3):
            before = last[channel]
            codes = dark if before < 10 else middle if before < 22 else bright
            last[channel] = (before + codes.read(bits)) & 31
        row[:3] = last[0] if grey else last
        row[3] = level
    return rows


def _selectors(file: _File) -> npt.NDArray[np.int64]:
    """Return [S, 16] selectors 0..3 of the texels of a block, row by row."""
    bits = _Bits(file.selectors)
    if bits.take(2):
        raise _Damaged("its selectors are of an unknown kind")
    plain = bits.take(1)
    codes = None if plain else _read_codes(bits)
    packed = np.zeros((file.counts[1], 4), dtype=np.int64)
    for number in range(file.counts[1]):
        for row in range(4):
            if codes is None or number == 0:
                packed[number, row] = bits.take(8)
            else:
                packed[number, row] = packed[number - 1, row] ^ (codes.read(bits) & 255)
    spread: npt.NDArray[np.int64] = (packed[:, :, None] >> np.array([0, 2, 4, 6])) & 3
    return spread.reshape(-1, 16)


class _Recent:
    """Selectors that were used lately; those used again move ahead, roughly."""

    def __init__(self, size: int) -> None:
        self._values = [0] * size
        self._next = size // 2

    def add(self, value: int) -> None:
        if not self._values:
            return
        self._values[self._next] = value
        self._next += 1
        if self._next == len(self._values):
            self._next = len(self._values) // 2

    def use(self, place: int) -> int:
        if place >= len(self._values):
            raise _Damaged("it uses a selector that was not")
        value, ahead = self._values[place], place // 2
        self._values[place], self._values[ahead] = self._values[ahead], value
        return value


def _blocks(file: _File) -> npt.NDArray[np.int64]:
    """Return [rows, columns, 2], which endpoints and which selectors each block has."""
    tables = _Bits(file.tables)
    ways, steps, picks, runs = (_read_codes(tables) for _ in range(4))
    recent_size = tables.take(13)
    columns, rows = -(-file.width // 4), -(-file.height // 4)
    known = _Known(_Bits(file.color), ways, steps, picks, runs, file.counts, recent_size)
    return known.read(rows, columns)


class _Known:
    """The state of a slice as its blocks are read."""

    def __init__(
        self,
        bits: _Bits,
        ways: _Codes,
        steps: _Codes,
        picks: _Codes,
        runs: _Codes,
        counts: tuple[int, int],
        recent_size: int,
    ) -> None:
        self._bits, self._ways, self._steps = bits, ways, steps
        self._picks, self._runs = picks, runs
        self._counts, self._recent_size = counts, recent_size
        self._recent = _Recent(recent_size)
        self._run = self._repeats = self._last_way = 0

    def read(self, rows: int, columns: int) -> npt.NDArray[np.int64]:
        found: npt.NDArray[Any] = np.zeros((rows, columns, 2), dtype=np.int64)
        below = [0] * columns  # the lower halves of what is said of two rows at once
        endpoint = 0
        above = [0] * columns
        for y in range(rows):
            line = [0] * columns
            way = 0
            for x in range(columns):
                if not x & 1:
                    if y & 1:
                        way = below[x]
                    else:
                        way = self._way()
                        below[x] = way >> 4
                endpoint = self._endpoint(way & 3, endpoint, above, x, y)
                way >>= 2
                line[x] = endpoint
                found[y, x, 0] = endpoint
                found[y, x, 1] = self._selector()
            above = line
        return found

    def _way(self) -> int:
        """Return how the endpoints of 2 × 2 blocks are predicted, two bits for each."""
        if self._repeats:
            self._repeats -= 1
            return self._last_way
        symbol = self._ways.read(self._bits)
        if symbol == _SAME_AS_BEFORE:
            self._repeats = self._bits.counted(4) + 2
            return self._last_way
        self._last_way = symbol
        return symbol

    def _endpoint(self, way: int, before: int, above: list[int], x: int, y: int) -> int:
        if (way == _LEFT and x) or (way == _ABOVE and y) or (way == _ABOVE_LEFT and x and y):
            return (before, above[x], above[x - 1])[way]
        if way in (_LEFT, _ABOVE, _ABOVE_LEFT):
            raise _Damaged("a block looks beyond the edge")
        endpoint = before + self._steps.read(self._bits)
        if endpoint >= self._counts[0]:
            endpoint -= self._counts[0]
        if endpoint >= self._counts[0]:
            raise _Damaged("it has no such colour")
        return endpoint

    def _selector(self) -> int:
        count = self._counts[1]
        if self._run:
            self._run -= 1
            return self._recent.use(0)
        symbol = self._picks.read(self._bits)
        if symbol < count:
            self._recent.add(symbol)
            return symbol
        if symbol < count + self._recent_size:
            return self._recent.use(symbol - count)
        long = self._runs.read(self._bits)
        self._run = 3 + (self._bits.counted(7) if long == _LONG_RUN else long) - 1
        return self._recent.use(0)
