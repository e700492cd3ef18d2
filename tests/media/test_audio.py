from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from media_maker import RATE, click, corners, cut, onset_s, tone, write_media

from animdrive.contract import AudioClip
from animdrive.errors import ContractError, InputError
from animdrive.media.audio import iter_audio, probe_audio, read_audio, resampled, write_wav


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


class TestFormats:
    @pytest.mark.parametrize(
        ("name", "codec", "rate"),
        [
            ("a.wav", "pcm_s16le", 8000),
            ("a.flac", "flac", 44100),
            ("a.mp3", "libmp3lame", 44100),
            ("a.mp3", "libmp3lame", 16000),
            ("a.ogg", "libopus", 48000),
            ("a.opus", "libopus", 48000),
            ("a.m4a", "aac", 44100),
            ("a.webm", "libopus", 48000),
            ("a.mka", "aac", 48000),
            ("a.aiff", "pcm_s16be", 22050),
        ],
    )
    def test_every_format_keeps_time_and_level(self, tmp_path, name, codec, rate):
        sound = click(1.5, 1.0, rate=rate) + tone(1.5, rate=rate, level=0.1)
        path = write_media(tmp_path / name, sound=sound, rate=rate, audio_codec=codec)
        clip = read_audio(path)
        assert clip.sample_rate == rate
        assert clip.duration_s == pytest.approx(1.5, abs=0.03)
        assert onset_s(clip.samples, rate) == pytest.approx(1.0, abs=0.002)
        body = clip.samples[int(0.2 * rate) : int(0.8 * rate)]
        assert _rms(body) == pytest.approx(0.1 / np.sqrt(2), rel=0.06)  # LAME takes off 5 %

    @pytest.mark.parametrize(
        ("subtype", "tolerance"),
        [
            ("PCM_U8", 0.01),
            ("PCM_16", 1e-4),
            ("PCM_24", 1e-6),
            ("PCM_32", 1e-6),
            ("FLOAT", 1e-7),
            ("DOUBLE", 1e-7),
            ("ULAW", 0.02),
        ],
    )
    @pytest.mark.parametrize("channels", [1, 2, 3, 7])
    def test_every_depth_and_channel_count(self, tmp_path, subtype, tolerance, channels):
        sound = tone(0.2, rate=8000)
        path = tmp_path / "a.wav"
        soundfile.write(path, np.repeat(sound[:, None], channels, axis=1), 8000, subtype)
        np.testing.assert_allclose(read_audio(path).samples, sound, atol=tolerance)
        assert probe_audio(path).channels == channels

    @pytest.mark.parametrize("name", ["näßé 漢字.wav", "take:1 %03d.wav", "a b'\"c.wav"])
    def test_any_name(self, tmp_path, name):
        soundfile.write(tmp_path / name, tone(0.1), RATE)
        assert read_audio(tmp_path / name).duration_s == pytest.approx(0.1)

    def test_probe(self, tmp_path):
        path = write_media(tmp_path / "a.m4a", sound=np.stack([tone(1)] * 2), rate=44100)
        info = probe_audio(path)
        assert (info.sample_rate, info.channels, info.codec) == (44100, 2, "aac")
        assert info.duration_s == pytest.approx(RATE / 44100, abs=0.03)

    def test_probe_without_a_header_counts_packets(self, tmp_path):
        path = write_media(
            tmp_path / "a.webm", sound=tone(1), audio_codec="libopus", options={"live": "1"}
        )
        assert probe_audio(path).duration_s == pytest.approx(1.0, abs=0.03)

    def test_overshoot_is_kept(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", tone(0.1, level=1.5), RATE, "FLOAT")
        assert read_audio(tmp_path / "a.wav").samples.max() == pytest.approx(1.5, rel=1e-3)

    def test_speech_is_as_another_library_reads_it(self, shared_data):
        path = shared_data / "speech" / "jfk.wav"
        expected, rate = soundfile.read(path, dtype="float32")
        clip = read_audio(path)
        assert clip.sample_rate == rate
        np.testing.assert_allclose(clip.samples, expected, atol=1e-4)


class TestMix:
    """The law: however the same voice lies in the channels, it comes out at its level."""

    @pytest.mark.parametrize(
        "gains", [(1, 1), (1, 0), (0, 1), (1, -1), (-1, 1), (0, 0, 1), (1, -1, 1), (1, 1e-3)]
    )
    def test_level_is_kept(self, tmp_path, gains):
        voice = tone(0.5)
        path = tmp_path / "a.wav"
        soundfile.write(path, voice[:, None] * np.array(gains), RATE, "FLOAT")
        mono = read_audio(path).samples
        sign = np.sign(mono @ voice)
        np.testing.assert_allclose(sign * mono, voice, atol=1e-3)

    def test_both_voices_of_an_interview_are_heard(self, tmp_path):
        left, right = tone(0.5, hz=400), tone(0.5, hz=1000)
        soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), RATE, "FLOAT")
        mono = read_audio(tmp_path / "a.wav").samples
        for voice in (left, right):
            assert abs(mono @ voice) / (voice @ voice) == pytest.approx(0.5, rel=0.01)

    def test_a_single_word_in_a_channel_counts(self, tmp_path):
        left, right = tone(20, rate=8000), np.zeros(160_000, dtype=np.float32)
        right[80_000:80_800] = tone(0.1, rate=8000, hz=1000)
        soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 8000, "FLOAT")
        word = read_audio(tmp_path / "a.wav").samples[80_000:80_800]
        spoken = right[80_000:80_800]
        assert abs(word @ spoken) / (spoken @ spoken) == pytest.approx(0.5, rel=0.05)

    def test_silence_is_read_as_silence(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", np.zeros((8000, 2)), 8000)
        clip = read_audio(tmp_path / "a.wav", sample_rate=16000)
        assert clip.duration_s == 1
        assert not clip.samples.any()


class TestRate:
    @pytest.mark.parametrize("source", [8000, 22050, 44100, 48000, 96000])
    def test_a_sine_stays_that_sine(self, tmp_path, source):
        soundfile.write(tmp_path / "a.wav", tone(1, rate=source, hz=1000), source, "FLOAT")
        clip = read_audio(tmp_path / "a.wav", sample_rate=16000)
        assert clip.sample_rate == 16000
        assert len(clip.samples) == 16000
        expected = tone(1, rate=16000, hz=1000)
        np.testing.assert_allclose(clip.samples[200:-200], expected[200:-200], atol=1e-3)

    def test_what_is_too_high_is_gone_not_folded_back(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", tone(1, hz=9000), RATE, "FLOAT")
        clip = read_audio(tmp_path / "a.wav", sample_rate=16000)
        assert np.abs(clip.samples[200:-200]).max() < 1e-4

    def test_resampled_there_and_back(self):
        clip = AudioClip(tone(0.5, rate=16000), 16000)
        again = resampled(resampled(clip, sample_rate=48000), sample_rate=16000)
        np.testing.assert_allclose(again.samples[200:-200], clip.samples[200:-200], atol=1e-3)
        assert resampled(clip, sample_rate=16000).samples.tolist() == clip.samples.tolist()

    def test_resampled_of_nothing(self):
        empty = AudioClip(np.zeros(0, dtype=np.float32), 8000)
        assert resampled(empty, sample_rate=16000).duration_s == 0


class TestPieces:
    @pytest.mark.parametrize("chunk_s", [0.05, 0.37, 1.0, 9.0])
    def test_pieces_follow_without_a_seam(self, tmp_path, rng, chunk_s):
        sound = rng.normal(0, 0.1, (44100, 2)).astype(np.float32)
        soundfile.write(tmp_path / "a.wav", sound, 44100, "PCM_24")
        whole = read_audio(tmp_path / "a.wav", sample_rate=16000)
        pieces = list(iter_audio(tmp_path / "a.wav", sample_rate=16000, chunk_s=chunk_s))
        assert {len(piece.samples) for piece in pieces[:-1]} <= {round(chunk_s * 16000)}
        joined = np.concatenate([piece.samples for piece in pieces])
        np.testing.assert_array_equal(joined, whole.samples)

    @pytest.mark.parametrize("wrong", [{"sample_rate": 0}, {"chunk_s": 0}])
    def test_impossible_settings(self, tmp_path, wrong):
        soundfile.write(tmp_path / "a.wav", tone(0.1), RATE)
        with pytest.raises(ContractError, match="above 0"):
            iter_audio(tmp_path / "a.wav", **wrong)


class TestTime:
    def test_sound_of_a_video(self, tmp_path):
        path = write_media(
            tmp_path / "a.mp4", images=[corners()] * 25, sound=click(1, 0.5), rate=RATE
        )
        clip = read_audio(path, sample_rate=16000)
        assert onset_s(clip.samples, 16000) == pytest.approx(0.5, abs=0.002)

    @pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
    def test_sound_that_starts_after_the_picture_begins_with_silence(self, tmp_path, name):
        path = write_media(
            tmp_path / name, images=[corners()] * 50, sound=click(1, 0.5), sound_start_s=0.7
        )
        clip = read_audio(path)
        assert onset_s(clip.samples, RATE) == pytest.approx(1.2, abs=0.003)
        assert not clip.samples[: int(0.6 * RATE)].any()

    def test_sound_alone_starts_at_once(self, tmp_path):
        path = write_media(tmp_path / "a.mkv", sound=click(1, 0.5), sound_start_s=0.7)
        assert onset_s(read_audio(path).samples, RATE) == pytest.approx(0.5, abs=0.003)

    def test_a_gap_in_the_time_stamps_becomes_silence(self, tmp_path):
        path = write_media(
            tmp_path / "a.mkv",
            sound=click(2, 1.5) + tone(2, level=0.1),
            sound_gap_s=(0.5, 1.0),
            audio_codec="pcm_s16le",
        )
        clip = read_audio(path)
        assert clip.duration_s == pytest.approx(2.0, abs=0.01)
        assert onset_s(clip.samples, RATE) == pytest.approx(1.5, abs=0.003)
        assert not clip.samples[int(0.55 * RATE) : int(0.95 * RATE)].any()


class TestDamage:
    @pytest.mark.parametrize(
        ("name", "codec"),
        [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "libmp3lame"), ("a.mka", "aac")],
    )
    def test_a_truncated_file_is_used_as_far_as_it_goes(self, tmp_path, rng, name, codec):
        noise = rng.normal(0, 0.1, 4 * RATE).astype(np.float32)
        path = cut(write_media(tmp_path / name, sound=noise, audio_codec=codec), 0.5)
        notes: list[str] = []
        clip = read_audio(path, report=notes.append)
        assert clip.duration_s == pytest.approx(2.0, abs=0.3)
        assert len(notes) == 1
        assert f"{name} ends early: {clip.duration_s:.2f} s of sound of " in notes[0]
        total_s = float(notes[0].split(" of ")[2].split()[0])
        assert total_s == pytest.approx(4.0, abs=0.1)

    @pytest.mark.parametrize("codec", ["pcm_s16le", "flac", "libmp3lame", "libopus", "aac"])
    def test_a_whole_file_is_told_nothing_of(self, tmp_path, codec):
        path = write_media(tmp_path / "a.mkv", sound=tone(1), audio_codec=codec)
        notes: list[str] = []
        read_audio(path, report=notes.append)
        assert notes == []

    def test_fragments_that_are_lost_are_told(self, tmp_path, rng):
        noise = rng.normal(0, 0.1, 4 * RATE).astype(np.float32)
        options = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}
        path = cut(write_media(tmp_path / "a.mp4", sound=noise, options=options), 0.6)
        notes: list[str] = []
        clip = read_audio(path, report=notes.append)
        assert 1.5 < clip.duration_s < 2.6
        assert notes == [f"a.mp4 was cut off: {clip.duration_s:.2f} s of sound could be read."]

    def test_bytes_lost_in_the_middle_are_told(self, tmp_path, rng):
        noise = rng.normal(0, 0.1, 4 * RATE).astype(np.float32)
        path = write_media(tmp_path / "a.m4a", sound=noise)
        data = bytearray(path.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 3000] = b"\xff" * 3000
        path.write_bytes(data)
        notes: list[str] = []
        clip = read_audio(path, report=notes.append)
        assert "a.m4a is damaged (packets lost: " in notes[0]
        assert clip.duration_s == pytest.approx(4.0, abs=0.03)

    def test_samples_that_are_not_numbers_are_silenced_and_told(self, tmp_path):
        sound = tone(0.1)
        sound[[5, 9]] = np.nan, np.inf
        soundfile.write(tmp_path / "a.wav", sound, RATE, "FLOAT")
        notes: list[str] = []
        clip = read_audio(tmp_path / "a.wav", report=notes.append)
        assert clip.samples[5] == clip.samples[9] == 0
        assert notes == ["a.wav has samples that are not numbers (2); they were silenced."]


