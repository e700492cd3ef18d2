"""Sentences without sense, for any machine: words at random, or syllables where there is no list.

What a network learns from is sounds in all neighbourhoods; sense would only repeat the common ones.
English words are those of pocketsphinx's dictionary, Chinese phrases those of pypinyin, both of
which are installed with this package; words of other languages are built of the letters that
their spelling uses, so that every sound of theirs comes up.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from animdrive.errors import BackendError, InputError

_SYLLABLES: dict[str, tuple[str, str, str]] = {
    # onsets, vowels, ends: of a syllable, as the language writes them
    "de": (
        "b d f g h j k l m n p r s t w z sch sp st pf br dr fl gr kl kn pl schl schm schw tr zw",
        "a e i o u ä ö ü ei au eu ie ah eh oh uh äh öh üh a e i o u e e",
        "n t s r l ch ng nk st cht m f p k rt rn lt nd ck ss ff tt n en er e",
    ),
    "es": (
        "b c d f g j l m n ñ p r s t v z ch ll qu br cl cr dr fl fr gr pl pr tr h y",
        "a e o a e o i u ia ie io ua ue ai ei",
        "n s r l d",
    ),
    "fr": (
        "b c d f g j l m n p r s t v z ch gn br cr dr fl fr gr pl pr tr qu",
        "a e é è i o u ou eu au oi in an on un ui ai ieu œu â ê eau",
        "r s t l que ne re le me ge se lle che tte gne f",
    ),
    "it": (
        "b c d f g l m n p r s t v z gn gli sc ch gh br cr dr fr gr pr tr st sp qu",
        "a e i o u ia ie io uo ai a e o",
        "n r l s",
    ),
    "pt": (
        "b c d f g j l m n p r s t v z ch lh nh br cr dr fl fr gr pl pr tr qu",
        "a e i o u ão ã õe ei ai ou eu á é ó ê",
        "s r l m z",
    ),
}
_OPEN_ENDS = 0.6
"""Share of syllables that end with their vowel."""


@cache
def _english() -> tuple[str, ...]:
    try:
        from pocketsphinx import get_model_path
    except ImportError as error:
        raise BackendError(
            "pocketsphinx, whose dictionary has the words, is not installed: pip install "
            "pocketsphinx."
        ) from error
    dictionary = Path(get_model_path("en-us/cmudict-en-us.dict"))
    words = (line.partition(" ")[0] for line in dictionary.read_text("utf-8").splitlines())
    return tuple(word for word in words if word.isalpha() and word.isascii() and len(word) > 2)


@cache
def _chinese() -> tuple[str, ...]:
    try:
        from pypinyin.phrases_dict import phrases_dict
    except ImportError as error:
        raise BackendError(
            "pypinyin, whose dictionary has the phrases, is not installed: pip install pypinyin."
        ) from error
    return tuple(sorted(phrase for phrase in phrases_dict if phrase.isalpha()))


def made_up_languages() -> tuple[str, ...]:
    """Return the languages that `made_up_sentences` can write."""
    return ("en", "zh", *_SYLLABLES)


def made_up_sentences(language: str, *, seed: int) -> Iterator[str]:
    """Yield sentences for ever, the same ones for a seed.

    Raises:
        InputError: an unknown language.
        BackendError: the list of words is not installed.
    """
    if language not in made_up_languages():
        raise InputError(
            f"No made-up sentences in '{language}'. Known are {', '.join(made_up_languages())}."
        )
    return _endless(language, np.random.default_rng(seed))


def _endless(language: str, rng: np.random.Generator) -> Iterator[str]:
    while True:
        if language == "zh":
            words = [str(_chinese()[rng.integers(len(_chinese()))]) for _ in range(3)]
            yield "，".join(words) + "。"
            continue
        count = int(rng.integers(4, 11))
        if language == "en":
            chosen = [str(_english()[rng.integers(len(_english()))]) for _ in range(count)]
        else:
            chosen = [_word(language, rng) for _ in range(count)]
        if count > 6:  # a breath in the middle
            chosen[count // 2] += ","
        yield " ".join(chosen).capitalize() + "."


def _word(language: str, rng: np.random.Generator) -> str:
    onsets, vowels, ends = (part.split() for part in _SYLLABLES[language])
    word = ""
    for _ in range(int(rng.integers(1, 4))):
        word += onsets[rng.integers(len(onsets))] + vowels[rng.integers(len(vowels))]
        if rng.random() > _OPEN_ENDS:
            word += ends[rng.integers(len(ends))]
    return word
