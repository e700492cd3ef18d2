"""Running sound against the same sound at once."""

import numpy as np
import pytest
from small_network import SYMBOLS, babble, small_network

from animdrive.errors import ContractError
from animdrive.sources.audio.acoustic.features import power_spectra
from animdrive.sources.audio.acoustic.running import running_log_mel, running_normalised
from animdrive.sources.audio.acoustic.stream import AcousticStream
from animdrive.sources.audio.live.stream_protocol import STREAMS, PhoneStream

LAYOUTS = [((1, 2, 8, 4), (1, 2, 0, 1)), ((2, 4), (0, 0)), ((), ())]


@pytest.fixture(params=LAYOUTS, ids=str)
def network(request, rng):
    return small_network(rng, *request.param, normalisation="running")


def at_once(network, sound):
    features = running_normalised(running_log_mel(power_spectra(sound)))
    return np.exp(network.log_posteriors(features))


def streamed(network, sound, size):
    stream = AcousticStream(network)
    parts = [stream.push(sound[at : at + size]) for at in range(0, len(sound), size)]
    return np.concatenate([*parts, stream.finish()])


@pytest.mark.parametrize("size", [1, 7, 160, 161, 4000, 100_000])
def test_the_pieces_do_not_matter(network, rng, size):
    sound = babble(rng, 0.5)
    np.testing.assert_allclose(streamed(network, sound, size), at_once(network, sound), atol=1e-5)


@pytest.mark.parametrize("samples", [0, 1, 120, 159, 160, 161, 1000, 1999])
def test_every_length_comes_out_whole(network, rng, samples):
    sound = babble(rng, 0.2)[:samples]
    expected = at_once(network, sound)
    assert expected.shape == (-(-samples // 160), len(SYMBOLS))
    np.testing.assert_allclose(streamed(network, sound, 50), expected, atol=1e-5)


def test_a_piece_of_nothing_changes_nothing(network, rng):
    sound = babble(rng, 0.2)
    stream = AcousticStream(network)
    parts = [stream.push(sound[:1000]), stream.push(sound[:0]), stream.push(sound[1000:])]
    assert parts[1].shape == (0, len(SYMBOLS))
    np.testing.assert_allclose(
        np.concatenate([*parts, stream.finish()]), at_once(network, sound), atol=1e-5
    )


def test_frames_come_as_late_as_it_says_and_no_later(network, rng):
    sound = babble(rng, 0.6)
    stream = AcousticStream(network)
    assert stream.look_ahead_s == pytest.approx(network.reach[1] * 0.01 + 0.0075)
    done = 0
    for given in range(1, len(sound) + 1):
        done += len(stream.push(sound[given - 1 : given]))
        due = (given / 16_000 - stream.look_ahead_s) / 0.01
        assert done == max(0, int(np.floor(due + 1e-9)))


def test_what_it_keeps_does_not_grow(network, rng):
    stream = AcousticStream(network)
    for _ in range(50):
        stream.push(babble(rng, 0.05))
    before, after = network.reach
    kept = sum(map(len, stream._layers._held))
    assert kept == before + after
    assert len(stream._spectra._waiting) < 400


def test_it_is_a_phone_stream(network):
    stream = AcousticStream(network)
    assert isinstance(stream, PhoneStream)
    assert stream.symbols == SYMBOLS
    assert STREAMS.load("acoustic") is AcousticStream


def test_a_network_for_whole_clips_is_refused(rng):
    with pytest.raises(ContractError, match="trained on whole clips and cannot hear running sound"):
        AcousticStream(small_network(rng))
