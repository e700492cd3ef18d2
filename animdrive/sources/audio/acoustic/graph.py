"""Texts as graphs of phones, and the best way of a sound through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from animdrive.contract.spoken import Word
from animdrive.sources.audio.acoustic.evidence import Place, english_index
from animdrive.sources.audio.acoustic.gaussians import STATES, load_gaussians
from animdrive.sources.audio.acoustic.viterbi import NEVER, best_path
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.spans import Span

Floats = npt.NDArray[np.float32]

START = -1
_PAUSE = float(np.log(0.3))
_NO_PAUSE = float(np.log(0.7))
_RARER, _RAREST = 2.0, 2
"""What the second way to say a word costs, natural logarithm; how often that is counted at most."""
_STAY, _GO = float(np.log(0.6)), float(np.log(0.4))
"""How long a state lasts where no model tells: 25 ms in the mean."""


@dataclass
class Graph:
    """Phones, and which may follow which."""

    places: list[Place] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    """Of each phone the index of its word, -1 for silence."""
    before: list[list[tuple[int, float]]] = field(default_factory=list)
    """Of each phone those that lead to it, `START` among them, with the logarithm of each."""
    ends: list[int] = field(default_factory=list)
    """Phones in which a way may end."""

    def add(self, place: Place, word: int, before: Sequence[tuple[int, float]]) -> int:
        """Add a phone, and return its number."""
        self.places.append(place)
        self.words.append(word)
        self.before.append(list(before))
        return len(self.places) - 1


def graph_of_words(words: Sequence[Word], *, first_word: int = 0, free_end: bool = False) -> Graph:
    """Return the graph of a text: all pronunciations, and a pause wherever a word ends.

    Context across words is that of the likeliest pronunciations.

    Args:
        words: The text, one word or more.
        first_word: Index of the first of them in the whole text.
        free_end: Whether a way may end behind any word, as when only a part of the text is said.
    """
    graph = Graph()
    opening = graph.add(Place(SILENCE), -1, [(START, 0.0)])
    ways = [(START, _NO_PAUSE), (opening, 0.0)]
    if free_end:
        graph.ends.append(opening)
    for number, word in enumerate(words):
        left = words[number - 1].pronunciations[0][-1] if number else SILENCE
        right = words[number + 1].pronunciations[0][0] if number + 1 < len(words) else SILENCE
        tails = []
        for rank, phones in enumerate(word.pronunciations):
            begin = [(way, chance - _RARER * min(rank, _RAREST)) for way, chance in ways]
            around = (left, *phones, right)
            last = START
            for at, phone in enumerate(phones):
                place = Place(phone, around[at], around[at + 2], at == 0, at + 1 == len(phones))
                last = graph.add(place, first_word + number, [(last, 0.0)] if at else begin)
            tails.append(last)
        pause = graph.add(Place(SILENCE), -1, [(tail, _PAUSE) for tail in tails])
        ways = [*((tail, _NO_PAUSE) for tail in tails), (pause, 0.0)]
        if free_end:
            graph.ends += [*tails, pause]
    graph.ends = graph.ends if free_end else [way for way, _ in ways]
    return graph


def graph_of_found(found: Sequence[Span]) -> Graph:
    """Return the one way that was found, each phone in its true context."""
    graph = Graph()
    for at, item in enumerate(found):
        left = found[at - 1] if at else None
        right = found[at + 1] if at + 1 < len(found) else None
        place = Place(
            item.label,
            left.label if left else SILENCE,
            right.label if right else SILENCE,
            left is None or left.word != item.word,
            right is None or right.word != item.word,
        )
        graph.add(place, item.word, [(at - 1, 0.0)] if at else [(START, 0.0)])
    graph.ends = [len(found) - 1]
    return graph


def search(
    graph: Graph, emissions_of: Callable[[Sequence[Place]], Floats], *, english: bool
) -> tuple[list[Span], float] | None:
    """Return the best way through a graph, frames counted from 0, and its logarithm a frame.

    Args:
        graph: With one phone or more.
        emissions_of: Returns [T, 3 x places] as `Evidence.of_places`.
        english: Whether phones last as in the English model.

    Returns:
        The phones in order, without gaps; None where there are fewer frames than the text needs.
    """
    count = len(graph.places)
    emissions = emissions_of(graph.places)
    if not len(emissions):
        return None
    width = max(1, max(len(ways) for ways in graph.before))
    before = np.full((STATES * count, width), -1, dtype=np.int32)
    step = np.zeros((STATES * count, width), dtype=np.float32)
    stay, leave = _durations(graph.places, english)
    start = np.full(STATES * count, NEVER, dtype=np.float32)
    final = start.copy()
    for number, ways in enumerate(graph.before):
        state = STATES * number
        before[state + 1, 0], before[state + 2, 0] = state, state + 1
        step[state + 1, 0], step[state + 2, 0] = leave[state], leave[state + 1]
        k = 0
        for way, chance in ways:
            if way == START:
                start[state] = chance
            else:
                before[state, k] = STATES * way + STATES - 1
                step[state, k] = leave[STATES * way + STATES - 1] + chance
                k += 1
    final[[STATES * end + STATES - 1 for end in graph.ends]] = 0.0
    path, total = best_path(np.ascontiguousarray(emissions), stay, before, step, start, final)
    if total <= NEVER / 2:
        return None
    return _found(graph, path // STATES), float(total) / len(emissions)


def _durations(places: Sequence[Place], english: bool) -> tuple[Floats, Floats]:
    """Return [3 x places] logarithms of staying in each state and of leaving it."""
    if not english:
        size = STATES * len(places)
        return np.full(size, _STAY, np.float32), np.full(size, _GO, np.float32)
    table = load_gaussians().transitions[[english_index(place.symbol) for place in places]]
    own = np.arange(STATES)
    return table[:, own, own].reshape(-1).copy(), table[:, own, own + 1].reshape(-1).copy()


def _found(graph: Graph, numbers: npt.NDArray[np.int32]) -> list[Span]:
    edges = np.flatnonzero(np.diff(numbers, prepend=-1))
    ends = [*edges[1:].tolist(), len(numbers)]
    return [
        Span(graph.places[numbers[a]].symbol, int(a), int(b), graph.words[numbers[a]])
        for a, b in zip(edges, ends, strict=True)
    ]
