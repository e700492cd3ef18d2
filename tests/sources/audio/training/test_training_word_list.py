"""The English word list, from a language model's file to ours."""

import struct
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="the language model comes with pocketsphinx")

from animdrive.errors import BackendError, InputError
from animdrive.sources.audio.acoustic.word_list import BEGIN, END, load_word_list, said_words
from animdrive.sources.audio.training.word_list import (
    Bigrams,
    language_model_file,
    read_bigrams,
    word_list_of,
    write_word_list,
)

NEPERS = np.log(1.0001)
TITLE = b"Trie Language Model"


def trie_of(words, alone, backoff, pairs, *, trigrams=5):
    """The bytes of a model: `pairs` maps (first, second), as numbers, to a logarithm."""
    keys = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    values = sorted(set(pairs.values()))
    table = np.zeros((3, 1 << 16), "<f4")
    table[0, : len(values)] = values
    word_bits, next_bits = len(words).bit_length(), trigrams.bit_length()
    width = word_bits + 32 + next_bits
    packed = 0
    for at, (first, second) in enumerate(keys):
        weight, following = 77 + at, at % (trigrams + 1)  # neither is asked for
        entry = first | weight << word_bits | values.index(pairs[first, second]) << word_bits + 16
        packed |= (entry | following << word_bits + 32) << at * width
    size = ((1 + len(keys)) * width + 7) // 8 + 8
    longest = ((1 + trigrams) * (word_bits + 16) + 7) // 8 + 8
    starts = [sum(pair[1] < number for pair in keys) for number in range(len(words) + 1)]
    rows = zip([*alone, 0.0], [*backoff, 0.0], starts, strict=True)
    names = b"".join(word.encode() + b"\0" for word in words)
    return b"".join(
        [
            TITLE,
            bytes([3]),
            struct.pack("<3Ii", len(words), len(keys), trigrams, 1),
            table.tobytes(),
            b"".join(struct.pack("<ffI", *row) for row in rows),
            packed.to_bytes(size, "little"),
            bytes(longest),
            struct.pack("<I", len(names)),
            names,
        ]
    )


@pytest.fixture
def small(rng):
    """Forty words, 300 pairs: bytes, and what is in them."""
    words = [f"w{number}" for number in range(39)] + ["naïve"]
    alone, backoff = rng.uniform(-9e4, -1e4, (2, 40)).astype(np.float32)
    chosen = rng.choice(1600, 300, replace=False)
    values = rng.choice(rng.uniform(-9e4, 0, 50).astype(np.float32), 300)
    pairs = {(int(c) // 40, int(c) % 40): float(v) for c, v in zip(chosen, values, strict=True)}
    return words, alone, backoff, pairs


def test_what_was_written_is_read(small, tmp_path):
    words, alone, backoff, pairs = small
    (tmp_path / "a.bin").write_bytes(trie_of(*small))
    model = read_bigrams(tmp_path / "a.bin")
    assert model.words == tuple(words)
    np.testing.assert_allclose(model.alone, alone * NEPERS, rtol=1e-6)
    np.testing.assert_allclose(model.backoff, backoff * NEPERS, rtol=1e-6)
    read = zip(model.first.tolist(), model.second.tolist(), model.pairs.tolist(), strict=True)
    assert {(a, b): pytest.approx(p / NEPERS, rel=1e-6) for a, b, p in read} == pairs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.replace(b"Trie", b"Tree"), "no trigram model of SphinxBase's"),
        (lambda data: data[:19] + b"\2" + data[20:], "no trigram model of SphinxBase's"),
        (lambda data: data[:32] + b"\7" + data[33:], "quantised in way 7"),
        (lambda data: data[:-100], "words are counted"),
        (lambda data: data[:5000], "buffer"),
        (lambda data: data[:25], "buffer"),
        (lambda data: b"", "no trigram model|index"),
    ],
)
def test_a_file_of_another_kind_is_told(small, tmp_path, change, message):
    (tmp_path / "a.bin").write_bytes(change(trie_of(*small)))
    with pytest.raises(BackendError, match=message) as told:
        read_bigrams(tmp_path / "a.bin")
    assert "a.bin cannot be read as a language model" in str(told.value)
    assert "pip install --force-reinstall pocketsphinx" in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BackendError, match="cannot be read as a language model"):
        read_bigrams(tmp_path / "none.bin")


@pytest.fixture(scope="module")
def model():
    return read_bigrams(language_model_file())


def test_what_follows_a_word_adds_up_to_one(model):
    """The law of a model with backing off: pairs, and what they leave to all other words."""
    alone = np.exp(model.alone.astype(np.float64))
    for word in ("united", "the", "zebra", "she", "<s>"):
        number = model.words.index(word)
        own = model.first == number
        assert own.any()
        left = 1 - alone[model.second[own]].sum()
        total = np.exp(model.pairs[own].astype(np.float64)).sum()
        # Quantised; and the list has words that trigrams alone reach.
        assert total + np.exp(model.backoff[number]) * left == pytest.approx(1, abs=0.03)


def test_the_commonest_words_are_kept_and_the_weightiest_pairs(model):
    few = word_list_of(model, words=500, pairs=2000)
    assert (few.words[END], few.words[BEGIN]) == ("</s>", "<s>")
    assert len(few.words) == 502
    assert len(few.pairs) == 2000
    said = said_words()
    least = min(few.alone[2:])
    more = [w for w, p in zip(model.words, model.alone, strict=True) if p > least and w in said]
    assert set(more) <= set(few.words)
    at = few.words.index("of")
    own = slice(few.edges[at], few.edges[at + 1])
    assert "the" in [few.words[number] for number in few.following[own]]
    every = word_list_of(model, words=500, pairs=10**9)
    owner = np.repeat(np.arange(502), np.diff(every.edges))
    better = every.pairs - every.backoff[owner] - every.alone[every.following]
    assert (better > 0).all()  # what backing off says as well is not kept
    assert len(every.pairs) > 2000


@pytest.mark.parametrize("sizes", [{"words": 0}, {"words": 65_535}, {"pairs": 0}])
def test_sizes_that_cannot_be_are_told(sizes):
    nothing = np.zeros(0, np.float32)
    with pytest.raises(InputError, match=r"A list has 1\.\.65,534 words and a pair or more"):
        word_list_of(Bigrams((), nothing, nothing, nothing, nothing, nothing), **sizes)


def test_a_list_is_read_as_it_was_written(model, tmp_path, monkeypatch):
    from safetensors.numpy import load_file

    few = word_list_of(model, words=300, pairs=1000)
    few = replace(few, words=(*few.words[:-1], "naïve"))
    write_word_list(few, tmp_path / "a.safetensors", notice="Copyright ©")
    write_word_list(few, tmp_path / "b.safetensors", notice="Copyright ©")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert "Copyright ©".encode() in (tmp_path / "a.safetensors").read_bytes()
    held = load_file(tmp_path / "a.safetensors")
    monkeypatch.setattr("animdrive.weights.load_arrays", lambda name: held)
    again = load_word_list.__wrapped__()
    assert again.words == few.words
    np.testing.assert_array_equal(again.edges, few.edges)
    np.testing.assert_array_equal(again.following, few.following)
    np.testing.assert_allclose(again.alone, few.alone, rtol=1e-3)
    np.testing.assert_allclose(again.backoff, few.backoff, rtol=1e-3)
    np.testing.assert_allclose(again.pairs, few.pairs, atol=0.0401)
