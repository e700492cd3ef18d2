"""KTX2 pictures: small ones made here bit by bit, and one that another program made."""

import contextlib
import hashlib
import struct

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.gltf.reader import GltfFile
from animdrive.media.ktx2 import MAGIC, decode_ktx2, has_alpha

ORDER = (17, 18, 19, 20, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15, 16)


class Writer:
    """Writes what the decoder reads, by the specification's words."""

    def __init__(self):
        self.bits = []

    def put(self, value, count):
        self.bits += [value >> n & 1 for n in range(count)]

    def codes(self, symbols, count):
        """Write a table in which each of `symbols` has a code of the same length; return codes."""
        width = max(1, (len(symbols) - 1).bit_length())
        self.put(count, 14)
        self.put(len(ORDER), 5)
        for place in ORDER:  # two lengths are told apart by one bit
            self.put(1 if place in (0, width) else 0, 3)
        for symbol in range(count):
            self.put(1 if symbol in symbols else 0, 1)
        return {s: (int(f"{n:0{width}b}"[::-1], 2), width) for n, s in enumerate(sorted(symbols))}

    def say(self, codes, symbol):
        self.put(*codes[symbol])

    def data(self):
        padded = self.bits + [0] * (-len(self.bits) % 8)
        return np.packbits(padded, bitorder="little").tobytes()


def ktx2(*, width=8, height=4, first=255, steps=(0, 1), picks=(0, 0), alpha=False, plain=False):
    """Return a file of two colours, (16+3, 16+1, 16) with intensity 2 and (0, 0, 31) with 7."""
    endpoints = Writer()
    models = [endpoints.codes({0, 1, 3, 13, 15, 16}, 32) for _ in range(3)]
    level = endpoints.codes({2, 5}, 8)
    endpoints.put(0, 1)
    for inten, deltas in ((2, (3, 1, 0)), (5, (13, 15, 15))):
        endpoints.say(level, inten)
        for delta in deltas:  # from 16 and up to 21 the middle model, see `before`
            endpoints.say(models[1], delta)
    selectors = Writer()
    selectors.put(0, 2)
    selectors.put(int(plain), 1)
    rows = [[0b11100100] * 4, [0b00011011] * 4]
    if plain:
        for row in rows[0] + rows[1]:
            selectors.put(row, 8)
    else:
        change = selectors.codes({0b11111111}, 256)
        for row in rows[0]:
            selectors.put(row, 8)
        for _ in range(4):
            selectors.say(change, 0b11111111)
    tables, slice_ = Writer(), Writer()
    way = tables.codes({255, first}, 257)  # 255: none of four blocks is predicted
    step = tables.codes({0, 1}, 2)
    pick = tables.codes({0, 1, 2}, 2 + 4 + 1)
    tables.codes({0, 1}, 64)
    tables.put(4, 13)
    slice_.say(way, first)
    for delta, shape in zip(steps, picks, strict=True):
        slice_.say(step, delta)
        slice_.say(pick, shape)
    parts = [w.data() for w in (endpoints, selectors, tables)]
    color = slice_.data()
    shared = struct.pack("<2H4I", 2, 2, *map(len, parts), 0)
    shared += struct.pack("<5I", 0, 0, len(color), 0, 7 if alpha else 0) + b"".join(parts)
    start = 104
    head = MAGIC + struct.pack("<9I", 0, 1, width, height, 0, 0, 1, 1, 1)
    head += struct.pack("<4I2Q", 0, 0, 0, 0, start, len(shared))
    head += struct.pack("<3Q", start + len(shared), len(color), 0)
    return head + shared + color


@pytest.mark.parametrize("plain", [False, True])
def test_two_blocks_have_their_colours_and_shades(plain):
    image = decode_ktx2(ktx2(plain=plain), "it")
    assert image.shape == (4, 8, 3)
    # Selectors 0 1 2 3 from the left: darkest to brightest by the block's intensity.
    for block, (color, shades) in enumerate(
        [((19, 17, 16), (-29, -9, 9, 29)), ((0, 0, 31), (-183, -47, 47, 183))]
    ):
        wide = np.array([c << 3 | c >> 2 for c in color])
        for column, shade in enumerate(shades):
            wanted = np.clip(wide + shade, 0, 255)
            assert (image[:, 4 * block + column] == wanted).all()


def test_a_selector_that_was_used_lately_is_used_again():
    # 1, then the first place of those used lately: a place that holds 0 until it is used.
    first = decode_ktx2(ktx2(picks=(1, 1)), "it")
    again = decode_ktx2(ktx2(picks=(1, 2)), "it")
    assert (first[:, :4] == again[:, :4]).all()
    np.testing.assert_array_equal(first[:, 4:], again[:, 4:][:, ::-1])


def test_sizes_that_are_no_blocks_are_cut():
    image = decode_ktx2(ktx2(width=6, height=3), "it")
    np.testing.assert_array_equal(image, decode_ktx2(ktx2(), "it")[:3, :6])


def test_alpha_is_told():
    assert has_alpha(ktx2(alpha=True))
    assert not has_alpha(ktx2())
    assert not has_alpha(b"no picture")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: b"x" + d, "does not begin as such a file"),
        (lambda d: d[:44] + b"\2" + d[45:], "another kind than ETC1S"),
        (lambda d: d[:20] + struct.pack("<I", 1 << 20) + d[24:], "it says it is 1048576"),
        (lambda d: d[:-1], "cut short"),
        (lambda d: d[:60], "gltf-transform"),
    ],
)
def test_damage_is_named(spoil, message):
    with pytest.raises(InputError, match=message):
        decode_ktx2(spoil(ktx2()), "it")


@pytest.mark.parametrize("way", [0, 1, 2])
def test_a_block_that_looks_beyond_the_edge_is_damage(way):
    with pytest.raises(InputError, match="a block looks beyond the edge"):
        decode_ktx2(ktx2(first=0b11111100 | way), "it")


def test_a_block_may_have_the_colour_of_the_one_to_its_left():
    image = decode_ktx2(ktx2(first=0b11110011), "it")
    np.testing.assert_array_equal(image[:, :4], image[:, 4:])


def test_wrong_bits_are_an_error_or_a_picture_never_a_crash():
    data = ktx2()
    random = np.random.default_rng(0)
    for _ in range(60):
        spoiled = bytearray(data)
        for _ in range(3):
            spoiled[random.integers(104, len(data))] ^= 1 << random.integers(8)
        with contextlib.suppress(InputError):
            assert decode_ktx2(bytes(spoiled), "it").shape[2] == 3


def test_a_picture_that_another_program_packed(shared_data):
    file = GltfFile(shared_data / "rigs" / "facecap.glb")
    image = decode_ktx2(file.view_bytes(file.entry("images", 0)["bufferView"]), "it")
    # What the transcoder of Basis Universal itself makes of it.
    wanted = "31b188e5354a7a5312c51b5dbc5036e1bba1fb5bd3f784451a180a80935be947"
    assert hashlib.sha256(image.tobytes()).hexdigest() == wanted
