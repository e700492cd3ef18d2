"""The ONNX graph is run in ONNX Runtime and compared with the deformer that it was made of."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from small_deformer import NAMES, small_character, small_model, small_track

from animdrive.deformer.neural_morph import NeuralMorph
from animdrive.deformer.onnx_blocks import batched
from animdrive.errors import BackendError, InputError

onnx = pytest.importorskip("onnx", reason="pip install 'animdrive[onnx]'")
ort = pytest.importorskip("onnxruntime", reason="pip install 'animdrive[onnx]'")
module = pytest.importorskip("animdrive.deformer.onnx_model")


def session(data):
    return ort.InferenceSession(data, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def played():
    return session(module.onnx_bytes(small_model()))


@pytest.mark.parametrize(
    "settings",
    [{}, {"mode": "global"}, {"storage": "fp16"}, {"storage": "fp32"}, {"latent": 2}],
    ids=["local", "global", "fp16", "fp32", "two morphs"],
)
def test_it_makes_the_deformers_skin(tmp_path, settings):
    model = small_model(**settings)
    written = module.write_onnx(model, tmp_path / "a.onnx")
    assert 0 <= written.largest_mm < 0.01
    assert 0 <= written.run_mm < 0.02
    assert written.size_bytes == (tmp_path / "a.onnx").stat().st_size
    # Beyond what it was trained on, weights are held: both have to do it alike.
    values = np.random.default_rng(4).uniform(0, 2, (50, len(NAMES))).astype(np.float32)
    vertices, weights = session((tmp_path / "a.onnx").read_bytes()).run(None, {"curves": values})
    np.testing.assert_allclose(vertices, model.run(values), atol=2e-5)
    np.testing.assert_allclose(weights, model.coefficients(values), atol=1e-3)
    assert (np.abs(weights - model.bounds[0]).min(axis=0) < 1e-3).any()


@pytest.mark.parametrize("frames", [0, 1, 3, 300])
def test_any_number_of_frames_goes(played, frames):
    values = small_track(300).values[:frames]
    vertices = played.run(["vertices"], {"curves": values})[0]
    assert vertices.shape == (frames, len(small_character().rig.neutral.vertices), 3)
    np.testing.assert_allclose(vertices, small_model().run(values), atol=1e-5)


def test_rest_is_rest(played):
    vertices, weights = played.run(None, {"curves": np.zeros((1, len(NAMES)), np.float32)})
    np.testing.assert_allclose(vertices[0], small_character().rig.neutral.vertices, atol=1e-7)
    np.testing.assert_allclose(weights, 0, atol=1e-5)


def test_a_truncated_model_is_written_as_what_it_is():
    model = small_model()
    few = model.truncated(8)
    values = small_track().values
    vertices, weights = session(module.onnx_bytes(few)).run(None, {"curves": values})
    np.testing.assert_allclose(vertices, few.run(values), atol=1e-5)
    assert weights.shape[1] == few.latent < model.latent
    assert min(module.differences_m(module.onnx_bytes(few), model, values)) > 1e-5


def test_the_file_tells_curves_and_rig_and_comes_out_the_same(tmp_path):
    path = tmp_path / "a.onnx"
    module.write_onnx(small_model(), path, labels={"provenance": {"synthetic": True}})
    first = path.read_bytes()
    module.write_onnx(small_model(), path, labels={"provenance": {"synthetic": True}})
    assert path.read_bytes() == first
    about = {entry.key: json.loads(entry.value) for entry in onnx.load(path).metadata_props}
    assert about["curves"] == list(NAMES)
    assert about["rig"]["vertices"] == len(small_character().rig.neutral.vertices)
    assert about["provenance"] == {"synthetic": True}


def test_morphs_stay_small_numbers_and_twins_share_them():
    model = small_model()
    made = onnx.load_from_string(module.onnx_bytes(model))
    kept = [t for t in made.graph.initializer if t.data_type == onnx.TensorProto.INT8]
    assert len(kept) == 1
    pool, _, _ = batched(model.blocks[1], len(model.rig.neutral.vertices))
    assert kept[0].dims == list(pool.shape)
    assert len(pool) - 1 == len(np.unique(model.blocks[1].offset)) < len(model.blocks[1].offset)


def test_batches_hold_every_block_and_every_vertex_once():
    model = small_model()
    vertices = len(model.rig.neutral.vertices)
    for blocks, columns in zip(model.blocks, (len(NAMES), model.latent), strict=True):
        pool, batches, place = batched(blocks, vertices)
        rows = pool.shape[1]
        flat = [
            (pool[b.block] * b.scale)[..., None].transpose(0, 2, 3, 1, 4)[..., 0] for b in batches
        ]
        dense = np.zeros((sum(len(b.block) * rows for b in batches) + 1, 3, columns))
        at = 0
        for batch, values in zip(batches, flat, strict=True):
            for row in range(len(batch.block)):
                for slot, column in enumerate(batch.column[row]):
                    dense[at + row * rows : at + (row + 1) * rows, :, column] += values[
                        row, :, :, slot
                    ]
            at += len(batch.block) * rows
        found = dense[place].transpose(2, 0, 1)
        np.testing.assert_allclose(found, blocks.dense(columns, vertices), atol=1e-8)


def test_a_graph_that_plays_something_else_is_not_written(tmp_path, monkeypatch):
    model = small_model()
    moved = replace(model.nets, last_bias=model.nets.last_bias + 5.0)
    monkeypatch.setattr(NeuralMorph, "nets", property(lambda self: moved))
    with pytest.raises(InputError, match=r"a\.onnx was not written: .* mm away from the deformer"):
        module.write_onnx(model, tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_a_package_that_is_not_there_is_named_with_its_cure(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(BackendError, match=r"pip install 'animdrive\[onnx\]'"):
        module.write_onnx(small_model(), tmp_path / "a.onnx")
