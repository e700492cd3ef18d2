"""The words of English as one tree of phones, which words share as far as they sound alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.acoustic.gaussians import STATES, Gaussians, load_gaussians
from animdrive.sources.audio.acoustic.word_list import (
    WordList,
    load_word_list,
    said_words,
)

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

_INSIDE, _FIRST, _LAST, _ALONE = range(4)


@dataclass(frozen=True, eq=False)
class WordTree:
    """N phones, each after the one that it follows in some words. Roots have parent -1."""

    phone: Ints
    """[N] number of the phone in the Gaussians' list."""
    parent: Ints
    """[N], always smaller than the phone's own number; -1 begins a word."""
    states: Ints
    """[N, 3] senones; from S on they are the sets below."""
    set_edges: Ints
    """[M + 1] where each set of senones begins in the next."""
    set_members: Ints
    """A phone at the edge of a word is followed by who knows what: all its senones are asked."""
    child_edges: Ints
    """[N + 2] where the children of each phone begin in the next; the first are the roots'."""
    children: Ints
    """[N]."""
    word_edges: Ints
    """[N + 1] where the words that end in each phone begin in the next."""
    words: Ints
    """Numbers in the list of words."""
    ahead: Floats
    """[N] logarithm of the likeliest word that is still possible."""


@cache
def load_word_tree() -> WordTree:
    """Return the tree of the shipped list of words, made once: a third of a second of work."""
    return tree_of(load_word_list(), load_gaussians())


def tree_of(words: WordList, model: Gaussians) -> WordTree:
    """Return the tree of all words of a list that the dictionary has."""
    said = said_words()
    number = {phone: index for index, phone in enumerate(model.phones)}
    ways = [
        (word, way.split()) for word, text in enumerate(words.words) for way in said.get(text, ())
    ]
    word_of = np.array([word for word, _ in ways], dtype=np.int32)
    lengths = np.array([len(way) for _, way in ways], dtype=np.int32)
    flat = np.array([number[phone] for _, way in ways for phone in way], dtype=np.int32)
    states, sets = _states_of(flat, lengths, model)
    begin = np.concatenate([[0], np.cumsum(lengths)])[:-1]
    return _tree(_levels(flat, states, begin, lengths), word_of, words.alone, sets)


def _states_of(phones: Ints, lengths: Ints, model: Gaussians) -> tuple[Ints, list[tuple[int, ...]]]:
    """Return [P, 3] the senones or sets of the phones of all pronunciations, and the sets.

    Args:
        phones: [P] of all pronunciations, one after the other.
        lengths: Of each pronunciation.
        model: The Gaussians.
    """
    count = len(model.phones)
    ends = np.cumsum(lengths)
    first, last = np.zeros(len(phones), dtype=bool), np.zeros(len(phones), dtype=bool)
    first[ends - lengths], last[ends - 1] = True, True
    where = np.select([first & last, first, last], [_ALONE, _FIRST, _LAST], _INSIDE)
    left = np.where(first, -1, np.roll(phones, 1))
    right = np.where(last, -1, np.roll(phones, -1))
    rows = model.triphones[where, phones, left, right]  # means something inside words only
    result = model.senones[np.where(rows >= 0, rows, phones)]
    edge = np.flatnonzero(first | last)
    key = ((where * count + phones) * (count + 1) + left + 1) * (count + 1) + right + 1
    _, at, same = np.unique(key[edge], return_index=True, return_inverse=True)
    known = np.zeros((len(at), STATES), dtype=np.int32)
    sets: dict[tuple[int, ...], int] = {}
    for context in np.argsort(at):  # sets are numbered as they come
        place = edge[at[context]]
        around = model.triphones[where[place], phones[place]]
        around = around if left[place] < 0 else around[left[place] : left[place] + 1]
        around = around if right[place] < 0 else around[:, right[place] : right[place] + 1]
        met = np.unique(around[around >= 0])
        senones = model.senones[met if len(met) else phones[place : place + 1]]
        for state in range(STATES):
            members = tuple(sorted(set(senones[:, state].tolist())))
            known[context, state] = (
                members[0]
                if len(members) == 1
                else len(model.phone_of_senone) + sets.setdefault(members, len(sets))
            )
    result[edge] = known[same]
    return result.astype(np.int32), list(sets)


@dataclass(frozen=True)
class _Nodes:
    """Nodes in the order in which the pronunciations, one after the other, would make them."""

    phone: Ints
    parent: Ints
    states: Ints
    level: Ints
    """How many phones are before it."""
    last: Ints
    """Of each pronunciation the node that ends it."""


def _levels(phones: Ints, states: Ints, begin: Ints, lengths: Ints) -> _Nodes:
    """Merge pronunciations phone by phone: what agrees so far is one node."""
    base = int(states.max()) + 1
    triple = (states[:, 0].astype(np.int64) * base + states[:, 1]) * base + states[:, 2]
    _, kind = np.unique(triple, return_inverse=True)
    kinds, sounds = int(kind.max()) + 1, int(phones.max()) + 1
    node = np.full(len(begin), -1, dtype=np.int64)  # where each pronunciation is
    made: list[tuple[Ints, Ints, Ints]] = []  # of each level: maker, place, parent
    total = 0
    for level in range(int(lengths.max())):
        on = np.flatnonzero(lengths > level)
        place = begin[on] + level
        key = ((node[on] + 1) * sounds + phones[place]) * kinds + kind[place]
        _, first, same = np.unique(key, return_index=True, return_inverse=True)
        made.append((on[first], place[first], node[on[first]]))
        node[on] = total + same
        total += len(first)
    maker, place, parent = (np.concatenate(parts) for parts in zip(*made, strict=True))
    levels = np.repeat(np.arange(len(made)), [len(part[0]) for part in made])
    order = np.lexsort((levels, maker))
    number = np.full(total + 1, -1, dtype=np.int32)  # the last stands for the parent of roots, -1
    number[order] = np.arange(total, dtype=np.int32)
    return _Nodes(
        phone=phones[place[order]],
        parent=number[parent[order]],
        states=states[place[order]],
        level=levels[order].astype(np.int32),
        last=number[node],
    )


def _tree(nodes: _Nodes, word_of: Ints, alone: Floats, sets: list[tuple[int, ...]]) -> WordTree:
    count = len(nodes.phone)
    children = np.argsort(nodes.parent, kind="stable").astype(np.int32)
    ending = np.argsort(nodes.last, kind="stable")
    ahead = np.full(count, -np.inf, dtype=np.float32)
    np.maximum.at(ahead, nodes.last, alone[word_of])
    for level in range(int(nodes.level.max()), 0, -1):
        own = np.flatnonzero(nodes.level == level)
        np.maximum.at(ahead, nodes.parent[own], ahead[own])
    return WordTree(
        phone=nodes.phone,
        parent=nodes.parent,
        states=nodes.states,
        set_edges=np.cumsum([0, *map(len, sets)]).astype(np.int32),
        set_members=np.array([s for members in sets for s in members], dtype=np.int32),
        child_edges=np.searchsorted(nodes.parent[children], np.arange(-1, count + 1)).astype(
            np.int32
        ),
        children=children,
        word_edges=np.searchsorted(nodes.last[ending], np.arange(count + 1)).astype(np.int32),
        words=word_of[ending],
        ahead=ahead,
    )
