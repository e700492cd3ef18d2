"""``deformer export`` and ``deformer bake`` as they are typed."""

import json

import pytest
import typer
from small_deformer import small_character, small_model, small_track
from typer.testing import CliRunner

from animdrive.cli.deformer_out import bake_cli, export_cli
from animdrive.contract import as_arkit
from animdrive.deformer.model_file import write_model
from animdrive.export import write_curves
from animdrive.rig.head import save_head

app = typer.Typer()
app.command("export")(export_cli)
app.command("bake")(bake_cli)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    save_head(small_character(), folder / "face.safetensors")
    write_model(small_model(), folder / "model.safetensors")
    write_curves(as_arkit(small_track(20)), folder / "take.csv")
    return folder


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result


def test_bake_tells_what_it_made(made, tmp_path):
    model, rig = made / "model.safetensors", made / "face.safetensors"
    out = tmp_path / "a.glb"
    said = run("bake", model, made / "take.csv", "-o", out, "--rig", rig, "--morphs", 6)
    assert "20 frames at" in said.stdout
    assert "6 learned targets, at most" in said.stdout
    assert "6 targets play the deformer" in said.stderr
    assert "write: done" in said.stderr
    assert out.is_file()
    assert (tmp_path / "a.provenance.json").is_file()


def test_bake_as_json(made, tmp_path):
    model, rig = made / "model.safetensors", made / "face.safetensors"
    out = tmp_path / "a.pc2"
    said = run("bake", model, made / "take.csv", "-o", out, "--rig", rig, "--unposed", "--json")
    told = json.loads(said.stdout)
    assert told["command"] == "deformer bake"
    assert told["outputs"]["pc2"] == str(out)
    assert told["figures"]["frames"] == 20
    assert "frames: done" in said.stderr


def test_no_normals_is_smaller(made, tmp_path):
    model, rig = made / "model.safetensors", made / "face.safetensors"
    for name, more in (("a", ()), ("b", ("--no-normals",))):
        run("bake", model, made / "take.csv", "-o", tmp_path / f"{name}.glb", "--rig", rig, *more)
    assert (tmp_path / "b.glb").stat().st_size < (tmp_path / "a.glb").stat().st_size


def test_export_tells_how_far_it_is_off(made, tmp_path):
    pytest.importorskip("onnxruntime", reason="pip install 'animdrive[onnx]'")
    model, rig = made / "model.safetensors", made / "face.safetensors"
    said = run("export", model, "-o", tmp_path / "a.onnx", "--rig", rig, "--latent", 12)
    assert "12 learned morphs" in said.stdout
    assert "mm off, over" in said.stdout
    told = json.loads(
        run("export", model, "-o", tmp_path / "a.onnx", "--rig", rig, "--json").stdout
    )
    assert told["command"] == "deformer export"
    assert told["figures"]["largest_difference_mm"] < 0.01
    assert told["outputs"]["onnx"] == str(tmp_path / "a.onnx")
