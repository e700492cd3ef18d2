"""A trained deformer as an ONNX file, which plays in every program that has ONNX Runtime.

The graph takes ``curves`` [T, C] and gives ``vertices`` [T, V, 3] metres and ``weights`` [T, K],
all float32, T free. Morphs stay the small blocks that the deformer keeps (`sparse_morphs`): 8-bit
numbers in the file, which the runtime decodes once when it loads. They are multiplied in a few
batches of cells with about as many morphs each, so that skin a morph does not move costs nothing.

References: Open Neural Network Exchange, "ONNX operator schemas", operator set 17.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray
from animdrive.deformer.neural_morph import NeuralMorph
from animdrive.deformer.onnx_blocks import Batch, batched
from animdrive.deformer.rig_check import rig_digest
from animdrive.deformer.sparse_morphs import SparseMorphs
from animdrive.errors import BackendError, InputError
from animdrive.files import write_bytes

OPSET = 17
"""Operator set; ONNX Runtime 1.12 and newer know it."""
LARGEST_DIFFERENCE_M = 1e-5
"""Vertices of the file may be off the sum of the deformer's blocks by so much: 0.01 mm."""
_CHECKED = 64
"""Frames that are checked at once."""
_IR_VERSION = 8
_CURE = "Install it with: pip install 'animdrive[onnx]'"


@dataclass(frozen=True)
class OnnxWritten:
    """What `write_onnx` wrote, and how it compares."""

    size_bytes: int
    """Of the file."""
    largest_mm: float
    """Largest distance of a vertex to the sum of the deformer's blocks, in 64 bits."""
    run_mm: float
    """The same to what `NeuralMorph.run` makes, which leaves out what hardly moves."""
    checked_frames: int
    """How many these were."""


def check_onnx() -> None:
    """Raise BackendError unless ONNX can be written and run here."""
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise BackendError(
            f"ONNX files need the packages onnx and onnxruntime; one is not installed ({error}). "
            f"{_CURE}."
        ) from error
    del onnx


def write_onnx(
    model: NeuralMorph,
    path: Path,
    *,
    labels: Mapping[str, Any] | None = None,
    values: npt.ArrayLike | None = None,
) -> OnnxWritten:
    """Write `model` as ONNX, whole or not at all, checked in ONNX Runtime before.

    Args:
        model: What, of C curves and V vertices.
        path: Where, ending in .onnx.
        labels: Put into the metadata, such as the provenance; plain JSON values.
        values: [T, C] curves to check with; None draws some, rest and every curve alone included.

    Raises:
        BackendError: onnx or onnxruntime is not installed.
        InputError: the file cannot be written, or plays something else than the deformer.
    """
    check_onnx()
    data = onnx_bytes(model, labels=labels)
    given = _drawn(len(model.names)) if values is None else np.asarray(values, dtype=np.float32)
    largest, from_run = differences_m(data, model, given)
    if not largest <= LARGEST_DIFFERENCE_M:
        raise InputError(
            f"{path} was not written: ONNX Runtime places a vertex {1e3 * largest:.4f} mm away "
            f"from the deformer; {1e3 * LARGEST_DIFFERENCE_M:g} mm are allowed. Update onnxruntime."
        )
    write_bytes(Path(path), data)
    return OnnxWritten(len(data), 1e3 * largest, 1e3 * from_run, len(given))


