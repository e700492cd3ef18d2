from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from media_maker import click, corner_colours, corners, cut, onset_s, tone, write_media
from PIL import Image

from animdrive.contract import VideoFrame
from animdrive.errors import ContractError, InputError
from animdrive.media.audio import read_audio
from animdrive.media.video import at_constant_rate, probe_video, read_frames

UPRIGHT = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]])


def _flashing(count: int, flash: int, size: tuple[int, int] = (48, 64)) -> list[np.ndarray]:
    return [np.full((*size, 3), 255 if i == flash else 0, dtype=np.uint8) for i in range(count)]


def _noisy(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    return list(rng.integers(0, 255, (count, 96, 128, 3), dtype=np.uint8))


class TestFormats:
    @pytest.mark.parametrize(
        ("name", "codec"),
        [
            ("a.mp4", "libx264"),
            ("a.mov", "libx264"),
            ("a.mkv", "libx264"),
            ("a.webm", "libvpx-vp9"),
            ("a.webm", "libvpx"),
            ("a.avi", "mpeg4"),
            ("a.avi", "mjpeg"),
            ("a.ts", "libx264"),
        ],
    )
    def test_every_format_gives_all_pictures_at_their_times(self, tmp_path, name, codec):
        kind = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        path = write_media(
            tmp_path / name,
            images=[corners()] * 12,
            video_codec=codec,
            pixel_format=kind,
            video_options={"bf": "0"} if codec == "mpeg4" else None,
        )
        notes: list[str] = []
        frames = list(read_frames(path, report=notes.append))
        assert notes == []
        np.testing.assert_allclose([f.time_s for f in frames], np.arange(12) / 25, atol=1e-3)
        for frame in frames:
            assert frame.image.shape == (48, 64, 3)
            assert frame.image.flags.c_contiguous
            np.testing.assert_allclose(corner_colours(frame.image), UPRIGHT, atol=12)

    @pytest.mark.parametrize("size", [(65, 47), (1, 1), (17, 64)])
    def test_odd_sizes(self, tmp_path, size):
        path = write_media(
            tmp_path / "a.mkv",
            images=[np.full((size[1], size[0], 3), 90, dtype=np.uint8)] * 3,
            video_codec="ffv1",
            pixel_format="yuv444p",
        )
        info = probe_video(path)
        assert (info.width_px, info.height_px) == size
        frames = list(read_frames(path))
        assert [frame.image.shape for frame in frames] == [(size[1], size[0], 3)] * 3
        assert abs(int(frames[0].image.mean()) - 90) <= 2

    @pytest.mark.parametrize("name", ["näßé 漢字.mp4", "take:1 %03d.mp4"])
    def test_any_name(self, tmp_path, name):
        path = write_media(tmp_path / name, images=[corners()] * 3)
        assert len(list(read_frames(path))) == 3

    def test_probe(self, tmp_path):
        path = write_media(tmp_path / "a.mp4", images=[corners()] * 50, fps=30, sound=tone(1))
        info = probe_video(path)
        assert (info.width_px, info.height_px, info.rotation_deg) == (64, 48, 0)
        assert (info.fps, info.codec, info.has_audio) == (30, "h264", True)
        assert info.duration_s == pytest.approx(50 / 30, abs=0.02)
        assert info.frame_count == 50

    def test_probe_of_a_browsers_recording_without_length_and_rate(self, tmp_path):
        path = write_media(
            tmp_path / "a.webm",
            images=[corners()] * 20,
            times_s=np.arange(20) * 0.04,
            fps=1000,
            video_codec="libvpx",
            options={"live": "1"},
        )
        info = probe_video(path)
        assert info.fps == pytest.approx(25, rel=0.01)
        assert info.duration_s == pytest.approx(0.8, abs=0.05)
        assert info.frame_count == pytest.approx(20, abs=1)

    def test_one_picture_is_a_short_film(self, tmp_path):
        path = write_media(tmp_path / "a.mp4", images=[corners()])
        assert probe_video(path).frame_count == 1
        assert [frame.time_s for frame in read_frames(path)] == [0.0]

    def test_hd_that_does_not_tell_its_colours_is_bt709(self, tmp_path):
        from animdrive.media.writer import VideoWriter

        told = tmp_path / "told.mp4"
        with VideoWriter(told, size_px=(1280, 720), fps=25) as writer:
            writer.write(corners(1280, 720))
        bare = tmp_path / "bare.mp4"
        import av

        with av.open(str(told)) as source, av.open(str(bare), "w") as output:
            stream = source.streams.video[0]
            frame = next(source.decode(stream))
            frame.colorspace = 2  # unspecified
            copy = output.add_stream("libx264", rate=25, options={"crf": "1"})
            copy.width, copy.height, copy.pix_fmt = 1280, 720, "yuv420p"
            frame.pts = 0
            output.mux(copy.encode(frame))
            output.mux(copy.encode(None))
        frame = next(read_frames(bare))
        np.testing.assert_allclose(corner_colours(frame.image), UPRIGHT, atol=6)

    def test_a_real_clip(self, carphone):
        info = probe_video(carphone)
        frames = list(read_frames(carphone))
        assert len(frames) == info.frame_count
        assert frames[0].image.shape == (info.height_px, info.width_px, 3)

    def test_shared_clips_rise_in_time_and_are_whole(self, shared_data):
        path = shared_data / "faces" / "videos" / "fr_short_hamilton.mp4"
        notes: list[str] = []
        times = [frame.time_s for frame in read_frames(path, report=notes.append)]
        assert notes == []
        assert len(times) == 275
        assert times[0] == pytest.approx(0.844, abs=1e-3)  # its sound starts before its picture
        np.testing.assert_allclose(np.diff(times), 1 / 29.97, atol=1e-3)


class TestUpright:
    """The law: however the picture lies in the file, it is read as it was meant to be seen."""

    @pytest.mark.parametrize("mirrored", [False, True])
    @pytest.mark.parametrize("degrees", [0, 90, 180, -90])
    @pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
    def test_display_matrix(self, tmp_path, name, degrees, mirrored):
        # What is shown is the stored picture, turned counter-clockwise, then mirrored.
        stored = corners()[:, ::-1] if mirrored else corners()
        stored = np.rot90(stored, -degrees // 90)
        path = write_media(
            tmp_path / name, images=[stored] * 3, rotation=(degrees, mirrored), video_codec="mpeg4"
        )
        info = probe_video(path)
        assert (info.width_px, info.height_px) == (64, 48)
        for frame in read_frames(path):
            assert frame.image.shape == (48, 64, 3)
            assert frame.image.flags.c_contiguous
            np.testing.assert_allclose(corner_colours(frame.image), UPRIGHT, atol=12)

    @pytest.mark.parametrize(("degrees", "told"), [(0, 0), (90, 90), (180, 180), (-90, 270)])
    def test_rotation_is_told(self, tmp_path, degrees, told):
        path = write_media(tmp_path / "a.mov", images=[corners()] * 2, rotation=(degrees, False))
        assert probe_video(path).rotation_deg == told

    @pytest.mark.parametrize(
        ("aspect", "size"), [(Fraction(2), (128, 48)), (Fraction(1, 2), (64, 96))]
    )
    def test_pixels_become_square(self, tmp_path, aspect, size):
        path = write_media(tmp_path / "a.mp4", images=[corners()] * 2, pixel_aspect=aspect)
        frame = next(read_frames(path))
        assert (frame.image.shape[1], frame.image.shape[0]) == size
        np.testing.assert_allclose(corner_colours(frame.image), UPRIGHT, atol=12)

    @pytest.mark.parametrize(("most", "size"), [(32, (32, 24)), (64, (64, 48)), (999, (64, 48))])
    def test_longest_side(self, tmp_path, most, size):
        path = write_media(tmp_path / "a.mp4", images=[corners()] * 2)
        for frame in read_frames(path, max_side_px=most):
            assert (frame.image.shape[1], frame.image.shape[0]) == size

    def test_a_change_of_size_is_scaled_to_the_first_and_told(self, tmp_path):
        first = write_media(tmp_path / "a.ts", images=[corners()] * 10)
        second = write_media(tmp_path / "b.ts", images=[corners(128, 96)] * 10)
        (tmp_path / "c.ts").write_bytes(first.read_bytes() + second.read_bytes())
        notes: list[str] = []
        shapes = {f.image.shape for f in read_frames(tmp_path / "c.ts", report=notes.append)}
        assert shapes == {(48, 64, 3)}
        assert any("c.ts changes its size at 0.4" in note for note in notes)


class TestTime:
    @pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm"])
    def test_a_varying_rate_keeps_its_times(self, tmp_path, name):
        times = [0.0, 0.04, 0.05, 0.3, 0.31, 0.9, 1.0]
        path = write_media(
            tmp_path / name,
            images=[corners()] * len(times),
            times_s=times,
            video_codec="libvpx" if name.endswith("webm") else "libx264",
        )
        read = [frame.time_s for frame in read_frames(path)]
        np.testing.assert_allclose(read, times, atol=1e-3)

    @pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
    @pytest.mark.parametrize("delay_s", [0.0, 0.5])
    def test_picture_and_sound_count_from_the_same_moment(self, tmp_path, name, delay_s):
        path = write_media(
            tmp_path / name,
            images=_flashing(30, 20),
            times_s=delay_s + np.arange(30) / 25,
            sound=click(2, delay_s + 0.8),
        )
        frames = list(read_frames(path))
        assert frames[0].time_s == pytest.approx(delay_s, abs=2e-3)
        brightest = max(frames, key=lambda frame: int(frame.image.sum(dtype=np.int64)))
        clip = read_audio(path)
        heard_s = onset_s(clip.samples, clip.sample_rate)
        assert brightest.time_s == pytest.approx(heard_s, abs=0.003)

    def test_a_film_alone_starts_at_zero(self, tmp_path):
        path = write_media(
            tmp_path / "a.mkv", images=[corners()] * 5, times_s=3 + np.arange(5) / 25
        )
        assert next(read_frames(path)).time_s == 0

    def test_a_clock_that_is_set_back_goes_on(self, tmp_path):
        part = write_media(tmp_path / "a.ts", images=[corners()] * 50)
        (tmp_path / "b.ts").write_bytes(part.read_bytes() * 2)
        times = np.array([frame.time_s for frame in read_frames(tmp_path / "b.ts")])
        assert len(times) >= 98
        assert (np.diff(times) > 0).all()
        assert times[-1] == pytest.approx(4.0, abs=0.2)


class TestConstantRate:
    @staticmethod
    def _frames(times) -> list[VideoFrame]:
        return [
            VideoFrame(np.full((1, 1, 3), i, dtype=np.uint8), float(t)) for i, t in enumerate(times)
        ]

    @staticmethod
    def _shown(frames) -> list[int]:
        return [int(frame.image[0, 0, 0]) for frame in frames]

    @pytest.mark.parametrize("fps", [24, 25, 29.97, 60])
    def test_a_constant_rate_is_left_as_it_is(self, fps):
        frames = self._frames(np.arange(100) / fps)
        result = list(at_constant_rate(frames, fps))
        assert self._shown(result) == list(range(100))
        np.testing.assert_allclose([f.time_s for f in result], np.arange(100) / fps)

    def test_twice_the_rate_and_half_of_it(self):
        frames = self._frames(np.arange(10) / 30 + 1e-4)
        double = list(at_constant_rate(frames, 60))
        assert len(double) == 20
        assert self._shown(at_constant_rate(double, 30)) == list(range(10))

    @pytest.mark.parametrize("fps", [10, 25, 60])
    def test_every_picture_is_the_nearest_in_time(self, rng, fps):
        times = np.cumsum(rng.uniform(0.01, 0.2, 40))
        result = list(at_constant_rate(self._frames(times), fps))
        np.testing.assert_allclose([f.time_s for f in result], np.arange(len(result)) / fps)
        for frame, index in zip(result, self._shown(result), strict=True):
            assert abs(times[index] - frame.time_s) <= np.abs(times - frame.time_s).min() + 1e-9

    def test_before_the_first_picture_there_is_the_first(self):
        result = list(at_constant_rate(self._frames([0.5, 0.6]), 10))
        assert self._shown(result) == [0] * 6 + [1]

    @pytest.mark.parametrize(("end_s", "count"), [(0.25, 5), (2.0, 40), (0.0, 0)])
    def test_end(self, end_s, count):
        frames = self._frames(np.arange(10) / 10)
        assert len(list(at_constant_rate(frames, 20, end_s=end_s))) == count

    def test_nothing_and_one(self):
        assert list(at_constant_rate([], 25)) == []
        assert self._shown(at_constant_rate(self._frames([0.0]), 25)) == [0]

    def test_pictures_are_taken_as_they_are_needed(self):
        taken = []

        def source():
            for frame in self._frames(np.arange(100) / 25):
                taken.append(frame)
                yield frame

        next(at_constant_rate(source(), 25))
        assert len(taken) == 2

    def test_impossible_rate(self):
        with pytest.raises(ContractError, match="must be above 0"):
            next(at_constant_rate([], 0))


class TestDamage:
    @pytest.mark.parametrize(
        ("name", "codec"),
        [("a.mp4", "libx264"), ("a.webm", "libvpx"), ("a.mkv", "libx264"), ("a.avi", "mpeg4")],
    )
    def test_a_truncated_file_is_used_as_far_as_it_goes(self, tmp_path, rng, name, codec):
        path = write_media(
            tmp_path / name,
            images=_noisy(rng, 50),
            video_codec=codec,
            options={"movflags": "faststart"} if name == "a.mp4" else None,
        )
        cut(path, 0.5)
        notes: list[str] = []
        frames = list(read_frames(path, report=notes.append))
        assert 15 <= len(frames) <= 33
        assert len(notes) == 1
        assert notes[0].startswith(f"{name} ends early: {len(frames)} frames (")
        total_s = float(notes[0].split(" of ")[1].split()[0])
        assert total_s == pytest.approx(2.0, abs=0.15)

    def test_a_truncated_mp4_in_fragments(self, tmp_path, rng):
        path = write_media(
            tmp_path / "a.mp4",
            images=_noisy(rng, 50),
            video_options={"g": "10"},
            options={"movflags": "frag_keyframe+empty_moov"},
        )
        notes: list[str] = []
        frames = list(read_frames(cut(path, 0.5), report=notes.append))
        assert 15 <= len(frames) <= 33
        assert len(notes) == 1
        assert notes[0].startswith(f"a.mp4 was cut off: {len(frames)} frames (")

    def test_bytes_lost_in_the_middle(self, tmp_path, rng):
        path = write_media(
            tmp_path / "a.mp4", images=_noisy(rng, 50), video_codec="mjpeg", pixel_format="yuvj420p"
        )
        data = bytearray(path.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 20_000] = bytes(20_000)
        path.write_bytes(data)
        notes: list[str] = []
        frames = list(read_frames(path, report=notes.append))
        assert 40 <= len(frames) < 50
        assert f"a.mp4 is damaged (packets lost: {50 - len(frames)});" in notes[0]


class TestErrors:
    def test_missing(self, tmp_path):
        with pytest.raises(InputError, match=r"video file not found: .*a\.mp4\. Check the path"):
            read_frames(tmp_path / "a.mp4")

    def test_empty(self, tmp_path):
        (tmp_path / "a.mp4").touch()
        with pytest.raises(InputError, match=r"a\.mp4 is empty \(0 bytes\)"):
            read_frames(tmp_path / "a.mp4")

    def test_an_index_that_was_never_written(self, tmp_path, rng):
        path = cut(write_media(tmp_path / "a.mp4", images=_noisy(rng, 10)), 0.6)
        with pytest.raises(InputError, match=r"a\.mp4 has no index \(moov atom\)"):
            read_frames(path)

    @pytest.mark.parametrize("name", ["a.mp4", "a.txt", "a.webm"])
    def test_a_text_is_no_video(self, tmp_path, name):
        (tmp_path / name).write_text("hello, this is a text\n" * 50)
        with pytest.raises(InputError, match=r"is not a video file that can be read\. Give mp4"):
            read_frames(tmp_path / name)

    @pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.webp", "a.bmp"])
    def test_a_picture_is_no_video(self, tmp_path, name):
        Image.fromarray(corners()).save(tmp_path / name)
        with pytest.raises(InputError, match="is a picture, not a video file"):
            read_frames(tmp_path / name)

    def test_a_picture_named_mp4_is_no_video(self, tmp_path):
        Image.fromarray(corners()).save(tmp_path / "a.mp4", "PNG")
        with pytest.raises(InputError, match="is a picture, not a video file"):
            read_frames(tmp_path / "a.mp4")

    def test_a_telephones_picture_is_no_video(self, tmp_path):
        path = write_media(tmp_path / "a.mp4", images=[corners()])
        path.write_bytes(path.read_bytes().replace(b"ftypisom", b"ftypheic", 1))
        with pytest.raises(InputError, match="is a picture, not a video file"):
            read_frames(path)

    @pytest.mark.parametrize("name", ["a.wav", "a.m4a"])
    def test_sound_alone(self, tmp_path, name):
        codec = "aac" if name == "a.m4a" else "pcm_s16le"
        path = write_media(tmp_path / name, sound=tone(0.5), audio_codec=codec)
        with pytest.raises(InputError, match="has no video stream, only sound"):
            probe_video(path)

    def test_cover_art_is_no_video(self, tmp_path):
        path = write_media(
            tmp_path / "a.m4a",
            images=[corners()],
            video_codec="mjpeg",
            pixel_format="yuvj420p",
            cover_art=True,
            sound=tone(0.5),
            container="mp4",
        )
        assert read_audio(path).duration_s == pytest.approx(0.5, abs=0.03)
        with pytest.raises(InputError, match="has no video stream, only sound"):
            read_frames(path)

    def test_no_picture_in_it(self, tmp_path, rng):
        path = write_media(
            tmp_path / "a.mp4", images=_noisy(rng, 5), options={"movflags": "faststart"}
        )
        data = path.read_bytes()
        path.write_bytes(data[: data.index(b"mdat") + 100])
        with pytest.raises(InputError, match=r"a\.mp4: not one picture could be decoded"):
            read_frames(path)
