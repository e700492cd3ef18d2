"""Whether what was heard as English is English: voices of several languages, and thresholds."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import soundfile

pytest.importorskip("pocketsphinx", reason="the English model comes with pocketsphinx")

from animdrive.contract import AudioClip
from animdrive.sources.audio.acoustic.aligner import AcousticAligner
from animdrive.sources.audio.acoustic.likeness import Likeness
from animdrive.sources.audio.acoustic.network import OFFLINE, load_network
from animdrive.sources.audio.voice import speak
from animdrive.weights import manifest

pytestmark = pytest.mark.skipif(OFFLINE not in manifest(), reason="the network does not ship yet")

ENGLISH = (
    "Good morning, my name is Mary and I live in a small village near the mountains, "
    "where tomorrow we buy bread and fruit."
)
SPANISH = (
    "Buenos días, me llamo María y vivo en un pueblo pequeño cerca de la montaña, "
    "donde mañana compramos pan y fruta."
)
MANDARIN = "今天天气很好，我们一起去公园散步吧，中午在湖边吃面包和苹果，然后坐公共汽车回家。"
NOT_ENGLISH = "This does not sound like English"
POOR = "The words that are heard make poor English"
SOUNDS_LIKE = Likeness(phones=60, in_words=1.0, likely=-1.8, phones_in_word=3.2, foreign=0.05)


def heard(clip, language="auto"):
    notes = []
    track = AcousticAligner(tell=notes.append).align(clip, None, language=language)
    return track, [note for note in notes if note.startswith((NOT_ENGLISH, POOR))]


def lacking_in_english(track):
    network = load_network()
    rare = {s for s, p in zip(network.symbols, network.priors["en"], strict=True) if p < 2e-4}
    return [phone.label for phone in track.phones if phone.label in rare - {"SIL", "Q"}]


def test_usual_words_are_no_poor_english():
    assert not SOUNDS_LIKE.is_poor
    assert not SOUNDS_LIKE.is_foreign


def test_words_are_poor_where_they_are_both_short_and_unlikely():
    assert not replace(SOUNDS_LIKE, likely=-4.0).is_poor
    assert not replace(SOUNDS_LIKE, phones_in_word=2.0).is_poor
    assert replace(SOUNDS_LIKE, likely=-4.0, phones_in_word=2.0).is_poor


def test_english_is_poor_where_most_fits_no_word():
    assert replace(SOUNDS_LIKE, in_words=0.1).is_poor


def test_a_short_line_is_never_judged():
    short = Likeness(phones=20, in_words=0.0, likely=-9.0, phones_in_word=1.0, foreign=0.9)
    assert not short.is_poor
    assert not short.is_foreign


def test_foreign_sounds_alone_do_not_make_another_language():
    accent = replace(SOUNDS_LIKE, foreign=0.6)
    assert not accent.is_foreign
    assert replace(accent, in_words=0.1).is_foreign


@pytest.mark.parametrize("voice", ["en-us", "en-gb-x-rp", "en-gb-scotland"])
def test_english_accents_stay_english(voice):
    track, notes = heard(speak(ENGLISH, voice=voice))
    assert not notes
    assert track.words


@pytest.mark.parametrize(("voice", "text"), [("es", SPANISH), ("cmn", MANDARIN)])
def test_another_language_is_heard_as_its_own_sounds_though_nobody_names_it(voice, text):
    track, notes = heard(speak(text, voice=voice))
    assert [note[: len(NOT_ENGLISH)] for note in notes] == [NOT_ENGLISH]
    assert "--language en" in notes[0]
    assert not track.words
    assert len(lacking_in_english(track)) > 5


def test_whoever_names_english_gets_english():
    track, notes = heard(speak(SPANISH, voice="es"), language="en")
    assert not notes
    assert not lacking_in_english(track)


def test_silence_and_noise_are_no_language():
    noise = np.random.default_rng(0).normal(0, 0.1, 16000 * 5).astype(np.float32)
    assert not heard(AudioClip(samples=noise, sample_rate=16000))[1]


def test_people_who_speak_english_are_heard_in_english(recordings):
    names = sorted(recordings.glob("timit_*.wav"))[::12]
    for first, second in pairwise(names):
        samples = [soundfile.read(name, dtype="float32")[0] for name in (first, second)]
        track, notes = heard(AudioClip(samples=np.concatenate(samples), sample_rate=16000))
        assert not notes
        assert track.words


def test_of_real_mandarin_it_is_told_that_it_makes_poor_english(recordings):
    samples, rate = soundfile.read(
        recordings / "azure_zhcn_continuous_mode_sample.wav", dtype="float32"
    )
    assert heard(AudioClip(samples=samples, sample_rate=rate))[1]
    assert not heard(AudioClip(samples=samples, sample_rate=rate), language="zh")[1]