def differences_m(data: bytes, model: NeuralMorph, values: FloatArray) -> tuple[float, float]:
    """Return the largest distances of vertices of ONNX `data` to those of `model`, metres.

    Args:
        data: See `onnx_bytes`.
        model: The deformer it was made of.
        values: [T, C] curves.

    Returns:
        To rest plus all blocks times their weights, added up in 64 bits; and to `model.run`.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # its warnings go to stderr past everybody
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    rest = model.rig.neutral.vertices.astype(np.float64)
    columns = (len(model.names), model.latent)
    dense = [
        blocks.dense(count, len(rest)).reshape(count, -1)
        for blocks, count in zip(model.blocks, columns, strict=True)
    ]
    largest = from_run = 0.0
    for start in range(0, len(values), _CHECKED):
        part = values[start : start + _CHECKED]
        played = session.run(["vertices"], {"curves": part})[0]
        summed = np.tile(rest.reshape(-1), (len(part), 1))
        for given, morphs in zip((part, model.coefficients(part)), dense, strict=True):
            # A few morphs at a time: all of them in 64 bits are some hundred megabytes.
            for first in range(0, len(morphs), _CHECKED):
                own = slice(first, first + _CHECKED)
                summed += given[:, own].astype(np.float64) @ morphs[own].astype(np.float64)
        largest = max(largest, _farthest(played, summed.reshape(played.shape)))
        from_run = max(from_run, _farthest(played, model.run(part)))
    return largest, from_run


def _farthest(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    return float(np.sqrt(np.square(one - other).sum(axis=2).max(initial=0.0)))


def onnx_bytes(model: NeuralMorph, *, labels: Mapping[str, Any] | None = None) -> bytes:
    """Return `model` as a serialised ONNX graph; the same model gives the same bytes.

    The metadata has ``curves`` (names, JSON), ``rig`` (`rig_digest`, JSON) and the `labels`.
    """
    import onnx
    from onnx import TensorProto, checker, helper

    graph = _Graph()
    weights = _weights(graph, model)
    vertices = _vertices(graph, model, weights)
    graph.node("Identity", [weights], out="weights")
    graph.node("Identity", [vertices], out="vertices")
    count = len(model.rig.neutral.vertices)
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            model.kind,
            [helper.make_tensor_value_info("curves", TensorProto.FLOAT, ["T", len(model.names)])],
            [
                helper.make_tensor_value_info("vertices", TensorProto.FLOAT, ["T", count, 3]),
                helper.make_tensor_value_info("weights", TensorProto.FLOAT, ["T", model.latent]),
            ],
            initializer=graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="animdrive",
    )
    described = {"curves": list(model.names), "rig": rig_digest(model.rig), **(labels or {})}
    plain = {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in sorted(described.items())
    }
    helper.set_model_props(made, plain)
    checker.check_model(made, full_check=True)
    data: bytes = onnx.ModelProto.SerializeToString(made, deterministic=True)
    return data


class _Graph:
    """Nodes and constants, as they come."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: npt.ArrayLike) -> str:
        """Add a constant; return its name."""
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], *, out: str = "", **attributes: Any) -> str:
        """Add a node with one output; return the output's name."""
        from onnx import helper

        name = out or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def shaped(self, what: str, shape: list[int]) -> str:
        """Reshape, where -1 is what is left."""
        return self.node("Reshape", [what, self.constant(np.array(shape, dtype=np.int64))])


def _weights(graph: _Graph, model: NeuralMorph) -> str:
    """Add nets, bounds and twins; return the name of [T, K]."""
    nets = model.nets
    patch, rank = model.weight_of
    count, width = len(nets.last), nets.last.shape[2]
    curves = "curves"
    if model.symmetry is not None:
        # A twin's weights are those of its partner when left and right are exchanged.
        swap = graph.constant(model.symmetry.curves.astype(np.int64))
        other = graph.node("Gather", ["curves", swap], axis=1)
        curves = graph.node("Concat", ["curves", other], axis=0)
    given = graph.shaped(curves, [1, -1, len(model.names)])
    x = given
    for product, bias in ((nets.first, nets.first_bias), (nets.second, nets.second_bias)):
        x = graph.node("MatMul", [x, graph.constant(product)])
        x = _bent(graph, graph.node("Add", [x, graph.constant(bias)]))
    every = graph.node("MatMul", [x, graph.constant(nets.last)])
    straight = graph.node("MatMul", [given, graph.constant(nets.direct)])
    every = graph.node("Add", [every, straight])
    every = graph.node("Add", [every, graph.constant(nets.last_bias)])
    every = graph.node("Transpose", [every], perm=[1, 0, 2])
    every = graph.shaped(every, [-1, count * width])
    which = graph.constant(patch.astype(np.int64) * width + rank)
    own = graph.node("Gather", [every, which], axis=1)
    half = model.bounds[:, : len(patch)]
    own = graph.node("Max", [own, graph.constant(half[0])])
    own = graph.node("Min", [own, graph.constant(half[1])])
    if model.symmetry is None:
        return own
    own = graph.shaped(own, [2, -1, len(patch)])
    own = graph.node("Transpose", [own], perm=[1, 0, 2])
    return graph.shaped(own, [-1, 2 * len(patch)])


