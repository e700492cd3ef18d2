from __future__ import annotations

from animdrive.contract.spoken import Word
from animdrive.sources.audio.language.inventory import PHONES, SILENCE, SYMBOLS
from animdrive.sources.audio.spans import Span
from animdrive.sources.audio.sphinx.respelling import in_arpabet, in_own_phones


def spans_of(words: tuple[Word, ...]) -> list[Span]:
    """Return the first pronunciation of `words`, each phone ten frames, silence before."""
    labels = [(SILENCE, -1)]
    labels += [(p, n) for n, word in enumerate(words) for p in word.pronunciations[0]]
    return [
        Span(label, 10 * at, 10 * at + 10, word, -1.0) for at, (label, word) in enumerate(labels)
    ]


def test_every_phone_can_be_searched_and_comes_back():
    said = tuple(symbol for symbol in SYMBOLS if symbol != SILENCE)
    words = (Word("all", (said,), language="xx"), Word("two", (("ts", "y"),), language="de"))
    searched = in_arpabet(words)
    for word in searched:
        assert set(word.pronunciations[0]) <= set(PHONES)
    found = spans_of(searched)
    own = in_own_phones(found, words)
    assert [span.label for span in own] == [SILENCE, *said, "ts", "y"]
    assert (own[-2].first, own[-2].end) == (found[-3].first, found[-2].end)
    assert own[-2].score == -2.0
    assert [span.first for span in own[1:]] == [span.end for span in own[:-1]]


def test_words_of_the_dictionary_stay_as_they_are():
    words = (Word("the", (("DH", "AH"), ("DH", "IY")), key="the"),)
    assert in_arpabet(words) == words
    assert in_own_phones(spans_of(words), words) == spans_of(words)


def test_the_pronunciation_that_was_found_is_told_from_the_phones():
    words = (Word("了", (("L", "ɤ"), ("L", "Y", "a", "UH")), language="zh"),)
    heard = in_arpabet((Word("了", words[0].pronunciations[::-1], language="zh"),))
    assert [s.label for s in in_own_phones(spans_of(heard), words)][1:] == ["L", "Y", "a", "UH"]


def test_what_is_no_pronunciation_stays():
    words = (Word("y", (("y",),), language="de"),)
    found = [Span("AA", 0, 5, 0)]
    assert in_own_phones(found, words) == found
