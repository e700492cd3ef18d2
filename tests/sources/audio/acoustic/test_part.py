"""The part of a text that is said."""

from __future__ import annotations

import numpy as np
import pytest

from animdrive.sources.audio.acoustic import part as part_module
from animdrive.sources.audio.acoustic.evidence import Evidence
from animdrive.sources.audio.acoustic.forced import find_text, fit
from animdrive.sources.audio.acoustic.part import find_part, is_squeezed
from animdrive.sources.audio.language.text import spoken_from_text
from animdrive.sources.audio.language.words import Word
from animdrive.sources.audio.sound import resampled
from animdrive.sources.audio.sphinx.decoder import lookup
from animdrive.sources.audio.voice import speak

SAID = "The blue boat came back from the island before noon."
BEFORE = "Nobody ever asked why."
AFTER = "She would rather walk home alone, singing."


def words(text: str) -> tuple[Word, ...]:
    return spoken_from_text(text, language="en", lookup=lookup).words


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    voice = speak(SAID)
    hiss = np.random.default_rng(0).normal(0, 1e-4, len(voice.samples))
    samples = resampled((0.5 * voice.samples + hiss).astype(np.float32), voice.sample_rate)
    return Evidence(samples, english=True)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (SAID, 0),
        (f"{SAID} {AFTER}", 0),
        (f"{BEFORE} {SAID}", 4),
        (f"{BEFORE} {SAID} {AFTER}", 4),
    ],
)
def test_the_words_that_are_said_are_found(evidence, text, first):
    whole = find_text(evidence, words(SAID))
    spans = find_part(evidence, words(text))
    numbers = {span.word for span in spans if span.word >= 0}
    assert numbers == set(range(first, first + 10))
    edges = [span.first for span in spans if span.word >= 0]
    assert np.median(np.abs(np.subtract(edges, [s.first for s in whole if s.word >= 0]))) <= 1
    assert spans[0].first == 0
    assert spans[-1].end == len(evidence)


def test_what_is_not_said_fits_far_worse(evidence):
    right = find_part(evidence, words(f"{BEFORE} {SAID}"))
    wrong = find_part(evidence, words(f"{BEFORE} {AFTER}"))
    assert fit(evidence, right) > -1.5
    assert wrong is None or fit(evidence, wrong) < -1.75


def test_a_sentence_too_much_is_squeezed(evidence):
    assert is_squeezed(evidence, find_text(evidence, words(f"{SAID} {BEFORE}")))
    assert is_squeezed(evidence, find_text(evidence, words(f"{BEFORE} {SAID}")))
    assert not is_squeezed(evidence, find_text(evidence, words(SAID)))


def test_one_word_is_no_part(evidence):
    assert find_part(evidence, words("noon")) is None


def test_what_is_too_long_to_search_is_not_searched(evidence, monkeypatch):
    monkeypatch.setattr(part_module, "_MOST_CELLS", 1000)
    assert find_part(evidence, words(SAID)) is None
