"""Voices: every name of theirs is a phone, and what they say lies where they say it."""

from __future__ import annotations

import shutil
from itertools import islice

import numpy as np
import pytest

from animdrive.errors import BackendError, ContractError, InputError
from animdrive.sources.audio.language.inventory import INVENTORY, SYMBOLS
from animdrive.sources.audio.sound import SAMPLE_RATE
from animdrive.sources.audio.training import (
    speak_espeak,
    speak_festival,
    speak_flite,
    spectra,
    voice_labels,
)
from animdrive.sources.audio.training.made_up import made_up_sentences
from animdrive.sources.audio.training.utterances import Utterance, utterance_of
from animdrive.sources.audio.training.voices import (
    ESPEAK_VOICES,
    EVERY_VOICE,
    MADE_UP,
    Voice,
    voice_set,
)

BY_KEY = {voice.key: voice for voice in EVERY_VOICE}
RADIO = (
    "aa ae ah ao aw ax axr ay b ch d dh dx eh el em en er ey f g hh hv ih iy jh k l m n nx ng ow "
    "oy p r s sh t th uh uw v w y z zh pau h# brth"
)
"""festival's radio_phones.scm."""
HEARD = {
    "it": "# a a1 e e1 E E1 i i1 o o1 O O1 u u1 t d p b k g f v s z S ts dz tS dZ m n nf ng J l L "
    "r j w",
    "cs": "# _ a a: e e: i i: o o: u u: p b t d k g t~ d~ f v s z s~ z~ c c~ dz dz~ m n n~ n* h ch "
    "j r r~ r~* l",
    "ru": "pau a aa ae ay b bb c ch d dd e ee f ff g gg h hh i ii j k kk l ll m mm n nn o oo p pp "
    "r rr s sch sh ss t tt u ur uu v vv y yy z zh zz",
}
"""What the voices say in hours of sentences."""


WITH_TABLES = [voice for voice in EVERY_VOICE if voice.engine != "espeak"]


@pytest.mark.parametrize("voice", WITH_TABLES, ids=lambda voice: voice.key)
def test_every_name_of_a_voice_is_a_phone(voice):
    for label in (RADIO if voice.language == "en" else HEARD[voice.language]).split():
        phones = voice_labels.phones_of_label(voice, label)
        assert phones, label
        assert all(phone in INVENTORY for phone in phones), label


def test_different_names_of_a_voice_are_different_phones_where_the_lips_differ():
    for key in ("flite_rms", "festival_lp_diphone", "festival_czech_ph"):
        said = [voice_labels.phones_of_label(BY_KEY[key], name) for name in "pbmfv"]
        assert said == [("P",), ("B",), ("M",), ("F",), ("V",)]


@pytest.mark.parametrize(
    ("key", "label", "phones"),
    [
        ("espeak_en-us", "ˈoʊ", ("OW",)),
        ("espeak_en-us", "ɜː", ("ER",)),
        ("espeak_en-us", "ɾ", ("DX",)),
        ("espeak_en-us", "ɔːɹ", ("AO", "R")),
        ("espeak_de", "ˈaɪ", ("a", "IH")),
        ("espeak_cmn", "tɕh", ("tɕ",)),
        ("espeak_pt-br", "y", ("IH",)),
        ("espeak_it", "ss", ("S",)),
        ("espeak_de", "", ("SIL",)),
        ("espeak_de", "(en)", ()),
    ],
)
def test_names_of_espeak(key, label, phones):
    assert voice_labels.phones_of_label(BY_KEY[key], label) == phones


def test_an_unknown_name_is_told_and_nothing_is_learned_from_it():
    voice = BY_KEY["flite_rms"]
    with pytest.raises(ContractError, match="flite_rms says 'qq'"):
        voice_labels.phones_of_label(voice, "qq")
    with pytest.raises(ContractError, match="no known IPA"):
        voice_labels.phones_of_label(BY_KEY["espeak_de"], "9")
    assert voice_labels.timed_phones(voice, [("qq", 0.0, 1.0)]) == [(None, 0.0, 1.0)]


def test_several_phones_share_the_time_of_a_name_and_marks_change_the_language():
    labels = [("(en)", 0.0, 0.0), ("oʊ", 0.0, 1.0), ("(de)", 1.0, 1.0), ("aɪ", 1.0, 2.0)]
    assert voice_labels.timed_phones(BY_KEY["espeak_de"], labels) == [
        ("OW", 0.0, 1.0),
        ("a", 1.0, 1.5),
        ("IH", 1.5, 2.0),
    ]


@pytest.mark.parametrize("voice", ESPEAK_VOICES, ids=lambda voice: voice.name)
def test_espeak_says_nothing_that_the_tables_do_not_know(voice):
    texts = islice(made_up_sentences(voice.language, seed=1), 6)
    heard = list(speak_espeak.speak(voice, texts, seed=0))
    assert len(heard) >= 5
    for spoken in heard:
        timed = voice_labels.timed_phones(voice, spoken.labels)
        assert all(phone in INVENTORY for phone, _, _ in timed)
        times = [time for _, start, end in timed for time in (start, end)]
        assert np.diff(times).min() > -1e-9
        assert times[-1] == pytest.approx(len(spoken.samples) / SAMPLE_RATE, abs=0.01)


