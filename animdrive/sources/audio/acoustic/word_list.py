"""English words, how they are said, and which follows which.

The words and their probabilities are those of the language model in pocketsphinx's wheel, cut to
the commonest 30,000 and to the pairs that matter most (`animdrive.sources.audio.training.words`);
how they are said is in its dictionary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.errors import BackendError
from animdrive.sources.audio.language.english_weak_forms import WEAK_FORMS

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

END, BEGIN = 0, 1
"""Numbers of the ends of a sentence in the list."""
_VARIANT = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, eq=False)
class WordList:
    """W words and a bigram model with backing off (Katz 1987)."""

    words: tuple[str, ...]
    """[W], the first two being the end and the beginning of a sentence."""
    alone: Floats
    """[W] natural logarithm of each word's probability."""
    backoff: Floats
    """[W] logarithm of what is left for a follower without a pair."""
    edges: Ints
    """[W + 1] where each word's pairs begin in the next two."""
    following: Ints
    """[B] the second word of each pair; rising within a word."""
    pairs: Floats
    """[B] logarithm of the second word's probability after the first."""


@cache
def load_word_list() -> WordList:
    """Return the shipped list.

    Raises:
        WeightsError: its file is missing or altered.
    """
    from animdrive.weights import load_arrays

    held = load_arrays("english_words")
    return WordList(
        words=tuple(bytes(held["words"]).decode().split("\n")),
        alone=held["alone"].astype(np.float32),
        backoff=held["backoff"].astype(np.float32),
        edges=held["edges"].astype(np.int32),
        following=held["following"].astype(np.int32),
        pairs=-held["pairs"].astype(np.float32) * float(held["pair_step"][0]),
    )


def dictionary_file() -> Path:
    """Return the dictionary in pocketsphinx's wheel.

    Raises:
        BackendError: pocketsphinx is not installed.
    """
    try:
        import pocketsphinx
    except ImportError as error:
        raise BackendError(
            "English words need 'pocketsphinx', which is not installed: pip install pocketsphinx."
        ) from error
    return Path(pocketsphinx.get_model_path("en-us")) / "cmudict-en-us.dict"


@cache
def said_words() -> dict[str, tuple[str, ...]]:
    """Return every word of the dictionary with its ways of being said, phones parted by spaces.

    Ways in which function words are said without stress come last
    (`animdrive.sources.audio.language.english_weak_forms`).

    Raises:
        BackendError: pocketsphinx is not installed.
    """
    found: dict[str, list[str]] = {}
    for line in dictionary_file().read_text(encoding="utf-8").splitlines():
        word, _, said = line.partition(" ")
        if word.endswith(")"):  # "word(2)" is another way to say "word"
            word = _VARIANT.sub("", word)
        found.setdefault(word, []).append(said)
    for word, weak in WEAK_FORMS.items():
        if word in found:
            found[word] += [said for said in weak if said not in found[word]]
    return {word: tuple(said) for word, said in found.items()}
