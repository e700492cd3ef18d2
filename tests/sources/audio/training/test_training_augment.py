"""Other rooms and people: labels stay where the sound is, and everything depends on the seed."""

from __future__ import annotations

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.sources.audio.acoustic.features import BANDS, power_spectra
from animdrive.sources.audio.training import spectra
from animdrive.sources.audio.training.augment import (
    RUNNING,
    at_speed,
    band_limited,
    example,
    in_a_room,
)
from animdrive.sources.audio.training.batches import BatchConfig, batches
from animdrive.sources.audio.training.spectra import Corpus, prepare_voice


def burst():
    """[T, 128] power and [T] labels of a second with a tone from 0.4 to 0.6 s."""
    times = np.arange(16000) / 16000
    inside = (times >= 0.4) & (times < 0.6)
    power = power_spectra((0.5 * np.sin(2 * np.pi * 1000 * times) * inside).astype(np.float32))
    middles = (np.arange(len(power)) + 0.5) * 0.01
    return power, ((middles >= 0.4) & (middles < 0.6)).astype(np.int16)


@pytest.mark.parametrize("speed", [0.8, 0.93, 1.0, 1.1, 1.25])
def test_a_burst_stays_under_its_label_at_every_speed(speed):
    power, labels = burst()
    fast, said = at_speed(power, labels, speed, 200)
    assert len(fast) == len(said) == pytest.approx(100 / speed, abs=2)
    level = fast.sum(1) > 0.25 * fast.sum(1).max()
    assert said.sum() == pytest.approx(20 / speed, abs=1)
    edges = [np.flatnonzero(which)[[0, -1]] for which in (level, said == 1)]
    np.testing.assert_allclose(edges[0], edges[1], atol=1)


def test_the_same_speed_changes_nothing():
    power, labels = burst()
    same, said = at_speed(power, labels, 1.0, 50)
    np.testing.assert_array_equal(same, power[:50])
    np.testing.assert_array_equal(said, labels[:50])


def test_a_room_rings_after_the_sound_and_dies_away_by_60_db():
    power, labels = burst()
    wet = in_a_room(power, decay_s=0.3, share=1.0) - power
    level = wet.sum(1)
    assert level[:39].max() <= 1e-6 * level.max()
    after = np.flatnonzero(labels)[-1] + 3
    assert level[after] / level[after + 30] == pytest.approx(1e6, rel=1e-2)


def test_a_telephone_passes_no_treble(rng):
    power = np.ones((20, 128), np.float32)
    limited = band_limited(power, rng)
    assert limited[:, 110:].max() < 1e-5
    assert np.all(limited[:, 40:70] == 1)


@pytest.mark.parametrize("normalisation", ["clip", RUNNING])
def test_examples_are_whole_finite_and_of_their_seed(prepared, normalisation):
    made = [
        example(
            prepared.corpus, np.random.default_rng(seed), frames=120, normalisation=normalisation
        )
        for seed in (1, 1, 2)
    ]
    for features, labels in made:
        assert features.shape == (120, BANDS)
        assert labels.shape == (120,)
        assert np.isfinite(features).all()
        assert np.abs(features).max() < 20
    np.testing.assert_array_equal(made[0][0], made[1][0])
    assert np.abs(made[0][0] - made[2][0]).max() > 0.1


def test_louder_vowels_than_pauses_remain_in_every_example(prepared):
    """What is heard still goes with what is said, whatever was done to it."""
    silence = spectra.SYMBOLS.index("SIL")
    higher = 0
    for seed in range(20):
        features, labels = example(prepared.corpus, np.random.default_rng(seed), frames=300)
        level = features.mean(1)
        if (labels == silence).any():
            higher += level[labels != silence].mean() > level[labels == silence].mean()
        else:
            higher += 1
    assert higher >= 19


def test_batches_are_the_same_here_and_in_another_process(prepared):
    config = BatchConfig(prepared.folder, prepared.voices, seed=3, size=2, frames=60)
    with batches(config, first=5) as here, batches(config, first=5, workers=1) as there:
        for _ in range(2):
            for mine, other in zip(next(here), next(there), strict=True):
                np.testing.assert_array_equal(mine, other)


def test_a_voice_is_heard_once_and_taken_again(prepared, tmp_path):
    (voice,) = prepared.voices
    listing = prepared.folder / f"{voice.key}.json"
    before = listing.stat().st_mtime_ns
    prepare_voice(voice, prepared.folder, seed=0, share=0.05)
    assert listing.stat().st_mtime_ns == before
    prepare_voice(voice, tmp_path, seed=1, share=0.01)
    other = Corpus(tmp_path, (voice,))
    assert other.listings[0]["minutes"] < prepared.corpus.listings[0]["minutes"]
    assert other.listings[0]["unknown_frames"] == 0


def test_priors_sum_to_1_and_a_group_that_nobody_speaks_has_that_of_all(prepared):
    for group in ("en", "zh", "any"):
        prior = prepared.corpus.prior(group)
        assert prior.sum() == pytest.approx(1, abs=1e-5)
        assert prior.min() > 0
    np.testing.assert_array_equal(prepared.corpus.prior("zh"), prepared.corpus.prior("any"))
    assert prepared.corpus.prior("en")[spectra.SYMBOLS.index("ʈʂ")] < 1e-4


def test_a_corpus_that_is_missing_or_damaged_is_told(prepared, tmp_path):
    (voice,) = prepared.voices
    with pytest.raises(InputError, match="cannot be read"):
        Corpus(tmp_path, (voice,))
    np.save(tmp_path / f"{voice.key}.power.npy", np.zeros((3, 5), np.float16))
    np.save(tmp_path / f"{voice.key}.labels.npy", np.zeros(4, np.int16))
    with pytest.raises(InputError, match="do not fit"):
        Corpus(tmp_path, (voice,))
    (tmp_path / f"{voice.key}.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        prepare_voice(voice, tmp_path, seed=0)
