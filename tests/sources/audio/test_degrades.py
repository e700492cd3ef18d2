"""What is no clean recording of its script: nothing stops, and it is told what was found."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from scipy.signal import butter, sosfilt

from animdrive.contract import ARKIT52, AudioClip
from animdrive.media.audio import read_audio
from animdrive.sources.audio.acoustic import part
from animdrive.sources.audio.speech import SpeechConfig, SpeechResult, speech_curves
from animdrive.sources.audio.voice import speak
from tests.sources.audio.conftest import LINE

Samples = npt.NDArray[np.floating]
RATE = 16000
OTHER = "The committee will discuss our budget again tomorrow afternoon."
LAST = "Nobody has ever said the words of this long sentence."
MOUTH = [at for at, name in enumerate(ARKIT52) if name.startswith(("mouth", "jaw", "tongue"))]
NO_WORDS = "Some of what is heard fits no words; the mouth follows the sounds there."
REST = "No speech is heard; the mouth stays at rest."
RANDOM = np.random.default_rng(5)


def clip_of(samples: Samples, rate: int = RATE) -> AudioClip:
    return AudioClip(samples=np.asarray(samples, dtype=np.float32), sample_rate=rate)


@cache
def said(text: str | None = LINE) -> SpeechResult:
    return speech_curves(speak(LINE), text)


def starts(result: SpeechResult) -> npt.NDArray[np.float64]:
    return np.array([word.start_s for word in result.phones.words])


def texts(result: SpeechResult) -> list[str]:
    return [word.label for word in result.phones.words]


def at_rest(result: SpeechResult) -> bool:
    return not result.track.values[:, MOUTH].any()


def chords(count: int) -> Samples:
    """Three voices of an organ, a chord every half second."""
    times = np.arange(count) / RATE
    sound = np.zeros(count)
    for at, notes in enumerate(
        ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    ):
        played = (times % 2.0) // 0.5 == at
        for note in notes:
            for partial in range(1, 6):
                sound += played * np.sin(2 * np.pi * note * partial * times) / partial
    return 0.3 * sound / np.abs(sound).max()


def laughter() -> Samples:
    """Eight times "ha": a breath of noise, then a falling vowel."""
    random = np.random.default_rng(1)
    parts = [np.zeros(RATE // 2)]
    times = np.arange(RATE // 10) / RATE
    for beat in range(8):
        pitch = 220 * (1 - 0.03 * beat)
        vowel = sum(np.sin(2 * np.pi * pitch * k * times) / k for k in range(1, 15))
        breath = 0.1 * random.normal(size=960) * np.hanning(960)
        parts += [breath, 0.2 * vowel * np.hanning(len(times)), np.zeros(800)]
    return np.concatenate([*parts, np.zeros(RATE // 2)])


def test_another_script_is_found_out_and_told():
    result = said(OTHER)
    told = [note for note in result.notes if "does not seem to be what is said" in note]
    assert len(told) == 1
    assert "Heard: '" in told[0]
    assert texts(result) == texts(said(None)) != OTHER.split()


@pytest.mark.parametrize(
    "script",
    [f"{OTHER} {LINE}", f"{LINE} {LAST}", f"{OTHER} {LINE} {LAST}", f"{LAST} " * 40 + LINE],
)
def test_of_a_longer_script_the_part_that_is_said_is_found(script):
    result = said(script)
    assert texts(result) == texts(said())
    np.testing.assert_allclose(starts(result), starts(said()), atol=0.011)
    extra = len(script.split()) - len(LINE.split())
    assert [note for note in result.notes if note.startswith(f"{extra} of {extra + 12} words")]


def test_a_sentence_too_much_is_told_where_it_cannot_be_cut_off(monkeypatch):
    monkeypatch.setattr(part, "_MOST_CELLS", 0)
    thrice = f"{LINE} {LINE} {LINE}"
    result = speech_curves(speak(thrice), f"{thrice} Watch your dirty shoes.")
    assert "The first or the last words of the transcript may not be said." in result.notes
    assert texts(result)[:36] == texts(said()) * 3


def test_half_a_script_is_followed_as_far_as_it_goes():
    half = LINE.split()[:6]
    result = said(" ".join(half))
    assert texts(result) == half
    np.testing.assert_allclose(starts(result)[:4], starts(said())[:4], atol=0.03)


def test_a_script_of_two_thousand_words_is_told_to_be_too_long():
    result = said("Nobody reads this. " * 700)
    assert [note for note in result.notes if note.startswith("The transcript does not fit")]
    assert texts(result) == texts(said(None))


@pytest.mark.parametrize("faster", [0.62, 1.7])
def test_a_voice_brought_to_another_height_keeps_its_script(faster):
    voice = speak(LINE)
    result = speech_curves(clip_of(voice.samples, round(voice.sample_rate * faster)), LINE)
    assert texts(result) == texts(said())
    np.testing.assert_allclose(starts(result) * faster, starts(said()), atol=0.08)


def test_two_at_once_are_followed_somehow():
    one, two = speak(LINE).samples, speak(OTHER, voice="en-us+f3").samples
    count = min(len(one), len(two))
    both = clip_of(one[:count] + two[:count], 22050)
    for script in (None, LINE):
        assert not at_rest(speech_curves(both, script))


@pytest.mark.parametrize("script", [None, LINE])
def test_chords_are_no_words_and_it_is_told(script):
    result = speech_curves(clip_of(chords(4 * RATE)), script)
    assert result.text is None
    assert NO_WORDS in result.notes


def test_a_voice_over_music_keeps_its_times():
    voice = speak(LINE)
    music = np.interp(
        np.arange(len(voice.samples)) / 22050 * RATE, np.arange(5 * RATE), chords(5 * RATE)
    )
    music *= 10 ** (-10 / 20) * voice.samples.std() / music.std()
    result = speech_curves(clip_of(voice.samples + music, 22050), LINE)
    assert texts(result) == texts(said())
    assert np.median(np.abs(starts(result) - starts(said()))) < 0.03


def test_laughter_moves_the_mouth_while_it_lasts():
    result = speech_curves(clip_of(laughter()))
    moved = np.flatnonzero(result.track.values[:, MOUTH].any(axis=1)) / result.track.fps
    assert 0.2 < moved[0] < 0.6
    assert result.phones.end_s - 0.6 < moved[-1] < result.phones.end_s - 0.15


def overdriven(samples: Samples) -> Samples:
    return np.clip(8 * samples / np.abs(samples).max(), -1, 1)


def telephone(samples: Samples) -> Samples:
    narrow = sosfilt(butter(4, [300, 3400], "band", fs=22050, output="sos"), samples)
    narrow /= np.abs(narrow).max()
    coded = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256) * 127) / 127
    return np.sign(coded) * (256 ** np.abs(coded) - 1) / 255


def hissing(samples: Samples) -> Samples:
    noise = np.random.default_rng(2).normal(size=len(samples))
    return samples + noise * samples.std() * 10 ** (-5 / 20)


@pytest.mark.parametrize("spoil", [overdriven, telephone, hissing])
def test_a_bad_recording_keeps_its_times(spoil: Callable[[Samples], Samples]):
    voice = speak(LINE)
    result = speech_curves(clip_of(spoil(voice.samples), voice.sample_rate), LINE)
    assert texts(result) == texts(said())
    assert np.median(np.abs(starts(result) - starts(said()))) < 0.03


def test_one_channel_of_two_may_be_silent(tmp_path):
    voice = speak(LINE)
    path = tmp_path / "one_side.wav"
    soundfile.write(path, np.stack([voice.samples, 0 * voice.samples], axis=1), voice.sample_rate)
    result = speech_curves(read_audio(path), LINE)
    np.testing.assert_allclose(starts(result), starts(said()), atol=0.011)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0),
        np.zeros(1),
        np.zeros(2 * RATE),
        np.full(2 * RATE, 0.3),
        0.1 * RANDOM.normal(size=3 * RATE),
        0.1 * np.sin(2 * np.pi * 50 * np.arange(3 * RATE) / RATE),
        speak(LINE).samples[9000:9800],
    ],
    ids="empty one-sample zeros offset noise hum short".split(),
)
@pytest.mark.parametrize("script", [None, LINE])
def test_where_nobody_speaks_the_mouth_rests(samples, script):
    result = speech_curves(clip_of(samples), script)
    assert at_rest(result)
    assert result.notes == (REST,)


def test_a_minute_of_silence_around_a_line_moves_it_and_no_more():
    voice = speak(LINE)
    quiet = np.zeros(30 * voice.sample_rate)
    around = np.concatenate([quiet, voice.samples, quiet])
    result = speech_curves(clip_of(around, voice.sample_rate), LINE)
    moved = starts(result) - starts(said())
    # The first sound has no pause before it in the line alone, so its edge is the clip's.
    np.testing.assert_allclose(moved[1:], 30, atol=0.021)
    assert abs(moved[0] - 30) < 0.06
    before = result.track.values[: int(29 * result.track.fps), MOUTH]
    assert not before.any()


@pytest.mark.parametrize("language", ["zh", "de", "ja"])
def test_the_wrong_language_is_no_obstacle(language):
    config = SpeechConfig(language=language)
    alone = speech_curves(speak(LINE), config=config)
    assert not at_rest(alone)
    assert [note for note in alone.notes if note.startswith("Words are heard in English alone")]
    assert not at_rest(speech_curves(speak(LINE), LINE, config=config))


@pytest.mark.parametrize("script", ["", "  \n", "?!... --"])
def test_an_empty_script_is_none(script):
    assert texts(said(script)) == texts(said(None))


def test_between_sentences_the_mouth_is_shut(recordings):
    """Of the frames that people labelled as silent, 50 ms beside speech and more."""
    open_frames = silent_frames = 0
    for path in sorted(recordings.glob("timit_*.wav"))[::4]:
        samples, rate = soundfile.read(path, dtype="float32")
        result = speech_curves(clip_of(samples, rate), path.with_suffix(".txt").read_text())
        times = np.arange(len(result.track)) / result.track.fps
        jaw = result.track.values[:, ARKIT52.index("jawOpen")]
        for row in path.with_suffix(".phones.tsv").read_text().splitlines()[1:]:
            start, end, label, _ = row.split("\t")
            if label == "SIL":
                inside = (times > float(start) + 0.05) & (times < float(end) - 0.05)
                silent_frames += int(inside.sum())
                open_frames += int((jaw[inside] > 0.1).sum())
    assert silent_frames > 80
    assert open_frames <= 0.05 * silent_frames
