"""The English word list, made from the language model in pocketsphinx's wheel.

The model is a trigram model of 72,547 words with backing off. Kept are the commonest words that the
dictionary can say, and the pairs whose loss would cost most: the weighted difference of Seymore and
Rosenfeld 1996, "Scalable backoff language models", section 3. The file is read as SphinxBase writes
it (``ngram_model_trie.c``, ``lm_trie.c``), a trie of packed bits after KenLM's (Heafield 2011,
"KenLM: faster and smaller language model queries"); pocketsphinx 5.1.1 cannot write the model as
text without crashing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.errors import BackendError, InputError
from animdrive.files import write_bytes
from animdrive.sources.audio.acoustic.word_list import BEGIN, WordList, dictionary_file, said_words
from animdrive.sources.audio.training.export import in_order

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

WORDS, PAIRS = 30_000, 700_000
_TITLE = b"Trie Language Model"
_QUANTISED = 1
_BINS = 1 << 16
"""Values that a probability or a weight of a pair may have."""
_UNIGRAM = np.dtype([("probability", "<f4"), ("backoff", "<f4"), ("first", "<u4")])
_NEPERS = float(np.log(1.0001))
"""The model's logarithms are of base 1.0001."""
_START_SHARE = -3.0
"""Logarithm of how often a sentence begins, against words; the model itself does not tell."""
_ENDS = ("</s>", "<s>")
_STEP = 0.08
"""Nepers between the 256 probabilities that a pair may have in the file; a tenth of what the
sound's own scores vary by from frame to frame."""


@dataclass(frozen=True, eq=False)
class Bigrams:
    """A language model without its trigrams; logarithms are natural."""

    words: tuple[str, ...]
    """[W]."""
    alone: Floats
    """[W] logarithm of each word's probability."""
    backoff: Floats
    """[W] what is added where a word is followed by one without a pair."""
    first: Numbers
    """[B] first word of each pair."""
    second: Numbers
    """[B] second word; rising."""
    pairs: Floats
    """[B] logarithm of the second word's probability after the first."""


def language_model_file() -> Path:
    """Return the language model in pocketsphinx's wheel.

    Raises:
        BackendError: pocketsphinx is not installed.
    """
    return dictionary_file().with_name("en-us.lm.bin")


def read_bigrams(path: Path) -> Bigrams:
    """Return words and pairs of a trigram model in SphinxBase's binary format.

    Raises:
        BackendError: the file is missing or not of that format.
    """
    try:
        return _bigrams(path.read_bytes())
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise BackendError(
            f"{path} cannot be read as a language model ({error}). "
            "Reinstall it: pip install --force-reinstall pocketsphinx."
        ) from error


def _bigrams(data: bytes) -> Bigrams:
    at = len(_TITLE)
    if data[:at] != _TITLE or data[at] != 3:
        raise ValueError("no trigram model of SphinxBase's")
    one, two, three = struct.unpack_from("<3I", data, at + 1)
    (kind,) = struct.unpack_from("<i", data, at + 13)
    if kind != _QUANTISED:
        raise ValueError(f"quantised in way {kind}")
    at += 17
    table = np.frombuffer(data, "<f4", _BINS, at)  # then those of backing off, and of trigrams
    at += 3 * table.nbytes
    alone = np.frombuffer(data, _UNIGRAM, one + 1, at)
    at += alone.nbytes
    # Pairs are packed: a word, 16 bits of weight, 16 bits of probability, where trigrams begin.
    word_bits = int(one).bit_length()
    width = word_bits + 32 + int(three).bit_length()
    size = _packed(two, width)
    packed = np.frombuffer(data, np.uint8, size, at)
    at += size + _packed(three, word_bits + 16)
    (length,) = struct.unpack_from("<I", data, at)
    names = data[at + 4 : at + 4 + length].decode("utf-8").split("\0")[:-1]
    if len(names) != one:
        raise ValueError(f"{one} words are counted, {len(names)} are there")
    # The trie begins with the last word of a pair. Room may be left behind the last pair.
    second = np.repeat(np.arange(one), np.diff(alone["first"].astype(np.int64)))
    if not 0 < len(second) <= two:
        raise ValueError(f"{two} pairs are counted, {len(second)} are there")
    probabilities = table[_field(packed, len(second), width, word_bits + 16, 16)]
    return Bigrams(
        words=tuple(names),
        alone=alone["probability"][:one] * np.float32(_NEPERS),
        backoff=alone["backoff"][:one] * np.float32(_NEPERS),
        first=_field(packed, len(second), width, 0, word_bits),
        second=second,
        pairs=probabilities * np.float32(_NEPERS),
    )


