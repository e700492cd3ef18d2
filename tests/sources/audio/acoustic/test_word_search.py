"""Words found where it is known which are said: scores are made up from the words' own states."""

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="the English model comes with pocketsphinx")

from animdrive.sources.audio.acoustic import word_search
from animdrive.sources.audio.acoustic.gaussians import load_gaussians
from animdrive.sources.audio.acoustic.viterbi import NEVER
from animdrive.sources.audio.acoustic.word_list import load_word_list
from animdrive.sources.audio.acoustic.word_search import SearchConfig, find_words
from animdrive.sources.audio.acoustic.word_tree import load_word_tree

LINE = "peter and his mother walked to the market on a sunny morning"
WRONG = -12.0
"""Score of a state that is not said, beside 0 of the one that is."""


def paths(word):
    """Every way of a word through the tree, as nodes."""
    tree, words = load_word_tree(), load_word_list()
    number = words.words.index(word)
    for place in np.flatnonzero(tree.words == number):
        node = int(np.searchsorted(tree.word_edges, place, side="right")) - 1
        path = []
        while node >= 0:
            path.append(node)
            node = int(tree.parent[node])
        yield path[::-1]


def scores_of(line, *, frames=3, pause=20, wrong=WRONG):
    """[T, S] scores of somebody who says `line`, words parted by "|" with a pause between."""
    tree, model = load_word_tree(), load_gaussians()
    count = len(model.phone_of_senone)
    quiet = model.senones[model.phones.index("SIL")]
    rows = []

    def say(members, times):
        row = np.full(count, wrong, dtype=np.float32)
        row[members] = 0.0
        rows.extend([row] * times)

    for part in line.split():
        if part == "|":
            say(quiet, pause)
            continue
        for node in next(paths(part)):
            for state in tree.states[node]:
                at = state - count  # from here on, sets of states
                own = slice(*tree.set_edges[at : at + 2]) if at >= 0 else slice(0)
                say(tree.set_members[own] if at >= 0 else [state], frames)
    return np.array(rows, dtype=np.float32)


def found(scores, *, phones=None, **settings):
    words, model = load_word_list(), load_gaussians()
    if phones is None:
        phones = np.zeros((len(scores), len(model.phones)), dtype=np.float32)
    numbers = find_words(
        scores,
        phones,
        tree=load_word_tree(),
        words=words,
        model=model,
        config=SearchConfig(**settings),
    )
    return " ".join(words.words[number] for number in numbers)


def test_the_words_that_are_said_are_found():
    assert found(scores_of(f"| {LINE} |")) == LINE


def test_pauses_come_anywhere():
    assert (
        found(scores_of("| peter | and his mother | | walked |")) == "peter and his mother walked"
    )


@pytest.mark.parametrize("context", ["{} hundred people", "going {} bed"])
def test_of_words_that_sound_alike_the_likely_one_is_taken(context):
    likely = {"{} hundred people": "two", "going {} bed": "to"}[context]
    for same in ("two", "too"):  # which is said makes no difference
        assert found(scores_of(f"| {context.format(same)} |")) == context.format(likely)


def test_what_is_surely_not_said_is_not_found():
    scores = scores_of("| peter |")
    model = load_gaussians()
    phones = np.zeros((len(scores), len(model.phones)), dtype=np.float32)
    assert found(scores, phones=phones) == "peter"
    phones[:, model.phones.index("P")] = NEVER
    assert "P" not in {
        phone for word in found(scores, phones=phones).split() for phone in said(word)
    }


def said(word):
    model, tree = load_gaussians(), load_word_tree()
    return {model.phones[tree.phone[node]] for path in paths(word) for node in path}


def test_the_network_is_heard_beside_the_gaussians():
    """Where senones tell nothing, phones decide."""
    scores = scores_of(f"| {LINE} |")
    model = load_gaussians()
    phones = np.full((len(scores), len(model.phones)), WRONG, dtype=np.float32)
    owner = model.phone_of_senone
    for phone in range(len(model.phones)):
        phones[(scores[:, owner == phone] == 0).any(1), phone] = 0.0
    assert found(np.zeros_like(scores), phones=phones) == LINE


def test_wider_beams_find_nothing_else():
    scores = scores_of("| the sunny market |", wrong=-4.0)
    assert found(scores) == found(scores, beam=300.0, word_beam=200.0, most=10_000)


def test_the_best_are_enough_where_only_some_are_followed():
    assert found(scores_of(f"| {LINE} |"), most=400) == LINE


def test_a_heavy_language_model_says_what_is_likely_and_none_what_is_heard():
    scores = scores_of("| recognise speech |", wrong=-1.0)
    assert found(scores, language=0.01) != found(scores, language=40.0)


def test_silence_and_nothing_hold_no_words():
    assert found(scores_of("|")) == ""
    assert found(np.zeros((0, len(load_gaussians().phone_of_senone)), np.float32)) == ""
    assert found(scores_of("| peter |")[:1]) == ""


def test_the_same_scores_give_the_same_words(rng):
    scores = rng.normal(0, 3, (120, len(load_gaussians().phone_of_senone))).astype(np.float32)
    assert found(scores) == found(scores.copy(order="F"))


def test_it_is_compiled_for_one_kind_of_numbers():
    found(scores_of("| peter |"))
    found(scores_of("| peter |").astype(np.float64))
    assert len(word_search._search.signatures) == 1
