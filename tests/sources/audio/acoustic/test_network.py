"""The network in numpy against PyTorch, and what is said of files that are no network."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from small_network import SYMBOLS, header_of, small_network, tensors_of

from animdrive.errors import WeightsError
from animdrive.sources.audio.acoustic import network as room
from animdrive.sources.audio.acoustic.features import BANDS
from animdrive.sources.audio.acoustic.network import (
    LIVE,
    OFFLINE,
    load_network,
    network_from_tensors,
    read_network,
)
from animdrive.weights import manifest

LAYOUTS = [
    ((1, 2, 8), (1, 2, 8)),  # as far ahead as back
    ((1, 2, 8), (0, 0, 0)),  # back only
    ((2, 4), (1, 3)),  # unevenly
    ((), ()),
]


def by_torch(tensors, dilations, look_ahead, features):
    """The same by `torch.nn.functional.conv1d`, in double precision."""
    torch = pytest.importorskip("torch")
    held = {name: torch.tensor(np.float64(tensor)) for name, tensor in tensors.items()}

    def conv(values, name, dilation, look):
        padded = torch.nn.functional.pad(values, (2 * dilation - look, look))
        return torch.nn.functional.conv1d(
            padded, held[f"{name}.weight"], held[f"{name}.bias"], dilation=dilation
        )

    values = conv(torch.tensor(np.float64(features)).T[None], "input", 1, 1)
    for number, (dilation, look) in enumerate(zip(dilations, look_ahead, strict=True)):
        hidden = torch.relu(conv(values, f"block{number}.conv", dilation, look))
        mix = held[f"block{number}.mix.weight"][:, :, None]
        values = values + torch.nn.functional.conv1d(hidden, mix, held[f"block{number}.mix.bias"])
    scale, shift = held["output.scale"][:, None], held["output.shift"][:, None]
    logits = torch.nn.functional.conv1d(
        torch.relu(values * scale + shift), held["output.weight"][:, :, None], held["output.bias"]
    )
    return torch.log_softmax(logits, 1)[0].T.numpy()


@pytest.mark.parametrize(("dilations", "look_ahead"), LAYOUTS)
@pytest.mark.parametrize("frames", [1, 3, 60])
def test_it_computes_what_pytorch_does(rng, dilations, look_ahead, frames):
    tensors = tensors_of(rng, blocks=len(dilations))
    network = network_from_tensors(tensors, header_of(dilations, look_ahead))
    features = rng.normal(size=(frames, BANDS)).astype(np.float32)
    expected = by_torch(tensors, dilations, look_ahead, features)
    np.testing.assert_allclose(network.log_posteriors(features), expected, atol=1e-5)


def test_rows_are_posteriors(rng):
    posteriors = np.exp(small_network(rng).log_posteriors(rng.normal(size=(9, 40)).astype("f4")))
    np.testing.assert_allclose(posteriors.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize(("dilations", "look_ahead"), LAYOUTS)
@pytest.mark.parametrize("block", [1, 5, 64])
def test_blocks_do_not_show(rng, monkeypatch, dilations, look_ahead, block):
    network = small_network(rng, dilations, look_ahead)
    features = rng.normal(size=(90, BANDS)).astype(np.float32)
    whole = network.log_posteriors(features)
    monkeypatch.setattr(room, "_BLOCK", block)
    np.testing.assert_allclose(network.log_posteriors(features), whole, atol=1e-5)


@pytest.mark.parametrize(("dilations", "look_ahead"), LAYOUTS)
def test_a_stretch_with_its_context_is_as_the_whole(rng, dilations, look_ahead):
    network = small_network(rng, dilations, look_ahead)
    before, after = network.reach
    features = rng.normal(size=(100, BANDS)).astype(np.float32)
    whole = network.log_posteriors(features)
    part = network.valid(features[50 - before : 55 + after])
    np.testing.assert_allclose(part, whole[50:55], atol=1e-5)


@pytest.mark.parametrize(("dilations", "look_ahead"), LAYOUTS)
def test_the_reach_is_how_far_a_frame_is_felt(rng, dilations, look_ahead):
    network = small_network(rng, dilations, look_ahead)
    before, after = network.reach
    assert after == 1 + sum(look_ahead)
    features = rng.normal(size=(100, BANDS)).astype(np.float32)
    changed = features.copy()
    changed[50] += 5
    differs = network.log_posteriors(changed) != network.log_posteriors(features)
    felt = np.flatnonzero(differs.any(1))
    assert felt.min() >= 50 - after
    assert felt.max() <= 50 + before
    assert differs[50].any()
    assert network.valid(features[: before + after]).shape == (0, len(SYMBOLS))


def test_no_frames_are_no_frames(rng):
    assert small_network(rng).log_posteriors(np.zeros((0, BANDS), np.float32)).shape == (0, 9)


def test_the_header_says_how_features_are_made(rng):
    assert not small_network(rng).running
    assert small_network(rng, normalisation="running").running


WRONG = [
    ("no tensor", lambda t, h: t.pop("block1.mix.bias"), "'block1.mix.bias'"),
    ("no entry", lambda t, h: h.pop("dilations"), "'dilations'"),
    ("no JSON", lambda t, h: h.update(dilations="[1,"), "Expecting value"),
    ("uneven lists", lambda t, h: h.update(look_ahead="[1]"), "shorter than argument"),
    ("a word for a number", lambda t, h: h.update(look_ahead='["a", 4]'), "unsupported operand"),
    (
        "a shape",
        lambda t, h: t.update({"output.bias": np.zeros(4)}),
        r"'output.bias' is \(4,\) or not finite, expected \(9,\)",
    ),
    (
        "bands",
        lambda t, h: t.update({"input.weight": np.zeros((6, 41, 3))}),
        r"'input.weight' is \(6, 41, 3\) or not finite, expected \(6, 40, 3\)",
    ),
    ("no shape at all", lambda t, h: t.update({"input.weight": np.float32(1)}), "out of range"),
    (
        "a number that is none",
        lambda t, h: t.update({"prior.zh": np.full(9, np.nan)}),
        r"'prior.zh' is \(9,\) or not finite",
    ),
    ("another normalisation", lambda t, h: h.update(normalisation='"both"'), "'both'"),
]


@pytest.mark.parametrize(("spoil", "message"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_malformed_network_is_told(rng, spoil, message):
    tensors, header = tensors_of(rng, blocks=2), header_of((1, 2), (1, 2))
    spoil(tensors, header)
    with pytest.raises(WeightsError, match=message) as told:
        network_from_tensors(tensors, header)
    assert str(told.value).startswith("The acoustic model does not hold what it must: ")
    assert str(told.value).endswith("Restore the file.")


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        (("SIL", "AA", "QQ"), r"phones that are unknown: \['QQ'\]"),
        (("AA", "M"), "phones that are unknown: no SIL"),
    ],
)
def test_phones_must_be_of_the_inventory(rng, symbols, message):
    tensors = tensors_of(rng, blocks=1, symbols=symbols)
    with pytest.raises(WeightsError, match=message):
        network_from_tensors(tensors, header_of((1,), (1,), symbols=symbols))


def test_a_file_is_what_was_written(rng, tmp_path):
    tensors, header = tensors_of(rng, blocks=2), header_of((1, 4), (1, 4))
    save_file(tensors, tmp_path / "net.safetensors", metadata=header)
    features = rng.normal(size=(20, BANDS)).astype(np.float32)
    np.testing.assert_array_equal(
        read_network(tmp_path / "net.safetensors").log_posteriors(features),
        network_from_tensors(tensors, header).log_posteriors(features),
    )


def test_weights_of_16_bits_are_taken(rng):
    tensors = {
        name: tensor.astype(np.float16) for name, tensor in tensors_of(rng, blocks=1).items()
    }
    network = network_from_tensors(tensors, header_of((1,), (1,)))
    assert network.log_posteriors(np.zeros((3, BANDS), np.float32)).dtype == np.float32


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    broken = tmp_path / "net.safetensors"
    broken.write_bytes(b"none")
    for path in (broken, tmp_path / "missing.safetensors"):
        with pytest.raises(
            WeightsError, match=rf"{path.name} cannot be read: .*Restore the file\."
        ):
            read_network(path)


def test_a_file_of_something_else_is_told(tmp_path):
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"other\.safetensors: The acoustic model does not"):
        read_network(tmp_path / "other.safetensors")


@pytest.mark.parametrize("name", [OFFLINE, LIVE])
def test_the_shipped_networks_are_whole(name):
    if name not in manifest():
        pytest.skip(f"'{name}' does not ship yet")
    network = load_network(name)
    assert network.running == (name == LIVE)
    for prior in network.priors.values():
        assert prior.sum() == pytest.approx(1, abs=1e-3)
        assert prior.min() > 0
    assert len(set(network.symbols)) == len(network.symbols)
