"""The shipped words, and how they are said."""

import sys

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="the dictionary comes with pocketsphinx")

from animdrive.errors import BackendError
from animdrive.sources.audio.acoustic.word_list import (
    BEGIN,
    END,
    dictionary_file,
    load_word_list,
    said_words,
)
from animdrive.sources.audio.language.english_weak_forms import WEAK_FORMS
from animdrive.sources.audio.sphinx import decoder


@pytest.fixture(scope="module")
def words():
    return load_word_list()


def followers(words, word):
    """Words that follow `word` in pairs, the likeliest first."""
    at = words.words.index(word)
    own = slice(words.edges[at], words.edges[at + 1])
    order = np.argsort(-words.pairs[own], kind="stable")
    return [words.words[number] for number in words.following[own][order]]


def test_every_word_but_the_ends_can_be_said(words):
    assert (words.words[END], words.words[BEGIN]) == ("</s>", "<s>")
    assert len(set(words.words)) == len(words.words) == len(words.alone) == len(words.backoff)
    assert all(word in said_words() for word in words.words[2:])


def test_pairs_are_in_order(words):
    assert words.edges[0] == 0
    assert words.edges[-1] == len(words.following) == len(words.pairs)
    owner = np.repeat(np.arange(len(words.words)), np.diff(words.edges))
    assert (np.diff(owner * 65536 + words.following) > 0).all()


def test_probabilities_are_shares(words):
    assert np.exp(words.alone, dtype=np.float64).sum() < 1.01
    assert (np.diff(words.alone[2:]) <= 0).all()  # the commonest first
    owner = np.repeat(np.arange(len(words.words)), np.diff(words.edges))
    after = np.bincount(owner, np.exp(words.pairs, dtype=np.float64), len(words.words))
    assert after.max() < 1.05  # a step of a pair is 4 %


def test_what_is_known_of_english_is_in_it(words):
    assert followers(words, "united")[0] == "states"
    assert followers(words, "los")[0] == "angeles"
    assert "the" in followers(words, "of")[:3]


def test_ways_of_a_word_are_those_of_the_recogniser_and_weak_forms():
    for word in ("the", "record", "either", "hello"):
        known = tuple(" ".join(phones) for phones in decoder.lookup(word))
        assert said_words()[word] == (*known, *WEAK_FORMS.get(word, ()))
    assert not any("(" in word for word in said_words())


def test_without_pocketsphinx_the_cure_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(BackendError, match="pip install pocketsphinx"):
        dictionary_file()
