"""How fast curves become skin: one character, a crowd, levels of detail, beside what others do.

    python benchmarks/bench_deformer.py                      the models that ship
    python benchmarks/bench_deformer.py model.safetensors    another one of our head
    python benchmarks/bench_deformer.py --gpu                on a GPU as well, where there is one

One core, all vertices of the head (17,261; 12,295 of them skin), curves of a spoken line with its
moods from the tables of takes. Every row is the median of runs after a warm-up, taken in turns with
the others, so that a busy machine is unfair to all alike; the ratio to the first row is the figure.
"Plain numpy" is rest + curves @ shapes with float32 arrays, which is what 52 blendshapes cost.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from common import machine
from threadpoolctl import threadpool_limits

from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.model_file import read_model
from animdrive.deformer.neural_morph import NeuralMorph
from animdrive.deformer.shipped import SHIPPED, load_deformer
from animdrive.rig.head import load_head
from animdrive.tissue.take_makers import emotion_mixtures, emotion_takes
from animdrive.tissue.take_plan import TakePlan

_TURNS = 60
_CROWD = 64


def curves() -> npt.NDArray[np.float32]:
    """Return [T, 52] curves of emotions and their mixtures, as they come and go."""
    plan = TakePlan(kinds=("emotions",))
    blends, _ = emotion_mixtures(0, held=4)
    takes = emotion_takes(plan, "train", 300, blends)
    return np.concatenate([take.track.values for take in takes])


def in_turns(ways: dict[str, Callable[[int], Any]]) -> dict[str, float]:
    """Return the median seconds of each way, all taken in turns."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(_TURNS + 5):
        for name, way in ways.items():
            start = perf_counter()
            way(turn)
            if turn >= 5:
                taken[name].append(perf_counter() - start)
    return {name: float(np.median(seconds)) for name, seconds in taken.items()}


def onnx_session(model: NeuralMorph) -> Callable[[npt.NDArray[np.float32]], Any] | None:
    """Return what runs `model` in ONNX Runtime on one core, or None without it."""
    try:
        import onnxruntime

        from animdrive.deformer.onnx_model import onnx_bytes
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        onnx_bytes(model), options, providers=["CPUExecutionProvider"]
    )
    return lambda values: session.run(["vertices"], {"curves": values})


def gpu(models: dict[str, NeuralMorph]) -> None:
    """Print characters a second on a GPU, and the ratio to writing the skin once."""
    import torch

    from animdrive.deformer.on_torch import throughput

    if not torch.cuda.is_available():
        print("\nno GPU was found")
        return
    print(f"\n{torch.cuda.get_device_name()}")
    print(f"{'model':<12} {'batch':>6} {'per second':>12} {'us each':>9} {'of the limit':>13}")
    for name, model in models.items():
        for batch in (1, 64, 1024):
            for precision in ("fp16", "fp32"):
                row = throughput(model, batch=batch, precision=precision)
                print(
                    f"{name} {precision:<6} {batch:>6} {row['per_second']:>12.0f} "
                    f"{row['us_each']:>9.2f} {row['of_limit']:>13.2f}"
                )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--gpu", action="store_true")
    given = parser.parse_args()
    rig = load_head().rig
    values = curves()
    models = {path.stem: read_model(path, rig) for path in given.models}
    if not models:
        models = {name: load_deformer(name, rig) for name in SHIPPED}
    flat = np.ascontiguousarray(rig.deltas.reshape(len(rig.names), -1))
    rest = rig.neutral.vertices.reshape(-1)
    linear = LinearDeformer(rig)
    print(f"machine: {machine()}; one core; {len(rest) // 3} vertices; {len(values)} frames\n")
    for count in (1, _CROWD):

        def batch(turn: int, count: int = count) -> npt.NDArray[np.float32]:
            start = (turn * 7) % (len(values) - count)
            return values[start : start + count]

        ways: dict[str, Callable[[int], Any]] = {
            "plain numpy, 52 shapes": lambda turn, batch=batch: rest + batch(turn) @ flat,
            "LinearDeformer": lambda turn, batch=batch: linear.run(batch(turn)),
        }
        for name, model in models.items():
            levels = [model]
            if isinstance(model, NeuralMorph):
                levels += [model.truncated(n) for n in (256, 128, 64) if n < model.latent]
            for level in levels:
                latent = getattr(level, "latent", 0)
                ways[f"{name}, latent {latent}"] = lambda turn, level=level, batch=batch: level.run(
                    batch(turn)
                )
            if isinstance(model, NeuralMorph):
                session = onnx_session(model)
                if session is not None:
                    ways[f"{name}, ONNX Runtime"] = lambda turn, session=session, batch=batch: (
                        session(batch(turn))
                    )
        found = in_turns(ways)
        first = next(iter(found.values()))
        print(f"{f'{count} at once':<28} {'ms each':>9} {'of numpy':>9}")
        for name, seconds in found.items():
            print(f"{name:<28} {1e3 * seconds / count:>9.4f} {seconds / first:>9.2f}")
        print()
    for name, model in models.items():
        print(f"{name}: {model.runtime_bytes / 1e6:.2f} MB to run")
    if given.gpu:
        gpu({name: model for name, model in models.items() if isinstance(model, NeuralMorph)})


if __name__ == "__main__":
    with threadpool_limits(limits=1):
        main()
