"""Followers of words, means and ranks, against what says the same more slowly."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="the dictionary comes with pocketsphinx")

from animdrive.sources.audio.acoustic import word_scores
from animdrive.sources.audio.acoustic.word_list import load_word_list


def test_followers_without_a_pair_back_off():
    words = load_word_list()
    tables = (words.alone, words.backoff, words.edges, words.following, words.pairs)
    united, states, zebra = (words.words.index(w) for w in ("united", "states", "zebra"))
    assert word_scores.follower(united, states, *tables) > np.log(0.3)
    assert word_scores.follower(united, zebra, *tables) == pytest.approx(
        words.backoff[united] + words.alone[zebra]
    )
    for word in (united, states):  # every pair is found by bisection
        for at in range(words.edges[word], words.edges[word + 1]):
            assert word_scores.follower(word, words.following[at], *tables) == words.pairs[at]
    without = replace(words, edges=np.zeros_like(words.edges))
    tables = (without.alone, without.backoff, without.edges, without.following, without.pairs)
    assert word_scores.follower(united, states, *tables) == pytest.approx(
        words.backoff[united] + words.alone[states]
    )


def test_the_mean_of_likelihoods_is_a_mean(rng):
    row = rng.normal(0, 1, 50).astype(np.float32)
    members = rng.choice(50, 12, replace=False).astype(np.int32)
    assert word_scores.mean_likelihood(row, members) == pytest.approx(
        np.log(np.mean(np.exp(row[members]))), abs=1e-5
    )
    row[members[0]] = 40.0  # the others are too far below to count
    assert word_scores.mean_likelihood(row, members) == pytest.approx(40 - np.log(12), abs=1e-3)


@pytest.mark.parametrize("count", [1, 2, 7, 500])
def test_the_largest_are_told_as_by_sorting(rng, count):
    few = rng.integers(0, 9, count).astype(np.float32)  # many are equal
    for values in (few, rng.normal(size=count).astype(np.float32), np.zeros(count, np.float32)):
        expected = np.sort(values)[::-1]
        ranks = {1, count, (count + 1) // 2, max(1, count - 1)}
        for rank in ranks:
            assert word_scores.largest(values.copy(), rank) == expected[rank - 1]
