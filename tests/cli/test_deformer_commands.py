"""``animdrive deformer`` as it is typed: train, tune, info."""

import json

import numpy as np
import pytest
from small_deformer import small_character, small_folder, small_truth
from typer.testing import CliRunner

from animdrive.cli.deformer import app
from animdrive.deformer.model_file import model_header, read_model
from animdrive.errors import InputError
from animdrive.media.image import read_image

QUICK = ("--iterations", 60, "--latent", 16, "--set", "patches=3", "--set", "hidden=12")


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    return small_folder(tmp_path_factory.mktemp("train") / "capture")


def test_train_writes_a_model_and_its_loss(capture, tmp_path):
    out = tmp_path / "model.safetensors"
    said = run("train", capture, "-o", out, *QUICK)
    assert "480 frames learned from" in said.stdout
    assert "held out: mean" in said.stdout
    assert "times smaller than the takes" in said.stdout
    assert "iteration 60/60: loss" in said.stderr
    assert read_image(tmp_path / "model.loss.png").std() > 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.loss.png", out.name]
    header = model_header(out)
    assert header["training"]["takes"] == ["rom_0", "random_1"]
    model = read_model(out, small_character().rig)
    rest = np.zeros((1, 7), dtype=np.float32)
    np.testing.assert_allclose(model.run(rest), small_truth(rest), atol=1e-6)
    assert "neural_morph, 7 curves, 297 vertices" in run("info", out).stdout
    assert json.loads(run("info", out, "--json").stdout)["kind"] == "neural_morph"


@pytest.mark.parametrize("kind", ["vertex_delta", "nearest_neighbour", "cloth"])
def test_every_model_can_be_trained(capture, tmp_path, kind):
    out = tmp_path / "model.safetensors"
    said = run("train", capture, "-o", out, "--model", kind, "--iterations", 30, "--json")
    figures = json.loads(said.stdout)["figures"]
    assert figures["kind"] == kind
    assert figures["of_linear"] < 1.5
    assert read_model(out, small_character().rig).kind == kind


def test_tune_shows_the_curve_it_chose_from(capture, tmp_path):
    out = tmp_path / "model.safetensors"
    said = run("tune", capture, "-o", out, *QUICK, "--json")
    told = json.loads(said.stdout)
    assert told["figures"]["steps"][0]["regularization"] == 1e-4
    assert read_image(tmp_path / "model.tuning.png").std() > 5
    config = model_header(out)["config"]
    assert config["regularization"] == pytest.approx(told["figures"]["regularization"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-o", "x.pt"), r"Models are \.safetensors files"),
        (
            ("-o", "x.safetensors", "--model", "magic"),
            "No model 'magic' can be trained. Known: neu",
        ),
        (("-o", "x.safetensors", "--set", "patchs=3"), "has no setting 'patchs'. It has: mode"),
        (("-o", "x.safetensors", "--set", "patches"), "write NAME=VALUE"),
        (("-o", "x.safetensors", "--role", "king"), "Unknown role 'king'. Known: hero, npc"),
        (("-o", "x.safetensors", "--length", "long"), "Unknown length 'long'. Known: look"),
        (("-o", "x.safetensors", "--iterations", 0), "iterations must be in 1"),
        (("-o", "x.safetensors", "--device", "tpu"), "device is 'auto', 'cpu' or 'cuda'"),
        (("-o", "x.safetensors", "--model", "cloth", "--role", "npc"), "--role is for a neural_mo"),
    ],
)
def test_wrong_settings_are_one_line_and_write_nothing(capture, tmp_path, monkeypatch, arguments,
                                                       told):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=told):
        run("train", capture, *arguments)
    assert not list(tmp_path.iterdir())


def test_tuning_needs_held_out_takes(tmp_path):
    folder = small_folder(tmp_path / "capture", splits=("train",))
    with pytest.raises(InputError, match="holds out no take"):
        run("tune", folder, "-o", tmp_path / "m.safetensors", *QUICK)


def test_a_folder_that_is_no_capture_is_told(tmp_path):
    with pytest.raises(InputError, match="it is not a capture"):
        run("train", tmp_path, "-o", tmp_path / "m.safetensors")
