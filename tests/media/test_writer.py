from __future__ import annotations

import signal
from fractions import Fraction

import av
import numpy as np
import pytest
from media_maker import RATE, click, corner_colours, corners, onset_s, tone, write_media

from animdrive.contract import AudioClip
from animdrive.errors import ContractError, InputError
from animdrive.media.audio import probe_audio, read_audio
from animdrive.media.video import read_frames
from animdrive.media.writer import VideoWriter

BLACK = np.zeros((48, 64, 3), dtype=np.uint8)
WHITE = np.full((48, 64, 3), 255, dtype=np.uint8)


def _write(path, images, **settings):
    with VideoWriter(path, size_px=(64, 48), **settings) as writer:
        for image in images:
            writer.write(image)
    return path


def _flash_s(path) -> float:
    frames = list(read_frames(path))
    return max(frames, key=lambda frame: int(frame.image.sum(dtype=np.int64))).time_s


def _click_s(path) -> float:
    clip = read_audio(path)
    return onset_s(clip.samples, clip.sample_rate)


class TestSync:
    @pytest.mark.parametrize("fps", [12.5, 24000 / 1001, 29.97, 30, 60])
    @pytest.mark.parametrize("rate", [8000, 44100, 48000])
    def test_a_click_and_a_flash_stay_together(self, tmp_path, fps, rate):
        count = round(2 * fps) + 1
        flash = count * 3 // 4
        sound = AudioClip(click(3, flash / fps, rate=rate), rate)
        images = [WHITE if i == flash else BLACK for i in range(count)]
        path = _write(tmp_path / "a.mp4", images, fps=fps, audio=sound)
        assert _click_s(path) == pytest.approx(_flash_s(path), abs=0.002)
        assert _flash_s(path) == pytest.approx(flash / fps, abs=1e-3)

    @pytest.mark.parametrize("start_s", [-0.4, -0.013, 0.0, 0.25, 0.6])
    def test_where_the_sound_starts(self, tmp_path, start_s):
        sound = AudioClip(click(2, 1.0), RATE)
        path = _write(tmp_path / "a.mp4", [BLACK] * 50, fps=25, audio=sound, audio_start_s=start_s)
        assert _click_s(path) == pytest.approx(1.0 - start_s, abs=0.002)

    @pytest.mark.parametrize("name", ["a.wav", "a.m4a", "a.mp3", "a.mkv"])
    def test_sound_from_a_file(self, tmp_path, name):
        codec = {"a.wav": "pcm_s16le", "a.mp3": "libmp3lame"}.get(name, "aac")
        source = write_media(tmp_path / name, sound=click(2.5, 1.6), audio_codec=codec)
        path = _write(tmp_path / "out.mp4", [BLACK] * 50, fps=25, audio=source)
        assert _click_s(path) == pytest.approx(1.6, abs=0.002)

    @pytest.mark.parametrize("sound_s", [0.1, 1.0, 5.0])
    @pytest.mark.parametrize("fps", [25, 29.97])
    def test_sound_is_as_long_as_the_pictures(self, tmp_path, sound_s, fps):
        clip = AudioClip(tone(sound_s), RATE)
        path = _write(tmp_path / "a.mp4", [BLACK] * 40, fps=fps, audio=clip)
        with av.open(str(path)) as container:
            assert container.duration / 1e6 == pytest.approx(40 / fps, abs=1e-3)
            for stream in container.streams:
                assert float(stream.duration * stream.time_base) == pytest.approx(
                    40 / fps, abs=1e-3
                )
        quiet = read_audio(path).samples[round((sound_s + 0.1) * RATE) :]
        assert np.abs(quiet).max(initial=0.0) < 0.01