def _packed(count: int, width: int) -> int:
    """Return the bytes that so many entries of `width` bits take, with the spare ones."""
    return ((1 + count) * width + 7) // 8 + 8


def _field(
    packed: npt.NDArray[np.uint8], count: int, width: int, offset: int, bits: int
) -> Numbers:
    """Return `bits` of each of `count` entries of `width` bits, from `offset` on."""
    position = np.arange(count, dtype=np.int64) * width + offset
    value = np.zeros(count, dtype=np.int64)
    for byte in range(4):  # 17 bits from anywhere in a byte are within four
        value |= packed[(position >> 3) + byte].astype(np.int64) << (8 * byte)
    return (value >> (position & 7)) & ((1 << bits) - 1)


def word_list_of(model: Bigrams, *, words: int = WORDS, pairs: int = PAIRS) -> WordList:
    """Return the commonest words of a model that the dictionary has, and their weightiest pairs.

    Args:
        model: With the ends of a sentence among its words.
        words: How many to keep, up to 65,534.
        pairs: How many to keep. Fewer are kept where no other is likelier than backing off.

    Raises:
        InputError: `words` or `pairs` is no such number.
    """
    if not 1 <= words <= 65_534 or pairs < 1:
        raise InputError(
            f"A list has 1..65,534 words and a pair or more, got {words} words and {pairs} pairs."
        )
    said = said_words()
    usual = np.argsort(-model.alone, kind="stable")
    kept = [number for number in usual.tolist() if model.words[number] in said][:words]
    kept = [*(model.words.index(end) for end in _ENDS), *kept]
    place = np.full(len(model.words), -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    alone, backoff = model.alone[kept], model.backoff[kept]
    first, second = place[model.first], place[model.second]
    inside = (first >= 0) & (second >= 0)
    first, second, likely = first[inside], second[inside], model.pairs[inside]
    share = np.where(first == BEGIN, np.float32(_START_SHARE), alone[first])
    loss = np.exp(share + likely) * (likely - backoff[first] - alone[second])
    best = np.argsort(-loss, kind="stable")[:pairs]
    best = best[loss[best] > 0]
    best = best[np.lexsort((second[best], first[best]))]
    return WordList(
        words=tuple(model.words[number] for number in kept),
        alone=alone,
        backoff=backoff,
        edges=np.searchsorted(first[best], np.arange(len(kept) + 1)).astype(np.int32),
        following=second[best].astype(np.int32),
        pairs=likely[best],
    )


def write_word_list(words: WordList, out: Path, *, notice: str) -> None:
    """Write a list as `animdrive.sources.audio.acoustic.word_list.load_word_list` reads it.

    The same list gives the same bytes.

    Args:
        words: The list.
        out: File (.safetensors).
        notice: Copyright of what it was made from, kept in the header.
    """
    from safetensors.numpy import save

    steps = np.clip(np.round(-words.pairs / _STEP), 0, 255)
    arrays = {
        "words": np.frombuffer("\n".join(words.words).encode(), np.uint8),
        "alone": words.alone.astype(np.float16),
        "backoff": words.backoff.astype(np.float16),
        "edges": words.edges.astype(np.int32),
        "following": words.following.astype(np.uint16),
        "pairs": steps.astype(np.uint8),
        "pair_step": np.array([_STEP], np.float32),
    }
    write_bytes(out, in_order(save(arrays, {"notice": notice})))
