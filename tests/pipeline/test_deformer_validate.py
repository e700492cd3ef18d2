"""A model is measured on held-out takes of a small face, from files to page."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import typer
from small_deformer import small_capture, small_folder, small_model
from typer.testing import CliRunner

from animdrive.cli.deformer_validate import validate_cli
from animdrive.deformer.model_file import write_model
from animdrive.errors import DeviceError, InputError
from animdrive.media.image import read_image
from animdrive.pipeline.deformer_validate import ValidateConfig, validate_deformer

PLAIN = ValidateConfig(pictures=False)


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    return small_folder(tmp_path_factory.mktemp("validate") / "capture")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    coverage = {"line": "all is there", "severe": False}
    write_model(small_model(), path, labels={"coverage": coverage})
    return path


@pytest.fixture(scope="module")
def result(model, capture):
    return validate_deformer(model, capture, config=PLAIN)


def test_errors_are_those_of_the_skins(result):
    took = small_capture().take("random_2")
    values = took.take.track.values
    linear = small_model().rig.neutral.vertices + np.einsum(
        "tc,cvx->tvx", values, small_model().rig.deltas
    )
    skin = small_capture().character.parts[0].vertices
    rest = small_model().rig.neutral.vertices
    moving = np.flatnonzero(
        np.linalg.norm(took.vertices - rest, axis=2).max(axis=0)[skin] * 1000 > 0.1
    )
    assert result.figures["capture"]["moving_vertices"] == len(moving)
    for name, made in (("model", small_model().run(values)), ("linear", linear)):
        apart = np.linalg.norm(made - took.vertices, axis=2)[:, skin][:, moving] * 1000
        told = result.figures["errors"][name]
        assert told["mean_mm"] == pytest.approx(apart.mean(), abs=0.002)
        assert told["rms_mm"] == pytest.approx(np.sqrt((apart**2).mean()), abs=0.002)
        assert told["p99_mm"] == pytest.approx(np.percentile(apart, 99), abs=0.01)
        assert told["max_mm"] == pytest.approx(apart.max(), abs=0.01)
    ratio = result.figures["errors"]["ratio_rms"]
    assert 0 < ratio < 0.8


def test_worst_frame_motion_and_fit_are_what_they_are(result):
    took = small_capture().take("random_2")
    skin = small_capture().character.parts[0].vertices
    error = (small_model().run(took.take.track.values) - took.vertices)[:, skin]
    per_frame = np.square(error).sum(axis=2).mean(axis=1)
    assert result.figures["worst"][0]["frame"] == int(per_frame.argmax())
    second = np.diff(error, n=2, axis=0)
    told = result.figures["jitter"]
    rms = np.sqrt(np.square(second).sum(axis=2).mean()) * 1000
    assert told["error_mm"] == pytest.approx(rms, rel=0.1)
    assert told["truth_mm"] > 0
    assert result.figures["worst"][0]["rms_mm"] > told["error_mm"]


def test_fit_is_the_error_on_the_takes_that_were_learned_from(result):
    fit, apart = result.figures["fit"], []
    rest = small_model().rig.neutral.vertices
    skin = small_capture().character.parts[0].vertices
    held = small_capture().take("random_2").vertices
    moving = np.linalg.norm(held - rest, axis=2).max(axis=0)[skin] * 1000 > 0.1
    for name in ("rom_0", "random_1"):
        took = small_capture().take(name)
        made = small_model().run(took.take.track.values)
        apart.append(np.linalg.norm(made - took.vertices, axis=2)[:, skin][:, moving] * 1000)
    assert fit["train"]["mean_mm"] == pytest.approx(np.concatenate(apart).mean(), abs=0.002)
    assert fit["held_out"] == result.figures["errors"]["model"]
    ratio = fit["held_out"]["mean_mm"] / fit["train"]["mean_mm"]
    assert fit["ratio"] == pytest.approx(ratio, rel=0.01)


def test_sizes_are_those_of_file_and_cache(result, model):
    size = result.figures["size"]
    train = sum(entry.frames for entry in small_capture().takes if entry.split == "train")
    assert size["file_bytes"] == model.stat().st_size
    assert size["cache_bytes"] == train * len(small_model().rig.neutral.vertices) * 12
    assert size["runtime_bytes"] == small_model().runtime_bytes


def test_verdict_and_remarks_are_in_the_files(result, model):
    assert set(result.outputs) == {"page", "json"}
    assert result.outputs["json"] == model.parent / "small.validation" / "validation.json"
    document = json.loads(result.outputs["json"].read_text())
    assert document["verdict"][0]["check"] == "mean error < 1 mm"
    assert {"topic": "coverage", "line": "all is there", "severe": False} in document["remarks"]
    page = result.outputs["page"].read_text()
    assert "Validation of small.safetensors (neural_morph)" in page
    assert document["verdict"][2]["line"].split(" ")[0] in page
    assert 'name="AIGC"' in page
    assert "http" not in re.sub(r"<meta[^>]*>", "", page)  # nothing is loaded from anywhere


def test_a_perfect_capture_of_the_linear_rig_has_no_error(tmp_path):
    def linear(taken):
        rig = small_capture().character.rig
        values = taken.take.track.values
        skin = rig.neutral.vertices + np.einsum("tc,cvx->tvx", values, rig.deltas)
        return replace(taken, vertices=skin.astype(np.float32))

    folder = small_folder(tmp_path / "linear", change=linear)
    figures = validate_deformer("linear", folder, config=PLAIN).figures
    assert figures["errors"]["model"]["max_mm"] < 0.02
    assert figures["fit"]["train"] is None
    assert figures["model"] == {"file": None, "kind": "linear", "config": {}, "coverage": None}
    assert (tmp_path / "linear.linear.validation" / "validation.html").is_file()


def test_against_a_clean_truth_capture_and_model_are_both_measured(capture, model, tmp_path):
    rng = np.random.default_rng(2)

    def noisy(taken):
        noise = rng.normal(0, 1e-3, taken.vertices.shape).astype(np.float32)
        return replace(taken, vertices=taken.vertices + noise)

    folder = small_folder(tmp_path / "noisy", change=noisy)
    config = replace(PLAIN, truth=capture)
    figures = validate_deformer(model, folder, tmp_path / "out", config=config).figures
    alone = validate_deformer(model, capture, tmp_path / "alone", config=PLAIN).figures
    assert figures["errors"]["model"] == alone["errors"]["model"]
    assert figures["errors"]["capture"]["rms_mm"] == pytest.approx(np.sqrt(3), rel=0.03)
    assert "took the noise out" in str(figures["remarks"])
    page = (tmp_path / "out" / "validation.html").read_text()
    assert "capture p99" in page


@pytest.mark.gl
def test_the_pictures_show_the_error_where_it_is(capture, model, tmp_path):
    config = ValidateConfig(worst=2, size_px=64)
    result = validate_deformer(model, capture, tmp_path, config=config)
    sheet = read_image(result.outputs["sheet"]).astype(int)
    assert sheet.shape[1] == 4 * 64
    heat = sheet[-4 * 68 + 4 :]
    own, linear = heat[:64, :128], heat[68 : 68 + 64, :128]
    # Both on one bar: the linear rig is further off, so it is the more colourful one.
    assert (np.ptp(linear, axis=2) > 60).mean() > (np.ptp(own, axis=2) > 60).mean()
    truth, made = (heat[-64:, k * 64 : (k + 1) * 64] for k in (0, 2))
    assert np.abs(truth[24:] - made[24:]).max() > 10
    page = result.outputs["page"].read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "AIGC" in result.outputs["sheet"].read_bytes()[:4000].decode("latin-1")


def test_a_machine_without_a_renderer_gets_the_rest(capture, model, tmp_path, monkeypatch):
    def none(*_, **__):
        raise DeviceError("No renderer here.")

    monkeypatch.setattr("animdrive.pipeline.deformer_pictures.draw_pictures", none)
    result = validate_deformer(model, capture, tmp_path)
    assert set(result.outputs) == {"page", "json"}
    assert result.notes == ["No pictures were drawn. No renderer here."]


def test_what_does_not_belong_together_is_told(capture, model, tmp_path):
    untested = small_folder(tmp_path / "untested", splits=("train",))
    with pytest.raises(InputError, match="no take that is held out"):
        validate_deformer(model, untested, config=PLAIN)
    with pytest.raises(InputError, match="has no take 'random_2'; it is no truth"):
        validate_deformer(model, capture, config=replace(PLAIN, truth=untested))

    def short(taken):
        track = replace(taken.take.track, **{
            name: getattr(taken.take.track, name)[:-1]
            for name in (
                "values", "head_rotation", "head_position", "eye_rotation", "confidence"
            )
        })  # fmt: skip
        return replace(
            taken,
            take=replace(taken.take, track=track),
            vertices=taken.vertices[:-1],
            times_s=taken.times_s[:-1],
            head_transform=taken.head_transform[:-1],
        )

    cut = small_folder(tmp_path / "cut", change=short)
    with pytest.raises(InputError, match=r"Take 'random_2' has 60 frames, its truth 59"):
        validate_deformer(model, capture, config=replace(PLAIN, truth=cut))

    def still(taken):
        rest = small_capture().character.rig.neutral.vertices
        return replace(taken, vertices=np.repeat(rest[None], len(taken.vertices), axis=0))

    frozen = small_folder(tmp_path / "still", change=still)
    with pytest.raises(InputError, match=r"never leaves its rest by 0\.1 mm"):
        validate_deformer(model, frozen, config=PLAIN)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size_px": 65}, r"even and in 64..2160 pixels, got 65"),
        ({"worst": -1}, r"worst must be in 0..64, got -1"),
        ({"fit_frames": 0}, r"fit_frames must be in 1..1000000, got 0"),
    ],
)
def test_a_wrong_setting_is_named(settings, message):
    with pytest.raises(InputError, match=message):
        ValidateConfig(**settings)


def test_the_command_prints_table_verdict_or_json(capture, model, tmp_path):
    app = typer.Typer()
    app.command()(validate_cli)
    call = [str(model), str(capture), "-o", str(tmp_path), "--no-pictures"]
    shown = CliRunner().invoke(app, call)
    assert shown.exit_code == 0, shown.output
    for text in ("moving skin", "pass", "mean error < 1 mm", "validation.html", "linear: 1/"):
        assert text in shown.stdout
    document = json.loads(CliRunner().invoke(app, [*call, "--json"]).stdout)
    assert document["command"] == "deformer validate"
    assert document["errors"]["model"]["mean_mm"] < document["errors"]["linear"]["mean_mm"]


def test_strict_ends_with_one_where_a_line_fails(capture, model, tmp_path, monkeypatch):
    app = typer.Typer()
    app.command()(validate_cli)
    call = [str(model), str(capture), "-o", str(tmp_path), "--no-pictures", "--strict"]
    monkeypatch.setattr("animdrive.deformer.verdict.MEAN_MM", 1e-9)
    assert CliRunner().invoke(app, call).exit_code == 1
