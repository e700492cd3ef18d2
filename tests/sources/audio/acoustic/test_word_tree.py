"""The tree of words, against the loop that says what it is."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="the English model comes with pocketsphinx")

from animdrive.sources.audio.acoustic.gaussians import load_gaussians
from animdrive.sources.audio.acoustic.word_list import load_word_list, said_words
from animdrive.sources.audio.acoustic.word_tree import load_word_tree, tree_of

INSIDE, FIRST, LAST, ALONE = range(4)


def simple_tree(words, model):
    """Phones, parents, states, sets, endings and the best word ahead, one phone after the other."""
    sets, number_of = {}, {}
    phone, parent, states, ending = [], [], [], []

    def one(members):
        if len(members) == 1:
            return members[0]
        return len(model.phone_of_senone) + sets.setdefault(members, len(sets))

    def states_of(where, sound, left, right):
        around = model.triphones[where, sound]
        around = around if left < 0 else around[left : left + 1]
        around = around if right < 0 else around[:, right : right + 1]
        rows = around[around >= 0]
        senones = model.senones[rows if len(rows) else [sound]]
        return tuple(one(tuple(np.unique(senones[:, state]).tolist())) for state in range(3))

    for word, text in enumerate(words.words):
        for way in said_words().get(text, ()):
            phones = [model.phones.index(name) for name in way.split()]
            before, last = -1, len(phones) - 1
            for at, sound in enumerate(phones):
                where = (FIRST if last else ALONE) if not at else (LAST if at == last else INSIDE)
                left = phones[at - 1] if at else -1
                right = phones[at + 1] if at < last else -1
                key = (before, sound, states_of(where, sound, left, right))
                if key not in number_of:
                    number_of[key] = len(phone)
                    phone.append(sound)
                    parent.append(before)
                    states.append(key[2])
                    ending.append([])
                before = number_of[key]
            ending[before].append(word)
    ahead = np.full(len(phone), -np.inf, dtype=np.float32)
    for node in range(len(phone) - 1, -1, -1):
        for word in ending[node]:
            ahead[node] = max(ahead[node], words.alone[word])
        if parent[node] >= 0:
            ahead[parent[node]] = max(ahead[parent[node]], ahead[node])
    return phone, parent, states, list(sets), ending, ahead


def some_words(rng, count):
    """The shipped list with most words blanked, so that they are not in the dictionary."""
    words = load_word_list()
    kept = set(rng.choice(len(words.words), count, replace=False).tolist()) | set(range(60))
    return replace(
        words,
        words=tuple(text if at in kept else f"<{at}>" for at, text in enumerate(words.words)),
    )


def test_it_is_what_the_simple_loop_makes(rng):
    words, model = some_words(rng, 600), load_gaussians()
    tree = tree_of(words, model)
    phone, parent, states, sets, ending, ahead = simple_tree(words, model)
    np.testing.assert_array_equal(tree.phone, phone)
    np.testing.assert_array_equal(tree.parent, parent)
    np.testing.assert_array_equal(tree.states, states)
    np.testing.assert_array_equal(tree.ahead, ahead)
    own = [tree.set_members[a:b].tolist() for a, b in pairwise(tree.set_edges)]
    assert own == [list(members) for members in sets]
    own = [tree.words[a:b].tolist() for a, b in pairwise(tree.word_edges)]
    assert own == ending
    for node in range(-1, len(phone)):
        a, b = tree.child_edges[node + 1 : node + 3]
        assert tree.children[a:b].tolist() == [at for at, of in enumerate(parent) if of == node]


def test_every_way_of_every_shipped_word_is_one_path():
    tree, words, model = load_word_tree(), load_word_list(), load_gaussians()
    assert (tree.parent < np.arange(len(tree.parent))).all()
    found = {}
    for node in range(len(tree.phone)):
        for word in tree.words[tree.word_edges[node] : tree.word_edges[node + 1]]:
            path, at = [], node
            while at >= 0:
                path.append(model.phones[tree.phone[at]])
                at = tree.parent[at]
            found.setdefault(words.words[word], []).append(" ".join(reversed(path)))
    said = said_words()
    assert set(found) == set(words.words[2:])
    assert all(sorted(ways) == sorted(said[word]) for word, ways in found.items())


def test_the_likeliest_word_ahead_is_never_less_likely_further_on():
    tree = load_word_tree()
    inner = tree.parent >= 0
    assert (tree.ahead[tree.parent[inner]] >= tree.ahead[inner]).all()
    assert np.isfinite(tree.ahead).all()


def test_states_belong_to_their_phone():
    tree, model = load_word_tree(), load_gaussians()
    owner = model.phone_of_senone
    count = len(owner)
    sets = np.array([owner[tree.set_members[a]] for a in tree.set_edges[:-1]])
    owner = np.concatenate([owner, sets])
    assert tree.states.max() < count + len(sets)
    assert (owner[tree.states] == tree.phone[:, None]).all()