def _bent(graph: _Graph, x: str) -> str:
    """Add the nets' bend, see `animdrive.deformer.nets.bend`."""
    one, half = (graph.constant(np.float32(value)) for value in (1.0, 0.5))
    gate = graph.node("Add", [graph.node("Abs", [x]), one])
    gate = graph.node("Add", [graph.node("Div", [x, gate]), one])
    return graph.node("Mul", [graph.node("Mul", [gate, half]), x])


def _vertices(graph: _Graph, model: NeuralMorph, weights: str) -> str:
    """Add morphs to the rest shape; return the name of [T, V, 3]."""
    total = graph.constant(model.rig.neutral.vertices[None])
    for blocks, own in zip(model.blocks, ("curves", weights), strict=True):
        if len(blocks.column):
            moved = _moved(graph, blocks, own, len(model.rig.neutral.vertices))
            total = graph.node("Add", [total, moved])
    return total


def _moved(graph: _Graph, blocks: SparseMorphs, weights: str, vertices: int) -> str:
    """Add one set of blocks; return the name of its offsets [T, V, 3]."""
    pool, batches, place = batched(blocks, vertices)
    stored = graph.constant(pool)
    rows = pool.shape[1]
    parts = [_batch(graph, stored, batch, weights, rows) for batch in batches]
    still = graph.node("Mul", [weights, graph.constant(np.float32(0.0))])
    still = graph.node("ReduceSum", [still, graph.constant(np.array([1]))], keepdims=1)
    still = graph.shaped(
        graph.node("Expand", [still, graph.constant(np.array([1, 3]))]), [-1, 1, 3]
    )
    every = graph.node("Concat", [*parts, still], axis=1)
    return graph.node("Gather", [every, graph.constant(place)], axis=1)


def _batch(graph: _Graph, stored: str, batch: Batch, weights: str, rows: int) -> str:
    """Add a batch of B cells with E morphs each; return the name of its offsets [T, B·S, 3]."""
    cells, most = batch.block.shape
    block = graph.node("Gather", [stored, graph.constant(batch.block)], axis=0)
    block = graph.node("Cast", [block], to=1)
    block = graph.node("Mul", [block, graph.constant(batch.scale)])
    block = graph.shaped(block, [cells, most, 3 * rows])
    own = graph.node("Gather", [weights, graph.constant(batch.column.reshape(-1))], axis=1)
    own = graph.shaped(own, [-1, cells, most])
    own = graph.node("Transpose", [own], perm=[1, 0, 2])
    # Says nothing new, but keeps ONNX Runtime from folding the transposition into the product,
    # where it divides by the number of frames: a call without frames would end the process.
    own = graph.shaped(own, [cells, -1, most])
    moved = graph.node("MatMul", [own, block])
    moved = graph.node("Transpose", [moved], perm=[1, 0, 2])
    return graph.shaped(moved, [-1, cells * rows, 3])


def _drawn(curves: int) -> FloatArray:
    """Return [T, C] curves to check with: rest, each alone, all, and mixtures."""
    rng = np.random.default_rng(0)
    mixed = rng.uniform(0, 1, (96, curves)) * (rng.uniform(0, 1, (96, curves)) < 0.3)
    checked = [np.zeros((1, curves)), np.eye(curves), np.ones((1, curves)), mixed]
    drawn: FloatArray = np.concatenate(checked).astype(np.float32)
    return drawn
