"""What is said without a text: in made-up posteriors, and in a voice."""

import numpy as np
import pytest
from posteriors import Heard, frames, runs

from animdrive.sources.audio.acoustic.heard import _around, phones_heard, words_heard
from animdrive.sources.audio.acoustic.network import OFFLINE
from animdrive.sources.audio.language.inventory import SILENCE, SYMBOLS
from animdrive.weights import manifest


class Priors:
    """Stands in for a network, of which only symbols and priors are asked."""

    symbols = SYMBOLS

    def __init__(self, *, rare=()):
        share = np.full(len(SYMBOLS), 1.0, np.float32)
        share[[SYMBOLS.index(symbol) for symbol in rare]] = 1e-6
        flat = np.full(len(SYMBOLS), 1.0 / len(SYMBOLS), np.float32)
        self.priors = {"en": share / share.sum(), "zh": flat, "any": flat}


def heard(text, *, language="de", rare=(), sure=0.9):
    evidence = Heard(frames(text), sure=sure)
    evidence.network = Priors(rare=rare)
    return evidence, runs(phones_heard(evidence, 0, len(evidence), language=language))


def test_plain_phones_are_found_as_they_are():
    text = "SIL*20 M*6 a*12 S*8 SIL*15 ʁ*5 o*9 SIL*10"
    assert heard(text)[1] == text


def test_the_same_phone_may_come_again_after_another():
    text = "M*6 a*8 M*6 a*8"
    assert heard(text)[1] == text


def test_phones_last_three_frames():
    evidence, found = heard("SIL*10 T*1 AA*10 SIL*10")
    lengths = [int(part.split("*")[1]) for part in found.split()]
    assert min(lengths) >= 3
    assert sum(lengths) == len(evidence)


def test_a_flicker_is_no_phone():
    assert heard("SIL*10 a*6 S*1 a*6 SIL*10", sure=0.7)[1] == "SIL*10 a*13 SIL*10"


def test_a_sound_that_the_language_lacks_is_not_heard():
    text = "SIL*10 AA*8 ʁ*8 AA*8 SIL*10"
    assert "ʁ" in heard(text, language="en")[1]
    assert "ʁ" not in heard(text, language="en", rare=("ʁ",))[1]
    assert "ʁ" in heard(text, language="zh", rare=("ʁ",))[1]  # the others' priors are their own


def test_silence_is_always_a_choice():
    assert heard("SIL*30", language="en", rare=(SILENCE,))[1] == "SIL*30"


def test_a_stretch_is_heard_as_if_it_were_alone():
    evidence, _ = heard("AA*20 SIL*10 M*6 IY*12 SIL*10 AA*20")
    assert runs(phones_heard(evidence, 20, 58, language="de")) == "SIL*10 M*6 IY*12 SIL*10"
    assert phones_heard(evidence, 5, 5, language="de") == []


@pytest.mark.parametrize("reach", [0, 1, 3])
def test_around_is_within_reach_of_what_is_true(rng, reach):
    mask = rng.random((40, 3)) > 0.9
    expected = [
        [mask[max(0, row - reach) : row + reach + 1, column].any() for column in range(3)]
        for row in range(40)
    ]
    np.testing.assert_array_equal(_around(mask, reach), expected)
    np.testing.assert_array_equal(_around(mask[:1], reach), mask[:1])


@pytest.fixture(scope="module")
def evidence():
    if OFFLINE not in manifest():
        pytest.skip("the network does not ship yet")
    pytest.importorskip("pocketsphinx", reason="the English model comes with pocketsphinx")
    from animdrive.sources.audio.acoustic.evidence import Evidence
    from animdrive.sources.audio.sound import sound_from_clip
    from animdrive.sources.audio.voice import speak

    clip = speak("My mother bought some bread.", words_per_minute=120)
    samples = sound_from_clip(clip).pcm.astype(np.float32) / 32768
    rough = np.random.default_rng(0).normal(0, 1e-4, len(samples))
    return Evidence((samples + rough).astype(np.float32), english=True)


class TestEnglish:
    def test_words_of_the_dictionary_are_heard_with_all_their_ways(self, evidence):
        from animdrive.sources.audio.acoustic.word_list import said_words

        words = words_heard(evidence, 0, len(evidence))
        assert len(words) >= 2
        for word in words:
            assert word.key == word.text
            ways = tuple(" ".join(way) for way in word.pronunciations)
            assert ways == said_words()[word.text]

    def test_the_same_sound_holds_the_same_words(self, evidence):
        assert words_heard(evidence, 0, len(evidence)) == words_heard(evidence, 0, len(evidence))

    def test_too_short_a_stretch_holds_no_word(self, evidence):
        assert words_heard(evidence, 0, 2) == ()
        assert words_heard(evidence, 4, 4) == ()

    def test_only_what_is_asked_is_scored(self, evidence, rng):
        from animdrive.sources.audio.acoustic.gaussians import load_gaussians
        from animdrive.sources.audio.acoustic.senones import load_senones

        model = load_gaussians()
        asked = rng.random((60, len(model.phones))) > 0.7
        some = evidence.of_senones(10, 70, asked)
        streams = tuple(stream[10:70] for stream in evidence._cepstra)
        every = load_senones().scores(streams)
        wanted = asked[:, model.phone_of_senone]
        np.testing.assert_allclose(some[wanted], every[wanted], atol=2e-2)
        assert not some[~wanted].any()