def test_espeak_is_silent_where_it_says_so_and_the_same_every_time():
    voice = ESPEAK_VOICES[0]
    texts = ["She had your dark suit, in greasy wash water."] * 2
    first, second = speak_espeak.speak(voice, texts, seed=5)
    again = next(speak_espeak.speak(voice, texts, seed=5))
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.labels == again.labels
    assert len(first.samples) != len(second.samples)  # another speaker
    loud, quiet = [], []
    for phone, start, end in voice_labels.timed_phones(voice, first.labels):
        part = first.samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        if len(part) > 300:
            (quiet if phone == "SIL" else loud).append(float(np.sqrt((part**2).mean())))
    assert quiet
    assert np.median(loud) > 10 * np.median(quiet)


def test_a_language_that_espeak_lacks_is_told():
    voice = Voice("espeak", "xx-yy", "xx", 1, 1, "", "", MADE_UP)
    with pytest.raises(BackendError, match="does not speak 'xx-yy'"):
        list(speak_espeak.speak(voice, ["Hello."], seed=0))


@pytest.mark.parametrize(
    ("speaker", "key", "cure"),
    [
        (speak_flite, "flite_rms", "apt install flite"),
        (speak_festival, "festival_ked_diphone", "apt install festival festvox-kdlpc16k"),
    ],
)
def test_a_missing_program_is_told_with_its_cure(monkeypatch, speaker, key, cure):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BackendError, match=cure):
        list(speaker.speak(BY_KEY[key], ["Hello there."], seed=0))


def test_all_that_is_missing_is_told_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(spectra, "FORTUNES_FOLDER", tmp_path)
    with pytest.raises(BackendError, match=r"apt install .*festival .*flite fortunes .*espeak'"):
        spectra.check_installed(EVERY_VOICE)
    spectra.check_installed(ESPEAK_VOICES)


def test_a_festival_without_the_voice_names_its_package(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(speak_festival, "VOICES", tmp_path)
    voice = BY_KEY["festival_czech_ph"]
    assert speak_festival.missing_package(voice) == "festvox-czech-ph"
    (tmp_path / "czech" / "czech_ph").mkdir(parents=True)
    assert speak_festival.missing_package(voice) == ""


@pytest.mark.parametrize("key", ["flite_rms", "festival_ked_diphone", "festival_czech_ph"])
def test_voices_of_debian_say_their_labels_where_they_are_installed(key):
    voice = BY_KEY[key]
    if spectra.ENGINES[voice.engine].missing_package(voice):
        pytest.skip(f"{voice.package} is not installed")
    text = "Papa ma mapu." if voice.language == "cs" else "My puppy may hop over a map."
    (spoken,) = spectra.ENGINES[voice.engine].speak(voice, [text], seed=0)
    phones = [phone for phone, _, _ in voice_labels.timed_phones(voice, spoken.labels)]
    assert None not in phones
    assert phones.count("P") >= 2
    assert "M" in phones
    assert spoken.labels[-1][2] == pytest.approx(len(spoken.samples) / SAMPLE_RATE, abs=0.3)


def test_what_flite_and_festival_print_is_read():
    assert speak_flite.labels_of("pau:0.2 hh:0.31 ax:0.4\n") == [
        ("pau", 0.0, 0.2),
        ("hh", 0.2, 0.31),
        ("ax", 0.31, 0.4),
    ]
    assert speak_flite.labels_of("pau:0.2 hh:x") == []
    assert speak_festival.labels_of("#\n0.2 100 pau\n0.5 100 a1\n") == [
        ("pau", 0.0, 0.2),
        ("a1", 0.2, 0.5),
    ]


def test_the_script_of_festival_cannot_be_left_by_a_sentence(tmp_path):
    voice = BY_KEY["festival_czech_ph"]
    script = speak_festival.script_of(voice, ['Tak") (quit) ("\\'], [1.0], tmp_path)
    said = script.decode("iso-8859-2").splitlines()[-1]
    assert said == f'(say "Tak ) (quit) (  " "{tmp_path}/0")'


def test_labels_are_put_on_frames_by_their_middles():
    voice = BY_KEY["flite_rms"]
    labels = (("pau", 0.0, 0.02), ("m", 0.02, 0.05), ("qq", 0.05, 0.06), ("aa", 0.06, 0.08))
    spoken = Utterance(np.zeros(1600, np.float32), labels)
    found = spectra.frame_labels(voice, spoken, 10)
    names = ["?" if number < 0 else SYMBOLS[number] for number in found]
    assert names == ["SIL", "SIL", "M", "M", "M", "?", "AA", "AA", "SIL", "SIL"]


def test_sound_of_any_rate_is_brought_to_one_and_silence_is_nothing():
    tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    made = utterance_of(tone, 22050, [("aa", 0.0, 1.0)])
    assert made is not None
    assert len(made.samples) == SAMPLE_RATE
    assert np.abs(made.samples).max() == pytest.approx(0.6, rel=1e-3)
    assert utterance_of(np.zeros(100), 16000, [("aa", 0.0, 1.0)]) is None
    assert utterance_of(tone, 22050, []) is None


def test_an_unknown_set_of_voices_is_told():
    with pytest.raises(InputError, match="No set of voices 'none'"):
        voice_set("none")
