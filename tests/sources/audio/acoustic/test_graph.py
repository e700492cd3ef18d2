"""Texts found in made-up posteriors."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from posteriors import Heard, frames, runs, word

from animdrive.sources.audio.acoustic.graph import graph_of_found, graph_of_words, search
from animdrive.sources.audio.spans import Span

TOMATO = word("tomato", "T AH M EY T OW", "T AH M AA T OW")


def found(said, words, **settings):
    heard = Heard(frames(said))
    emissions_of = partial(heard.of_places, first=0, end=len(heard))
    return search(graph_of_words(words, **settings), emissions_of, english=False)


@pytest.mark.parametrize("vowel", ["EY", "AA"])
def test_the_pronunciation_that_is_said_wins(vowel):
    said = f"SIL*6 T*4 AH*5 M*5 {vowel}*8 T*4 OW*9 SIL*6"
    spans, _ = found(said, [TOMATO])
    assert runs(spans) == said
    assert [span.word for span in spans] == [-1, 0, 0, 0, 0, 0, 0, -1]


@pytest.mark.parametrize(
    "said",
    [
        "M*5 AA*5 S*5 OW*5",
        "SIL*5 M*5 AA*5 S*5 OW*5",
        "M*5 AA*5 SIL*20 S*5 OW*5",
        "M*5 AA*5 S*5 OW*5 SIL*5",
        "SIL*9 M*5 AA*5 SIL*9 S*5 OW*5 SIL*9",
    ],
)
def test_pauses_stand_where_they_are_heard(said):
    spans, score = found(said, [word("ma", "M AA"), word("so", "S OW")])
    assert runs(spans) == said
    assert [span.word for span in spans if span.word >= 0] == [0, 0, 1, 1]
    assert -1.0 < score < 0


def test_words_are_numbered_as_told():
    spans, _ = found("M*5 AA*5", [word("ma", "M AA")], first_word=17)
    assert [span.word for span in spans] == [17, 17]


def test_a_free_end_lets_words_unsaid():
    words = [word("ma", "M AA"), word("so", "S OW"), word("fee", "F IY")]
    said = "SIL*5 M*5 AA*5 S*5 OW*5 SIL*30"
    spans, _ = found(said, words, free_end=True)
    assert runs(spans) == said
    bound, _ = found(said, words)
    assert [span.label for span in bound if span.word == 2] == ["F", "IY"]


def test_with_a_free_end_silence_alone_is_an_answer():
    spans, _ = found("SIL*30", [word("ma", "M AA")], free_end=True)
    assert runs(spans) == "SIL*30"


def test_without_gaps_and_three_frames_or_more(rng):
    said = " ".join(f"{rng.choice(['AA', 'S', 'SIL', 'T'])}*2" for _ in range(40))
    spans, _ = found(said, [TOMATO, TOMATO])
    assert spans[0].first == 0
    assert spans[-1].end == 80
    assert all(a.end == b.first for a, b in pairwise(spans))
    assert min(span.end - span.first for span in spans) >= 3


def test_too_little_sound_is_no_answer():
    words = [word("ma", "M AA")]
    assert found("M*3 AA*2", words) is None
    assert runs(found("M*3 AA*3", words)[0]) == "M*3 AA*3"
    assert found("", words) is None


def test_what_was_found_is_one_way_with_its_context():
    spans = [
        Span("SIL", 0, 5, -1), Span("M", 5, 9, 0), Span("AA", 9, 15, 0), Span("S", 15, 20, 1)
    ]  # fmt: skip
    graph = graph_of_found(spans)
    assert [place.symbol for place in graph.places] == ["SIL", "M", "AA", "S"]
    m, aa, s = graph.places[1:]
    assert (m.left, m.right, m.first, m.last) == ("SIL", "AA", True, False)
    assert (aa.left, aa.right, aa.first, aa.last) == ("M", "S", False, True)
    assert (s.left, s.right, s.first, s.last) == ("AA", "SIL", True, True)
    heard = Heard(frames("SIL*5 M*4 AA*6 S*5"))
    again, _ = search(graph, partial(heard.of_places, first=0, end=20), english=False)
    assert again == spans


def test_the_context_of_a_word_reaches_into_its_neighbours():
    graph = graph_of_words([word("ma", "M AA"), word("so", "S OW", "Z OW")])
    by_symbol = {place.symbol: place for place in graph.places if place.symbol != "SIL"}
    assert by_symbol["AA"].right == "S"
    assert by_symbol["S"].left == by_symbol["Z"].left == "AA"
    assert by_symbol["M"].left == by_symbol["OW"].right == "SIL"


def test_silence_does_not_cost_more_the_more_words_there_are():
    score = [
        found("SIL*40 " + "M*4 AA*4 " * count, [word("ma", "M AA")] * count)[1] for count in (1, 10)
    ]
    np.testing.assert_allclose(score[0], score[1], atol=0.3)


def test_english_phones_last_as_in_the_english_model():
    pytest.importorskip("pocketsphinx", reason="the English model comes with pocketsphinx")
    said = "SIL*6 M*6 AA*12 SIL*6"
    heard = Heard(frames(said))
    emissions_of = partial(heard.of_places, first=0, end=30)
    spans, _ = search(graph_of_words([word("ma", "M AA")]), emissions_of, english=True)
    assert runs(spans) == said
