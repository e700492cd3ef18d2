"""The default aligner: a voice with its text, with another, without; and what is no speech."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="the English model comes with pocketsphinx")

from animdrive.contract import AudioClip
from animdrive.contract.spoken import Spoken
from animdrive.sources.audio.acoustic.aligner import AcousticAligner
from animdrive.sources.audio.acoustic.network import OFFLINE
from animdrive.sources.audio.language.inventory import SYMBOLS
from animdrive.sources.audio.language.text import spoken_from_text
from animdrive.sources.audio.sphinx import decoder
from animdrive.sources.audio.voice import speak
from animdrive.weights import manifest

pytestmark = pytest.mark.skipif(OFFLINE not in manifest(), reason="the network does not ship yet")

LINE = "Peter Piper picked a peck of pickled peppers, maybe five of them."
WORDS = LINE.replace(",", "").replace(".", "").split()
NO_SPEECH = ["No speech is heard; the mouth stays at rest."]


def aligned(clip, text, *, language="auto"):
    notes = []
    spoken = text
    if isinstance(text, str):
        spoken = spoken_from_text(text, language=language, lookup=decoder.lookup)
    track = AcousticAligner(tell=notes.append).align(clip, spoken, language=language)
    if track.phones:
        assert track.phones[0].start_s == 0
        assert track.end_s == pytest.approx(clip.duration_s)
    for before, after in pairwise(track.phones):
        assert after.start_s == before.end_s
        assert (before.label, after.label) != ("SIL", "SIL")
    assert {phone.label for phone in track.phones} <= set(SYMBOLS)
    edges = {phone.start_s for phone in track.phones} | {phone.end_s for phone in track.phones}
    assert all({word.start_s, word.end_s} <= edges for word in track.words)
    return track, notes


def changed(clip, samples):
    return AudioClip(samples=np.float32(samples), sample_rate=clip.sample_rate)


def words(track):
    return [word.label for word in track.words]


def starts(track):
    return np.array([word.start_s for word in track.words])


@pytest.fixture(scope="module")
def usual(line):
    return aligned(line, LINE)[0]


def test_every_word_is_found_in_order_with_its_phones(usual):
    assert words(usual) == WORDS
    labels = [phone.label for phone in usual.phones if phone.label != "SIL"]
    assert " ".join(labels).startswith("P IY T ER P AY P ER P IH K T")


def test_stops_are_found_in_the_quiet_and_vowels_in_the_loud(usual, line):
    rate = line.sample_rate

    def loudness(label):
        parts = [
            line.samples[round(p.start_s * rate) : round(p.end_s * rate)]
            for p in usual.phones
            if p.label == label
        ]
        return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))

    assert loudness("AY") > 4 * loudness("P")
    assert loudness("P") > loudness("SIL")


def test_the_same_sound_gives_the_same_phones_whatever_came_before(usual, line):
    aligned(speak("Something else entirely."), None)
    assert aligned(line, LINE)[0] == usual


def test_later_speech_gives_later_phones(usual, line):
    later = np.concatenate([np.zeros(round(2.5 * line.sample_rate)), line.samples])
    moved = starts(aligned(changed(line, later), LINE)[0]) - starts(usual)
    # The first sound has no pause before it in the line alone, so its edge is the clip's.
    assert np.abs(moved[1:] - 2.5).max() < 0.04
    assert abs(moved[0] - 2.5) < 0.06


@pytest.mark.parametrize("loudness", [1e-2, 0.1, 3.0])
def test_loudness_does_not_move_phones(loudness, usual, line):
    clip = changed(line, np.clip(loudness * line.samples, -1, 1))
    assert np.median(np.abs(starts(aligned(clip, LINE)[0]) - starts(usual))) <= 0.011


def test_white_noise_at_5_db_does_not_stop_it(usual, line):
    strength = float(line.samples.std()) * 10 ** (-5 / 20)
    rough = np.random.default_rng(0).normal(0, strength, len(line.samples))
    track, notes = aligned(changed(line, line.samples + rough), LINE)
    assert words(track) == WORDS
    assert notes == []
    assert np.median(np.abs(starts(track) - starts(usual))) < 0.05


def test_a_telephone_does_not_stop_it(usual, line):
    from scipy.signal import resample_poly

    thin = resample_poly(line.samples, 8000, line.sample_rate).astype(np.float32)
    track, notes = aligned(AudioClip(samples=thin, sample_rate=8000), LINE)
    assert words(track) == WORDS
    assert notes == []
    assert np.median(np.abs(starts(track) - starts(usual))) < 0.04


def test_a_long_text_is_found_window_by_window_as_its_parts_are(usual, line):
    times = 11
    track, notes = aligned(changed(line, np.tile(line.samples, times)), f"{LINE} " * times)
    expected = np.concatenate([starts(usual) + i * line.duration_s for i in range(times)])
    assert notes == []
    assert track.end_s > 35
    assert words(track) == WORDS * times
    assert np.median(np.abs(starts(track) - expected)) <= 0.011
    assert np.abs(starts(track) - expected).max() < 0.25


def test_without_a_text_words_are_heard(line):
    track, notes = aligned(line, None)
    assert notes == []
    assert len(track.words) >= 4
    voiced = sum(p.duration_s for p in track.phones if p.label != "SIL")
    assert voiced > 0.5 * line.duration_s
    assert aligned(line, Spoken(words=(), notes=()))[0] == track  # a text without a word


def test_lips_that_shut_are_heard_without_a_text(usual, line):
    """Most of the line's closures are found where the text has them."""
    shut = [p for p in usual.phones if p.label in ("P", "B", "M")]
    free = [p for p in aligned(line, None)[0].phones if p.label in ("P", "B", "M")]
    met = [any(f.start_s < p.end_s and f.end_s > p.start_s for f in free) for p in shut]
    assert np.mean(met) > 0.4


