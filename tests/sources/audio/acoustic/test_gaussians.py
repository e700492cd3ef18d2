"""The English model read from its files, and its scores, Gaussian by Gaussian."""

import numpy as np
import pytest
from small_network import babble

from animdrive.errors import BackendError
from animdrive.sources.audio.acoustic import senones as scorer
from animdrive.sources.audio.acoustic.cepstra import cepstra_of, with_motion
from animdrive.sources.audio.acoustic.gaussians import load_gaussians
from animdrive.sources.audio.acoustic.senones import load_senones


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("pocketsphinx", reason="the English model comes with pocketsphinx")
    return load_gaussians()


@pytest.fixture(scope="module")
def streams():
    return with_motion(cepstra_of(babble(np.random.default_rng(3), 0.4)))


def test_its_parts_fit(model):
    phones, rows = len(model.phones), len(model.senones)
    assert {"SIL", "AA", "ZH", "P"} <= set(model.phones)
    assert len(set(model.phones)) == phones
    for means, variances, weights in zip(model.means, model.variances, model.weights, strict=True):
        assert means.shape == variances.shape == (phones, 128, 13)
        assert weights.shape == (128, len(model.phone_of_senone))
        assert variances.min() > 0
        np.testing.assert_allclose(weights.sum(0), 1, atol=1e-4)
        assert weights.min() >= 0
    assert model.senones.shape == (rows, 3)
    assert set(np.unique(model.senones)) == set(range(len(model.phone_of_senone)))


def test_every_triphone_has_states_of_its_own_phone(model):
    place, phone, left, right = np.nonzero(model.triphones >= 0)
    rows = model.triphones[place, phone, left, right]
    assert len(rows) > 100_000
    assert rows.max() < len(model.senones)
    owners = model.phone_of_senone[model.senones[rows]]
    np.testing.assert_array_equal(owners, np.repeat(phone[:, None], 3, axis=1))


def test_phones_without_context_come_first(model):
    alone = model.phone_of_senone[model.senones[: len(model.phones)]]
    np.testing.assert_array_equal(alone, np.arange(len(model.phones))[:, None] * [1, 1, 1])


def test_a_state_is_stayed_in_or_left_for_the_next(model):
    chances = np.exp(model.transitions)
    np.testing.assert_allclose(chances.sum(-1), 1, atol=1e-3)
    for state in range(3):
        assert (chances[:, state, state] > 0.01).all()
        assert (chances[:, state, state + 1] > 0.01).all()
        assert (chances[:, state, :state] < 1e-6).all()


def slowly(model, streams, frame, senone):
    """The definition of a tied mixture, one Gaussian after the other."""
    phone, total = model.phone_of_senone[senone], 0.0
    for stream in range(3):
        value = streams[stream][frame].astype(np.float64)
        density = 0.0
        for k in range(128):
            mean = model.means[stream][phone, k].astype(np.float64)
            variance = model.variances[stream][phone, k].astype(np.float64)
            exponent = -0.5 * np.sum((value - mean) ** 2 / variance)
            shape = np.prod(np.sqrt(2 * np.pi * variance))
            density += model.weights[stream][k, senone] * np.exp(exponent) / shape
        total += np.log(density)
    return total


def test_scores_are_those_of_the_definition(model, streams):
    scores = load_senones().scores(streams)
    assert scores.shape == (len(streams[0]), len(model.phone_of_senone))
    for frame in (0, 17, 39):
        # Far from every Gaussian a density is no longer a number; the best must be right.
        for senone in np.argsort(scores[frame])[-5:]:
            expected = slowly(model, streams, frame, senone)
            assert scores[frame, senone] == pytest.approx(expected, abs=0.02)


def test_what_is_asked_for_comes_in_that_order(model, streams, rng):
    every = load_senones().scores(streams)
    wanted = rng.permutation(len(model.phone_of_senone))[:300].astype(np.int32)
    np.testing.assert_allclose(
        load_senones().scores(streams, wanted), every[:, wanted], rtol=1e-5, atol=1e-3
    )


def test_blocks_do_not_show(model, streams, monkeypatch):
    wanted = np.arange(50, dtype=np.int32)
    whole = load_senones().scores(streams, wanted)
    monkeypatch.setattr(scorer, "_BLOCK", 7)
    np.testing.assert_allclose(load_senones().scores(streams, wanted), whole, atol=1e-3)


def spoiled(path):
    (path / "en-us" / "en-us").mkdir(parents=True)
    (path / "en-us" / "en-us" / "mdef").write_bytes(b"text, not binary")
    return str(path / "en-us")


def test_a_model_that_cannot_be_read_is_told(monkeypatch, tmp_path):
    sphinx = pytest.importorskip("pocketsphinx")
    monkeypatch.setattr(sphinx, "get_model_path", lambda name: str(tmp_path / name))
    with pytest.raises(BackendError, match=r"cannot be read .*mdef.*Reinstall it: pip install"):
        load_gaussians.__wrapped__()
    spoiled(tmp_path)
    with pytest.raises(BackendError, match="mdef is no binary model definition"):
        load_gaussians.__wrapped__()


def test_without_pocketsphinx_the_cure_is_told(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(BackendError, match="pip install --force-reinstall pocketsphinx"):
        load_gaussians.__wrapped__()
