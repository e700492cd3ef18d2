"""Texts of any length found in made-up posteriors, and in a voice that tells its own times."""

from itertools import pairwise

import numpy as np
import pytest
from posteriors import Heard, frames, runs, word

from animdrive.sources.audio.acoustic import forced
from animdrive.sources.audio.acoustic.evidence import Evidence
from animdrive.sources.audio.acoustic.forced import find_text, fit
from animdrive.sources.audio.acoustic.network import OFFLINE
from animdrive.sources.audio.spans import Span
from animdrive.weights import manifest

SOUNDS = ("M AA", "S OW", "T IY N", "HH EH L", "F UW D", "W AY K")


def speech(rng, words, *, pauses=0.2):
    """Words, and the frames of one who says them: phones of 3 to 12 frames, some pauses."""
    said, text = ["SIL"] * 20, []
    for _ in range(words):
        phones = str(rng.choice(SOUNDS))
        text.append(word(phones, phones))
        for phone in phones.split():
            said += [phone] * int(rng.integers(3, 13))
        if rng.random() < pauses:
            said += ["SIL"] * int(rng.integers(5, 60))
    return text, said + ["SIL"] * 30


def check_whole(spans, length, words):
    assert spans[0].first == 0
    assert spans[-1].end == length
    assert all(a.end == b.first for a, b in pairwise(spans))
    said = [span.word for span in spans if span.word >= 0]
    assert said == sorted(said)
    assert sorted(set(said)) == list(range(words))


@pytest.mark.parametrize("pauses", [0.0, 0.2])
def test_window_by_window_is_as_in_one_piece(rng, monkeypatch, pauses):
    words, said = speech(rng, 300, pauses=pauses)
    heard = Heard(said)
    assert len(said) > 2.2 * forced._WINDOW or not pauses
    monkeypatch.setattr(forced, "_WINDOW", 1200)
    monkeypatch.setattr(forced, "_SURE", 800)
    windows = find_text(heard, words)
    monkeypatch.setattr(forced, "_WINDOW", 10**6)
    whole = find_text(heard, words)
    check_whole(whole, len(said), 300)
    assert windows == whole
    truth = runs(whole)
    assert frames(truth) == said


def test_one_who_speaks_faster_than_expected_is_searched_again_with_more_words(rng, monkeypatch):
    words, said = speech(rng, 300)
    heard = Heard(said)
    monkeypatch.setattr(forced, "_WINDOW", 1200)
    monkeypatch.setattr(forced, "_SURE", 800)
    usual = find_text(heard, words)
    monkeypatch.setattr(forced, "_PHONES_IN_WINDOW", (80, 700))
    assert find_text(heard, words) == usual


def test_a_long_text_is_searched_in_windows_as_they_are(rng):
    words, said = speech(rng, 330)
    assert len(said) > forced._WINDOW
    spans = find_text(Heard(said), words)
    check_whole(spans, len(said), 330)
    assert frames(runs(spans)) == said


@pytest.mark.parametrize("phones", [1, 2, 10])
def test_a_window_holds_whatever_is_said_in_it(rng, phones):
    """Twenty phones a second, in words as short as a Chinese character or as long as German's."""
    words, said, vowels, at = [], [], ("M", "AA", "T", "IY", "S"), 0
    while len(said) < 2 * forced._WINDOW:
        own = [vowels[(at + place) % 5] for place in range(phones)]
        at += phones
        words.append(word(" ".join(own), " ".join(own)))
        said += [phone for phone in own for _ in range(5)]
    assert frames(runs(find_text(Heard(said), words))) == said


def test_what_follows_the_text_is_silence(rng):
    words, said = speech(rng, 20)
    spans = find_text(Heard(said + ["SIL"] * 2 * forced._WINDOW), words)
    assert spans[-1].label == "SIL"
    assert spans[-1].end == len(said) + 2 * forced._WINDOW
    assert frames(runs(spans))[: len(said)] == said


def test_a_long_silence_before_the_text_is_passed(rng):
    words, said = speech(rng, 20)
    silence = ["SIL"] * 2 * forced._WINDOW
    spans = find_text(Heard(silence + said), words)
    assert frames(runs(spans)) == silence + said


def test_a_text_that_does_not_fit_into_the_sound_is_told():
    heard = Heard(frames("SIL*10 M*4 AA*4"))
    assert find_text(heard, [word("ma", "M AA")] * 3) is not None
    assert find_text(heard, [word("ma", "M AA")] * 4) is None
    # A book for a breath: told at once, not after gigabytes were asked for.
    assert find_text(heard, [word("ma", "M AA")] * 500_000) is None


def test_progress_goes_up_to_the_end(rng):
    words, said = speech(rng, 330)
    told = []
    find_text(Heard(said), words, progress=lambda stage, share: told.append((stage, share)))
    assert {stage for stage, _ in told} == {"align"}
    shares = [share for _, share in told]
    assert len(shares) >= 2
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_the_right_text_fits_and_another_does_not(rng):
    words, said = speech(rng, 40)
    right = find_text(Heard(said), words)
    wrong = find_text(Heard(said), words[::-1])
    assert fit(Heard(said), right) > -0.1
    assert fit(Heard(said), wrong) < -2


def test_a_stretch_is_searched_as_if_it_were_alone(rng):
    words, said = speech(rng, 20)
    around = frames("S*40 AA*40")
    heard = Heard(around + said + around)
    spans = find_text(heard, words, first=80, end=80 + len(said))
    assert spans == find_text(Heard(said), words)
    # Told that it is all of the sound, it has to put the rest somewhere.
    assert find_text(heard, words) != spans
    assert find_text(heard, words, first=80, end=100) is None
    assert find_text(heard, words, first=80, end=80) == []


def test_phones_of_no_word_fit_too_where_asked():
    heard = Heard(frames("SIL*10 M*10"))
    spans = [Span("SIL", 0, 10), Span("M", 10, 20)]
    assert fit(heard, spans) == -10
    assert fit(heard, spans, words_only=False) == pytest.approx(0)


def test_silence_alone_fits_nothing():
    assert fit(Heard(frames("SIL*10")), [Span("SIL", 0, 10)]) == -10


@pytest.mark.skipif(OFFLINE not in manifest(), reason="the network does not ship yet")
@pytest.mark.parametrize("english", [False, True])
def test_a_voice_is_found_where_it_says_it_is(english):
    """espeak-ng tells at which sample each of its phones begins."""
    if english:
        pytest.importorskip("pocketsphinx", reason="the English model comes with pocketsphinx")
    from animdrive.sources.audio.training.speak_espeak import speak
    from animdrive.sources.audio.training.voice_labels import timed_phones
    from animdrive.sources.audio.training.voices import ESPEAK_VOICES

    voice = ESPEAK_VOICES[0]
    assert voice.language == "en"
    sentence = "Bob may move five boxes, and Peter saw a picture of the beach."
    (spoken,) = speak(voice, [sentence], seed=4)
    truth = [item for item in timed_phones(voice, spoken.labels) if item[0] != "SIL"]
    assert None not in [phone for phone, _, _ in truth]
    words = [word(phone, phone) for phone, _, _ in truth]
    spans = find_text(Evidence(spoken.samples, english=english), words)
    found = [span for span in spans if span.word >= 0]
    assert [span.label for span in found] == [phone for phone, _, _ in truth]
    off_s = np.abs(
        [span.first * 0.01 - start for span, (_, start, _) in zip(found, truth, strict=True)]
    )
    assert np.median(off_s) <= 0.012
    assert np.mean(off_s <= 0.05) > 0.9
    assert fit(Evidence(spoken.samples, english=english), spans) > -1.2