class TestFile:
    def test_what_browsers_play(self, tmp_path):
        path = _write(tmp_path / "a.mp4", [corners()] * 5, fps=30, audio=AudioClip(tone(1), RATE))
        with av.open(str(path)) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
            assert (audio.codec_context.name, audio.rate) == ("aac", 48000)
            assert video.average_rate == 30
        data = path.read_bytes()
        assert data.index(b"moov") < data.index(b"mdat")  # plays before it is all there

    @pytest.mark.parametrize(
        ("fps", "rate"),
        [(30000 / 1001, Fraction(30000, 1001)), (29.97, Fraction(2997, 100)), (60, Fraction(60))],
    )
    def test_fractional_rates_are_exact(self, tmp_path, fps, rate):
        path = _write(tmp_path / "a.mp4", [BLACK] * 10, fps=fps)
        times = [frame.time_s for frame in read_frames(path)]
        np.testing.assert_allclose(times, [float(i / rate) for i in range(10)], atol=1e-6)

    def test_metadata_of_any_key_is_read_back(self, tmp_path):
        metadata = {"AIGC": '{"Label":"1","ProduceID":"漢字"}', "comment": "synthetic"}
        path = _write(tmp_path / "a.mp4", [BLACK], fps=25, metadata=metadata)
        with av.open(str(path)) as container:
            for key, value in metadata.items():
                assert container.metadata[key] == value
        data = path.read_bytes()
        places = [data.index(name) for name in (b"moov", b"udta", b"meta", b"keys", b"ilst")]
        assert places == sorted(places)

    def test_pictures_and_colours_are_kept(self, tmp_path):
        skin = np.array([200, 150, 120], dtype=np.uint8)
        path = _write(tmp_path / "a.mp4", [corners(), np.tile(skin, (48, 64, 1))], fps=25)
        first, second = (frame.image for frame in read_frames(path))
        np.testing.assert_allclose(corner_colours(first), corner_colours(corners()), atol=6)
        np.testing.assert_allclose(second[24, 32].astype(int), skin, atol=4)

    @pytest.mark.parametrize(
        ("size", "even"), [((65, 47), (66, 48)), ((64, 47), (64, 48)), ((1, 1), (2, 2))]
    )
    def test_odd_sizes_get_one_more(self, tmp_path, size, even):
        image = np.full((size[1], size[0], 3), 120, dtype=np.uint8)
        with VideoWriter(tmp_path / "a.mp4", size_px=size, fps=25) as writer:
            writer.write(image)
        frame = next(read_frames(tmp_path / "a.mp4"))
        assert (frame.image.shape[1], frame.image.shape[0]) == even
        np.testing.assert_allclose(frame.image.astype(int), 120, atol=4)

    def test_pictures_that_are_views_are_written_as_they_look(self, tmp_path):
        view = corners(48, 64).transpose(1, 0, 2)[:, ::-1]
        path = _write(tmp_path / "a.mp4", [view], fps=25)
        shown = next(read_frames(path)).image
        np.testing.assert_allclose(corner_colours(shown), corner_colours(view), atol=6)

    @pytest.mark.parametrize("name", ["näßé 漢字.mp4", "take:1 %03d.mp4", "new/folder/a.mov"])
    def test_any_name(self, tmp_path, name):
        path = _write(tmp_path / name, [BLACK] * 3, fps=25)
        assert len(list(read_frames(path))) == 3

    def test_the_same_in_is_the_same_out(self, tmp_path):
        files = [
            _write(tmp_path / f"{i}.mp4", [corners()] * 9, fps=25, audio=AudioClip(tone(1), RATE))
            for i in range(2)
        ]
        assert files[0].read_bytes() == files[1].read_bytes()

    def test_a_silent_film_has_no_sound_track(self, tmp_path):
        path = _write(tmp_path / "a.mp4", [BLACK], fps=25)
        with pytest.raises(InputError, match="has no sound track"):
            probe_audio(path)


class TestErrors:
    def test_nothing_is_left_when_the_work_fails(self, tmp_path):
        (tmp_path / "a.mp4").write_text("the one before")

        def images():
            yield BLACK
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            _write(tmp_path / "a.mp4", images(), fps=25)
        assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
        assert (tmp_path / "a.mp4").read_text() == "the one before"

    def test_no_picture(self, tmp_path):
        with pytest.raises(ContractError, match=r"no picture was written to .*a\.mp4"):
            _write(tmp_path / "a.mp4", [], fps=25, audio=AudioClip(tone(1), RATE))
        assert not list(tmp_path.iterdir())

    def test_another_shape_than_was_told(self, tmp_path):
        with pytest.raises(ContractError, match=r"VideoWriter.write: image must have shape \[48"):
            _write(tmp_path / "a.mp4", [corners(32, 32)], fps=25)
        assert not list(tmp_path.iterdir())

    def test_sound_that_is_not_there(self, tmp_path):
        with pytest.raises(InputError, match="sound file not found"):
            _write(tmp_path / "a.mp4", [BLACK], fps=25, audio=tmp_path / "a.wav")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["a.avi", "a", "a.mp3"])
    def test_unknown_suffix(self, tmp_path, name):
        with pytest.raises(InputError, match=r"as a video; end its name in \.mp4 or \.mov"):
            VideoWriter(tmp_path / name, size_px=(64, 48), fps=25)

    def test_a_folder_that_cannot_be_made(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(InputError, match="Cannot write"):
            _write(tmp_path / "file" / "a.mp4", [BLACK], fps=25)

    @pytest.mark.parametrize("share", [0.05, 0.5, 0.999])
    def test_a_disk_that_is_full(self, tmp_path, rng, share):
        resource = pytest.importorskip("resource")
        images = rng.integers(0, 255, (60, 48, 64, 3), dtype=np.uint8)
        whole = _write(tmp_path / "a.mp4", images, fps=25)
        room = int(whole.stat().st_size * share)
        whole.unlink()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            with pytest.raises(InputError, match=r"Cannot write .*a\.mp4: File too large"):
                _write(tmp_path / "a.mp4", images, fps=25)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        "wrong", [{"size_px": (0, 4), "fps": 25}, {"size_px": (4, 4), "fps": 0}]
    )
    def test_impossible_settings(self, tmp_path, wrong):
        with pytest.raises(ContractError, match="must be above 0"):
            VideoWriter(tmp_path / "a.mp4", **wrong)
