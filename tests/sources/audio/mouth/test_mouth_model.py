"""Laws of the learned mouth and its training, on performances with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from mouth_takes import take
from safetensors.numpy import save_file

from animdrive.contract import ARKIT52, MIRROR52, AudioClip, CurveTrack
from animdrive.errors import InputError, WeightsError
from animdrive.sources.audio.language.inventory import FEATURES
from animdrive.sources.audio.mouth.mouth_features import INPUTS
from animdrive.sources.audio.mouth.mouth_model import (
    DILATIONS,
    LEARNABLE,
    MouthModel,
    both_sides,
    load_mouth_model,
    save_mouth_model,
    shipped_mouth_model,
)

torch = pytest.importorskip("torch")

from animdrive.sources.audio.mouth.mouth_training import (  # noqa: E402
    MouthTrainConfig,
    curves_late_s,
    mouth_capture,
    train_mouth_model,
)

CONFIG = MouthTrainConfig(steps=120, nets=1, width=24, dropout=0.1)


@pytest.fixture(scope="module")
def model() -> MouthModel:
    takes = [mouth_capture(f"take {seed}", *take(seed), []) for seed in (1, 2)]
    return train_mouth_model(takes, config=CONFIG)


def test_it_learns_what_the_sound_tells(model: MouthModel):
    audio, track = take(9)
    made = model.run(audio, [], track.times_s)
    for name in ("jawOpen", "mouthPucker"):
        assert np.corrcoef(made[name], track.curve(name))[0, 1] > 0.7, name


def test_curves_that_never_move_are_not_learned(model: MouthModel):
    assert set(model.curves) == {"jawOpen", "mouthPucker"}


def test_every_learnable_curve_is_one_of_a_pair_or_has_none():
    columns = [column for name in LEARNABLE for column in both_sides(name)]
    assert len(columns) == len(set(columns))
    assert all(MIRROR52[column] in columns for column in columns)
    assert not {"jawLeft", "mouthRight", "mouthClose"} & set(LEARNABLE)


def test_both_sides_move_alike(tmp_path):
    audio, track = take(3)
    values = track.values.copy()
    values[:, ARKIT52.index("mouthSmileLeft")] = track.curve("jawOpen")
    capture = mouth_capture("a", audio, CurveTrack(ARKIT52, 30.0, values), [])
    short = MouthTrainConfig(steps=3, nets=1, width=8)
    made = train_mouth_model([capture], config=short).run(audio, [], track.times_s)
    assert np.array_equal(made["mouthSmileLeft"], made["mouthSmileRight"])


def test_the_same_seed_trains_the_same_net():
    captures = [mouth_capture("a", *take(1), [])]
    short = MouthTrainConfig(steps=3, nets=2, width=8)
    one, two = (train_mouth_model(captures, config=short) for _ in range(2))
    for a, b in zip(one.nets, two.nets, strict=True):
        assert all(np.array_equal(a[name], b[name]) for name in a)
    assert not np.array_equal(one.nets[0]["inp"], one.nets[1]["inp"])


@pytest.mark.parametrize("late_s", [-0.1, 0.0, 0.13])
def test_the_offset_of_curves_from_their_sound_is_found(late_s: float):
    captures = [mouth_capture("a", *take(4, late_s=late_s), [])]
    assert curves_late_s(captures) == pytest.approx(late_s, abs=0.021)


def test_numpy_makes_what_torch_makes(model: MouthModel):
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (90, INPUTS)).astype(np.float32)
    net = {name: torch.from_numpy(value.copy()) for name, value in model.nets[0].items()}

    def conv(name: str, h, dilation: int = 1):
        weight = net[name].permute(2, 1, 0)
        pad = (weight.shape[2] - 1) // 2 * dilation
        return torch.nn.functional.conv1d(
            h, weight, net[f"{name}.bias"], padding=pad, dilation=dilation
        )

    h = torch.relu(conv("inp", torch.from_numpy(x).T[None]))
    for number, dilation in enumerate(DILATIONS):
        h = h + conv(f"mix{number}", torch.relu(conv(f"wide{number}", torch.relu(h), dilation)))
    expected = conv("out", torch.relu(h))[0].T.numpy() * model.scale + model.mean
    assert model.frames(x) == pytest.approx(expected, abs=1e-4)


def test_long_lines_are_made_in_pieces_without_a_seam(model: MouthModel):
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (6100, INPUTS)).astype(np.float32)
    assert model.frames(x)[5900:6100] == pytest.approx(model.frames(x[5000:])[900:], abs=1e-5)


def test_a_file_gives_back_the_model(model: MouthModel, tmp_path):
    save_mouth_model(model, tmp_path / "a.safetensors")
    again = load_mouth_model(tmp_path / "a.safetensors")
    x = np.random.default_rng(2).normal(0, 1, (50, INPUTS)).astype(np.float32)
    assert again.curves == model.curves
    assert again.frames(x) == pytest.approx(model.frames(x), abs=0.01)


def test_no_sound_is_no_motion(model: MouthModel):
    made = model.run(AudioClip(np.zeros(0, np.float32), 16000), [], np.arange(3) / 30)
    assert not made["jawOpen"].any()


def test_files_that_are_no_model_are_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"cannot be read as a mouth model.*train-mouth"):
        load_mouth_model(tmp_path / "missing.safetensors")
    (tmp_path / "text.safetensors").write_text("no model")
    with pytest.raises(WeightsError, match="cannot be read as a mouth model"):
        load_mouth_model(tmp_path / "text.safetensors")
    save_file({"a": np.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="is not a mouth model of this version"):
        load_mouth_model(tmp_path / "other.safetensors")


def test_a_model_that_lacks_a_layer_is_refused(model: MouthModel, tmp_path):
    net = {name: value for name, value in model.nets[0].items() if name != "mix2"}
    part = MouthModel(model.curves, model.mean, model.scale, (net,))
    save_mouth_model(part, tmp_path / "part.safetensors")
    with pytest.raises(WeightsError, match="lacks layers or curves"):
        load_mouth_model(tmp_path / "part.safetensors")


def test_too_little_to_learn_from_is_told():
    with pytest.raises(InputError, match="hold too little to learn from"):
        train_mouth_model([mouth_capture("a", *take(1, seconds=6.0), [])])
    audio, track = take(1)
    still = mouth_capture("a", audio, track.with_values(0 * track.values), [])
    with pytest.raises(InputError, match="No curve of jaw or mouth moves"):
        train_mouth_model([still])


@pytest.mark.parametrize(
    ("name", "value"), [("steps", 0), ("nets", 9), ("width", 2), ("dropout", 0.95)]
)
def test_settings_out_of_range_are_refused(name: str, value: float):
    with pytest.raises(InputError, match=f"{name} must be in .*, got {value}"):
        MouthTrainConfig(**{name: value})


def test_what_ships_is_small_and_moves_the_jaw():
    model = shipped_mouth_model()
    assert sum(value.size for net in model.nets for value in net.values()) <= 300_000
    assert "jawOpen" in model.curves
    assert model.nets[0]["inp"].shape[1] == INPUTS
    assert len(FEATURES) < INPUTS
