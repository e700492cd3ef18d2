"""The likeliest words in a sound: tokens pass through the tree of words, frame by frame.

Time-synchronous search over a lexical tree (Ney and Ortmanns 1999, "Dynamic programming search for
continuous speech recognition"): a token knows when its word began, and as the word ends, the best
word before it is chosen among those that ended there, by the bigram model. The likeliest word still
possible stands in for the word while it is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.acoustic.gaussians import STATES, Gaussians
from animdrive.sources.audio.acoustic.viterbi import NEVER
from animdrive.sources.audio.acoustic.word_list import BEGIN, END, WordList
from animdrive.sources.audio.acoustic.word_scores import follower, largest, mean_likelihood
from animdrive.sources.audio.acoustic.word_tree import WordTree
from animdrive.sources.audio.language.inventory import SILENCE

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

_MOST_ENDS = 24
"""Words that may end in the same frame."""
_PAUSE = -1
"""Stands for a pause where a word is expected."""


@dataclass(frozen=True)
class SearchConfig:
    """How a search weighs and what it gives up. Logarithms are natural."""

    language: float = 10.0
    """Weight of the language model against the sound."""
    pause: float = -3.0
    """Logarithm of a pause after a word."""
    beam: float = 130.0
    """What is this much less likely than the best of a frame is given up. 160 finds nothing more on
    TIMIT, 110 loses lips that shut."""
    word_beam: float = 80.0
    """The same for words that end."""
    most: int = 1500
    """Phones followed in one frame."""


def find_words(
    senones: Floats,
    phones: Floats,
    *,
    tree: WordTree,
    words: WordList,
    model: Gaussians,
    config: SearchConfig,
) -> list[int]:
    """Return the numbers of the likeliest words, in order.

    Args:
        senones: [T, S] logarithms of the Gaussians' likelihoods.
        phones: [T, C] logarithms of what else speaks for each of the model's phones; `NEVER` for
            those that a frame surely is not, whose senones are not asked.
        tree: Of `words`.
        words: The list.
        model: The Gaussians.
        config: Weights and beams.
    """
    if not len(senones):
        return []
    silence = model.phones.index(SILENCE)
    found = _search(
        np.ascontiguousarray(senones, dtype=np.float32),
        np.ascontiguousarray(phones, dtype=np.float32),
        (tree.phone, tree.states, tree.set_edges, tree.set_members),
        (tree.child_edges, tree.children, tree.word_edges, tree.words, tree.ahead),
        (words.alone, words.backoff, words.edges, words.following, words.pairs),
        model.transitions,
        silence,
        model.senones[silence],
        np.array([config.language, config.pause, config.beam, config.word_beam], dtype=np.float32),
        config.most,
    )
    return [int(word) for word in found]


@numba.njit(cache=True)
def _search(  # type: ignore[no-untyped-def]
    senones, phones, sounds, links, language, transitions, silence, silent_states, config, most
):
    phone_of, states_of, set_edges, set_members = sounds
    child_edges, children, word_edges, word_at, ahead = links
    alone, backoff, edges, following, pairs = language
    weight, pause, beam, word_beam = config
    frames, nodes = len(senones), len(phone_of)
    quiet = nodes  # one more node: the pause
    score = np.full((nodes + 1, STATES), NEVER, dtype=np.float32)
    began = np.zeros((nodes + 1, STATES), dtype=np.int32)
    entry = np.full(nodes + 1, NEVER, dtype=np.float32)
    entry_began = np.zeros(nodes + 1, dtype=np.int32)
    active = np.empty(nodes + 1, dtype=np.int32)
    is_active = np.zeros(nodes + 1, dtype=np.bool_)
    count = 0
    # Ended words: which, after which other, score, the last real word. Frame f's are those from
    # ended_from[f] to ended_from[f + 1], and a word that follows begins in frame f.
    room = _MOST_ENDS * (frames + 1) + 1
    ended_word = np.empty(room, dtype=np.int32)
    ended_after = np.empty(room, dtype=np.int32)
    ended_score = np.empty(room, dtype=np.float32)
    ended_last = np.empty(room, dtype=np.int32)
    ended_from = np.zeros(frames + 2, dtype=np.int32)
    best_end = np.full(frames + 1, NEVER, dtype=np.float32)
    ended_word[0], ended_after[0], ended_score[0], ended_last[0] = BEGIN, -1, 0.0, BEGIN
    ended, best_end[0], ended_from[1] = 1, 0.0, 1
    set_score = np.zeros(len(set_edges), dtype=np.float32)
    set_frame = np.full(len(set_edges), -1, dtype=np.int32)
    before = np.float32(0.0)  # the best score of the frame before
    exits = np.empty(nodes + 1, dtype=np.int32)
    end_word = np.empty(8192, dtype=np.int32)
    end_after = np.empty(8192, dtype=np.int32)
    end_score = np.empty(8192, dtype=np.float32)

    for frame in range(frames):
        loudest = phones[frame].max()
        if best_end[frame] > NEVER / 2:  # words and pauses begin
            for at in range(child_edges[0], child_edges[1]):
                node = children[at]
                value = best_end[frame] + weight * ahead[node]
                if value + phones[frame, phone_of[node]] - loudest < before - beam:
                    continue
                if value > entry[node]:
                    entry[node], entry_began[node] = value, frame
                if not is_active[node]:
                    is_active[node] = True
                    active[count] = node
                    count += 1
            entry[quiet], entry_began[quiet] = best_end[frame] + pause, frame
            if not is_active[quiet]:
                is_active[quiet] = True
                active[count] = quiet
                count += 1

        row = senones[frame]
        best = NEVER
        for at in range(count):  # every phone takes one step
            node = active[at]
            phone = silence if node == quiet else phone_of[node]
            heard = phones[frame, phone]
            if heard <= NEVER:
                for state in range(STATES):
                    score[node, state] = NEVER
                entry[node] = NEVER
                continue
            for state in range(STATES - 1, -1, -1):
                value = score[node, state] + transitions[phone, state, state]
                come = began[node, state]
                if state:
                    other = score[node, state - 1] + transitions[phone, state - 1, state]
                    other_came = began[node, state - 1]
                else:
                    other, other_came = entry[node], entry_began[node]
                if other > value:
                    value, come = other, other_came
                index = silent_states[state] if node == quiet else states_of[node, state]
                if index < len(row):
                    value += row[index] + heard
                else:
                    index -= len(row)
                    if set_frame[index] != frame:
                        set_frame[index] = frame
                        set_score[index] = mean_likelihood(
                            row, set_members[set_edges[index] : set_edges[index + 1]]
                        )
                    value += set_score[index] + heard
                score[node, state], began[node, state] = value, come
                best = max(best, value)
            entry[node] = NEVER

        before = best
        least = best - beam
        if count > most:
            reached = np.empty(count, dtype=np.float32)
            for at in range(count):
                node = active[at]
                reached[at] = max(score[node, 0], max(score[node, 1], score[node, 2]))
            least = max(least, largest(reached, most))
        kept = 0
        for at in range(count):
            node = active[at]
            if max(score[node, 0], max(score[node, 1], score[node, 2])) < least:
                is_active[node] = False
                for state in range(STATES):
                    score[node, state] = NEVER
            else:
                active[kept] = node
                kept += 1
        count = kept

        # What cannot be next is not begun (Ortmanns et al. 1997, "Look-ahead techniques for fast
        # beam search").
        after = min(frame + 1, frames - 1)
        loudest = phones[after].max()
        leaving = 0
        for at in range(count):
            if score[active[at], STATES - 1] >= least:
                exits[leaving] = active[at]
                leaving += 1
        candidates = 0
        for at in range(leaving):  # phones and words end
            node = exits[at]
            phone = silence if node == quiet else phone_of[node]
            value = score[node, STATES - 1] + transitions[phone, STATES - 1, STATES]
            came = began[node, STATES - 1]
            if node == quiet:
                if candidates < len(end_word):
                    end_word[candidates], end_after[candidates] = _PAUSE, came
                    end_score[candidates] = value
                    candidates += 1
                continue
            for place in range(child_edges[node + 1], child_edges[node + 2]):
                child = children[place]
                onward = value + weight * (ahead[child] - ahead[node])
                hope = onward + phones[after, phone_of[child]] - loudest
                if onward > entry[child] and hope > least:
                    entry[child], entry_began[child] = onward, came
                    if not is_active[child]:
                        is_active[child] = True
                        active[count] = child
                        count += 1
            for place in range(word_edges[node], word_edges[node + 1]):
                word = word_at[place]
                likely = value + weight * (alone[word] - ahead[node])
                if likely > best - word_beam and candidates < len(end_word):
                    end_word[candidates], end_after[candidates] = word, came
                    end_score[candidates] = value - weight * ahead[node]
                    candidates += 1

        ends = np.full(candidates, NEVER, dtype=np.float32)
        afters = np.zeros(candidates, dtype=np.int32)
        for at in range(candidates):  # each with the best word before it
            word, came = end_word[at], end_after[at]
            top = NEVER
            for other in range(ended_from[came], ended_from[came + 1]):
                value = ended_score[other]
                if word != _PAUSE:
                    value += weight * follower(
                        ended_last[other], word, alone, backoff, edges, following, pairs
                    )
                if value > top:
                    top, afters[at] = value, other
            ends[at] = end_score[at] - best_end[came] + top
        least_end = best - word_beam
        if candidates > _MOST_ENDS:
            least_end = max(least_end, largest(ends.copy(), _MOST_ENDS))
        ended_from[frame + 1] = ended
        for at in range(candidates):
            if ends[at] < least_end or ended - ended_from[frame + 1] >= _MOST_ENDS:
                continue
            word = end_word[at]
            ended_word[ended], ended_after[ended] = word, afters[at]
            ended_score[ended] = ends[at]
            ended_last[ended] = ended_last[afters[at]] if word == _PAUSE else word
            best_end[frame + 1] = max(best_end[frame + 1], ends[at])
            ended += 1
        ended_from[frame + 2] = ended

    top, last = NEVER, -1
    for at in range(ended_from[frames], ended_from[frames + 1]):
        value = ended_score[at] + weight * follower(
            ended_last[at], END, alone, backoff, edges, following, pairs
        )
        if value > top:
            top, last = value, at
    found = np.empty(frames, dtype=np.int32)
    size = 0
    while last > 0:
        if ended_word[last] != _PAUSE:
            found[size] = ended_word[last]
            size += 1
        last = ended_after[last]
    return found[:size][::-1].copy()
