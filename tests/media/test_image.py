from __future__ import annotations

import numpy as np
import pytest
from media_maker import corner_colours, corners
from PIL import Image

from animdrive.errors import ContractError, InputError
from animdrive.media.image import read_image, write_image


class TestRead:
    @pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tiff", "a.bmp", "näßé 漢.png"])
    def test_formats(self, tmp_path, name):
        Image.fromarray(corners()).save(tmp_path / name)
        image = read_image(tmp_path / name)
        assert image.shape == (48, 64, 3)
        assert image.dtype == np.uint8
        assert image.flags.c_contiguous
        np.testing.assert_allclose(corner_colours(image), corner_colours(corners()), atol=4)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_orientation(self, tmp_path, orientation):
        # What a camera stores when it is held so that the picture is upright once turned back.
        stored = {
            1: lambda a: a,
            2: lambda a: a[:, ::-1],
            3: lambda a: a[::-1, ::-1],
            4: lambda a: a[::-1],
            5: lambda a: a.transpose(1, 0, 2),
            6: lambda a: np.rot90(a, 1),
            7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
            8: lambda a: np.rot90(a, -1),
        }[orientation](corners())
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), corners())

    @pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK", "I;16", "I", "YCbCr"])
    def test_every_kind_of_grey_is_that_grey(self, tmp_path, mode):
        grey = np.zeros((8, 8), dtype=np.uint8)
        grey[:4] = 255
        if mode.startswith("I"):
            kind = np.uint16 if mode == "I;16" else np.int32
            picture = Image.fromarray((grey.astype(np.int32) * 257).astype(kind))
        else:
            picture = Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).convert(mode)
        picture.save(tmp_path / "a.tiff")
        expected = np.repeat(grey[..., None], 3, axis=2)
        np.testing.assert_allclose(read_image(tmp_path / "a.tiff").astype(int), expected, atol=1)

    def test_sixteen_bits_keep_their_middle_tones(self, tmp_path):
        ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None]
        Image.fromarray(ramp).save(tmp_path / "a.png")
        image = read_image(tmp_path / "a.png")
        np.testing.assert_allclose(image[0, :, 0].astype(int), np.arange(256), atol=1)

    def test_transparency_lies_on_white(self, tmp_path):
        picture = np.zeros((2, 2, 4), dtype=np.uint8)
        picture[..., 0], picture[0, 0, 3], picture[0, 1, 3] = 255, 255, 128
        Image.fromarray(picture).save(tmp_path / "a.png")
        image = read_image(tmp_path / "a.png")
        assert image[0, 0].tolist() == [255, 0, 0]
        assert image[0, 1].tolist() == pytest.approx([255, 127, 127], abs=1)
        assert image[1, 1].tolist() == [255, 255, 255]

    def test_transparent_palette_colour_is_white(self, tmp_path):
        picture = Image.new("P", (2, 2), 0)
        picture.putpalette([10, 20, 30])
        picture.save(tmp_path / "a.png", transparency=0)
        assert read_image(tmp_path / "a.png")[0, 0].tolist() == [255, 255, 255]

    def test_an_animation_gives_its_first_picture(self, tmp_path):
        pictures = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
        pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:])
        assert read_image(tmp_path / "a.gif")[0, 0].tolist() == [255, 0, 0]

    def test_damaged_metadata_does_not_matter(self, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(corners()).save(tmp_path / "a.jpg", exif=exif)
        data = bytearray((tmp_path / "a.jpg").read_bytes())
        entry = data.index(b"\x01\x12")  # the orientation's entry: tag, type, count, value
        data[entry + 4 : entry + 8] = b"\x00\xff\xff\xff"
        (tmp_path / "a.jpg").write_bytes(data)
        assert read_image(tmp_path / "a.jpg").shape == (48, 64, 3)


class TestReadErrors:
    def test_missing(self, tmp_path):
        with pytest.raises(InputError, match=r"picture not found: .*a\.png\. Check the path"):
            read_image(tmp_path / "a.png")

    def test_empty(self, tmp_path):
        (tmp_path / "a.png").touch()
        with pytest.raises(InputError, match=r"a\.png is empty \(0 bytes\)"):
            read_image(tmp_path / "a.png")

    def test_a_text(self, tmp_path):
        (tmp_path / "a.png").write_text("hello")
        with pytest.raises(
            InputError, match=r"a\.png is not a picture that can be read\. Give png"
        ):
            read_image(tmp_path / "a.png")

    @pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tiff"])
    @pytest.mark.parametrize("share", [0.5, 0.9])
    def test_cut_off(self, tmp_path, rng, name, share):
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: int(len(data) * share)])
        with pytest.raises(InputError, match=r"is cut off or damaged|is not a picture"):
            read_image(tmp_path / name)

    @pytest.mark.parametrize("pixels", [1000, 2000])
    def test_too_big(self, tmp_path, monkeypatch, pixels):
        Image.fromarray(corners()).save(tmp_path / "a.png")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels)
        with pytest.raises(InputError, match=f"has more than {pixels} pixels"):
            read_image(tmp_path / "a.png")


class TestWrite:
    def test_png_round_trip_is_exact(self, tmp_path, rng):
        image = rng.integers(0, 255, (17, 33, 3), dtype=np.uint8)
        write_image(image, tmp_path / "ü.png")
        np.testing.assert_array_equal(read_image(tmp_path / "ü.png"), image)

    @pytest.mark.parametrize("name", ["a.jpg", "a.JPEG"])
    def test_jpg_round_trip_is_near(self, tmp_path, name):
        write_image(corners(), tmp_path / name)
        near = corner_colours(read_image(tmp_path / name))
        np.testing.assert_allclose(near, corner_colours(corners()), atol=4)

    def test_unknown_suffix(self, tmp_path):
        with pytest.raises(InputError, match=r"as a picture; end its name in \.png or \.jpg"):
            write_image(corners(), tmp_path / "a.tga")

    def test_not_a_picture(self, tmp_path):
        with pytest.raises(ContractError, match="write_image: image must have shape"):
            write_image(corners()[..., 0], tmp_path / "a.png")
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_cannot_be_made(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(InputError, match="Cannot write"):
            write_image(corners(), tmp_path / "file" / "a.png")
