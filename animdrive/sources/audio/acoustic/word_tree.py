"""The words of English as one tree of phones, which words share as far as they sound alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.acoustic.gaussians import STATES, Gaussians, load_gaussians
from animdrive.sources.audio.acoustic.word_list import WordList, load_word_list, pronunciations

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


class _States:
    """The senones of a phone in a context that may be half known."""

    def __init__(self, model: Gaussians) -> None:
        self._model = model
        self._known: dict[tuple[int, int, int, int], tuple[int, ...]] = {}
        self.sets: dict[tuple[int, ...], int] = {}

    def of(self, where: int, phone: int, left: int, right: int) -> tuple[int, ...]:
        """Return three senones or sets; -1 for a neighbour is any."""
        key = (where, phone, left, right)
        if key not in self._known:
            around = self._model.triphones[where, phone]
            around = around if left < 0 else around[left : left + 1]
            around = around if right < 0 else around[:, right : right + 1]
            rows = around[around >= 0]
            senones = self._model.senones[rows if len(rows) else [phone]]
            self._known[key] = tuple(
                self._one(tuple(np.unique(senones[:, state]).tolist())) for state in range(STATES)
            )
        return self._known[key]

    def _one(self, members: tuple[int, ...]) -> int:
        if len(members) == 1:
            return members[0]
        known = len(self._model.phone_of_senone) + len(self.sets)
        return self.sets.setdefault(members, known)


@cache
def load_word_tree() -> WordTree:
    """Return the tree of the shipped list of words, made once: a second of work."""
    return tree_of(load_word_list(), load_gaussians())


def tree_of(words: WordList, model: Gaussians) -> WordTree:
    """Return the tree of all words of a list that the dictionary has."""
    said = pronunciations(model.phones)
    states = _States(model)
    phone: list[int] = []
    parent: list[int] = []
    own: list[tuple[int, ...]] = []
    ending: list[list[int]] = []
    number_of: dict[tuple[int, int, tuple[int, ...]], int] = {}
    for word, text in enumerate(words.words):
        for phones in said.get(text, ()):
            before = -1
            last = len(phones) - 1
            for at, sound in enumerate(phones):
                where = (_ALONE if not last else _FIRST) if not at else _LAST
                if at and at < last:
                    where = _INSIDE
                senones = states.of(
                    where, sound, phones[at - 1] if at else -1, phones[at + 1] if at < last else -1
                )
                key = (before, sound, senones)
                node = number_of.get(key)
                if node is None:
                    node = number_of[key] = len(phone)
                    phone.append(sound)
                    parent.append(before)
                    own.append(senones)
                    ending.append([])
                before = node
            ending[before].append(word)
    parents = np.array(parent, dtype=np.int32)
    count = len(parents)
    children = np.argsort(parents, kind="stable").astype(np.int32)
    child_edges = np.searchsorted(parents[children], np.arange(-1, count + 1)).astype(np.int32)
    ahead = np.full(count, -np.inf, dtype=np.float32)
    for node in range(count - 1, -1, -1):
        for word in ending[node]:
            ahead[node] = max(ahead[node], words.alone[word])
        if parent[node] >= 0:
            ahead[parent[node]] = max(ahead[parent[node]], ahead[node])
    return WordTree(
        phone=np.array(phone, dtype=np.int32),
        parent=parents,
        states=np.array(own, dtype=np.int32),
        set_edges=_edges([len(members) for members in states.sets]),
        set_members=np.array([s for members in states.sets for s in members], dtype=np.int32),
        child_edges=child_edges,
        children=children,
        word_edges=_edges([len(found) for found in ending]),
        words=np.array([word for found in ending for word in found], dtype=np.int32),
        ahead=ahead,
    )


def _edges(sizes: list[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