def test_another_language_is_heard_as_plain_phones():
    track, notes = aligned(speak("Guten Morgen, mein Freund.", voice="de"), None, language="de")
    assert len(notes) == 1
    assert notes[0].startswith("Words are heard in English alone; the mouth follows the sounds.")
    assert track.words == ()
    assert len([p for p in track.phones if p.label != "SIL"]) >= 8


def test_another_language_keeps_its_own_phones():
    text = "Über die Brücke gehen zwei Jäger."
    track, notes = aligned(speak(text, voice="de"), text, language="de")
    assert words(track) == text.rstrip(".").split()
    assert notes == []
    assert {"y", "ts"} <= {phone.label for phone in track.phones}


def test_another_text_gives_way_to_what_is_heard(line):
    wrong = "The quick brown fox jumps over the lazy dog while it is raining outside."
    track, notes = aligned(line, wrong)
    assert len(notes) == 1
    assert notes[0].startswith("The transcript does not seem to be what is said; what is heard is")
    assert f"Heard: '{' '.join(words(track))[:80]}'." in notes[0]
    assert words(track) != wrong.rstrip(".").split()


def test_a_text_that_does_not_fit_gives_way_to_what_is_heard():
    track, notes = aligned(speak("hello"), "word " * 300)
    assert notes[0].startswith("The transcript does not fit into the recording; what is heard is")
    assert len(track.words) < 10


@pytest.mark.parametrize("text", [None, LINE])
def test_silence_rests(text):
    silence = AudioClip(samples=np.zeros(3 * 16000, np.float32), sample_rate=16000)
    track, notes = aligned(silence, text)
    assert [phone.label for phone in track.phones] == ["SIL"]
    assert track.words == ()
    assert notes == NO_SPEECH


@pytest.mark.parametrize("text", [None, LINE])
def test_noise_does_not_stop_it(text, rng):
    noise = rng.normal(0, 0.1, 3 * 16000).astype(np.float32)
    track, notes = aligned(AudioClip(samples=noise, sample_rate=16000), text)
    assert track.end_s == pytest.approx(3)
    assert len(notes) >= (text is not None)  # that this is not the text is told


@pytest.mark.parametrize("samples", [0, 1, 320])
def test_a_clip_too_short_for_a_word_rests(samples, rng):
    clip = AudioClip(samples=rng.normal(0, 0.3, samples).astype(np.float32), sample_rate=16000)
    track, notes = aligned(clip, "hello")
    assert {phone.label for phone in track.phones} <= {"SIL"}
    assert notes == NO_SPEECH


def test_progress_goes_up_to_the_end(line):
    told = []
    spoken = spoken_from_text(LINE, lookup=decoder.lookup)
    for text in (spoken, None):
        told.clear()
        AcousticAligner(progress=lambda stage, share: told.append((stage, share))).align(line, text)
        assert {stage for stage, _ in told} == {"align"}
        shares = [share for _, share in told]
        assert (shares[0], shares[-1]) == (0, 1)
        assert shares == sorted(shares)