class TestErrors:
    def test_missing(self, tmp_path):
        with pytest.raises(InputError, match=r"sound file not found: .*a\.wav\. Check the path"):
            read_audio(tmp_path / "a.wav")

    def test_folder(self, tmp_path):
        with pytest.raises(InputError, match="is a folder; give the sound file itself"):
            read_audio(tmp_path)

    def test_empty(self, tmp_path):
        (tmp_path / "a.wav").touch()
        with pytest.raises(InputError, match=r"a\.wav is empty \(0 bytes\)"):
            read_audio(tmp_path / "a.wav")

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("a.wav", "hello, this is a text\n" * 50),
            ("a.txt", "hello, this is a text\n" * 50),  # FFmpeg would play it as ASCII art
            ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nhello\n\n" * 3),
            ("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nb.ts\n#EXT-X-ENDLIST\n"),
        ],
    )
    def test_a_text_is_no_sound(self, tmp_path, name, text):
        write_media(tmp_path / "b.ts", sound=tone(2))
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=r"is not a sound file that can be read\. Give wav"):
            read_audio(tmp_path / name)

    def test_a_picture_is_no_sound(self, tmp_path):
        from PIL import Image

        Image.fromarray(corners()).save(tmp_path / "a.png")
        with pytest.raises(InputError, match="is a picture, not a sound file"):
            read_audio(tmp_path / "a.png")

    def test_a_silent_film(self, tmp_path):
        path = write_media(tmp_path / "a.mp4", images=[corners()] * 3)
        with pytest.raises(InputError, match=r"a\.mp4 has no sound track\. Give wav"):
            read_audio(path)

    def test_zero_length(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", np.zeros(0), 16000)
        with pytest.raises(InputError, match=r"a\.wav holds no sound \(0 samples\)"):
            read_audio(tmp_path / "a.wav")

    def test_fewer_samples_than_make_one(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", np.ones(1) * 0.5, 96000)
        with pytest.raises(InputError, match=r"a\.wav holds no sound \(0 samples\)"):
            read_audio(tmp_path / "a.wav", sample_rate=1)

    @pytest.mark.parametrize("rate", [7, 2_000_000_000])
    def test_a_rate_that_cannot_be(self, tmp_path, rate):
        soundfile.write(tmp_path / "a.wav", tone(0.1), rate)
        with pytest.raises(InputError, match=f"claims {rate} samples per second of kind s16"):
            read_audio(tmp_path / "a.wav", sample_rate=16000)

    def test_a_kind_of_sample_that_numpy_lacks(self, tmp_path):
        path = write_media(tmp_path / "a.wav", sound=tone(0.1), audio_codec="pcm_s64le")
        with pytest.raises(InputError, match="samples per second of kind s64"):
            read_audio(path)

    def test_an_index_that_was_never_written(self, tmp_path):
        path = cut(write_media(tmp_path / "a.m4a", sound=tone(1)), 0.6)
        with pytest.raises(InputError, match=r"a\.m4a has no index \(moov atom\)"):
            read_audio(path)

    def test_errors_come_at_the_call_not_at_the_first_piece(self, tmp_path):
        with pytest.raises(InputError):
            iter_audio(tmp_path / "a.wav")


class TestWriteWav:
    def test_round_trip(self, tmp_path):
        clip = AudioClip(tone(0.1, rate=16000), 16000)
        write_wav(clip, tmp_path / "ü.wav")
        again = read_audio(tmp_path / "ü.wav")
        assert again.sample_rate == 16000
        np.testing.assert_allclose(again.samples, clip.samples, atol=1 / 32768)

    def test_overshoot_is_clipped_and_does_not_wrap(self, tmp_path):
        write_wav(AudioClip(np.array([2.0, -2.0], dtype=np.float32), 8000), tmp_path / "a.wav")
        assert read_audio(tmp_path / "a.wav").samples.tolist() == pytest.approx([1, -1], abs=1e-4)

    def test_a_folder_that_cannot_be_made(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(InputError, match="Cannot write"):
            write_wav(AudioClip(tone(0.1), RATE), Path(tmp_path / "file" / "a.wav"))
