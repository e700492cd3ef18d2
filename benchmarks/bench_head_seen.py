"""Whether others see a face: MediaPipe's face mesh on renders of simulated random expressions.

    python benchmarks/bench_head_seen.py                 200 expressions, 5 heads, 3 yaws each
    python benchmarks/bench_head_seen.py --linear        the same of the linear rig (no simulation)
    python benchmarks/bench_head_seen.py --expressions 20

Heads are the one that animdrive ships and four drawn people; every expression is drawn from
yaw -45, 0 and 45 degrees. MediaPipe looks at each picture alone, at its default confidence.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np
import numpy.typing as npt
from common import show

from animdrive.contract import ARKIT52, MIRROR52
from animdrive.deformer.linear import LinearDeformer
from animdrive.render.camera import portrait_camera
from animdrive.render.scene import Renderer
from animdrive.rig.head import load_head
from animdrive.rig.identity import shaped_character
from animdrive.rig.identity_people import sampled_shape
from animdrive.tissue.simulate import simulator_for

YAWS_DEG = (-45, 0, 45)
SIZE = 384
HEADS = 5


def expressions(count: int, seed: int) -> npt.NDArray[np.float32]:
    """Return [count, 52] sparse random curve values, both sides alike in two of three."""
    rng = np.random.default_rng(seed)
    values = (rng.random((count, 52)) < 0.16) * rng.beta(1.8, 1.5, (count, 52))
    alike = rng.random(count) < 0.66
    values[alike] = np.maximum(values, values[:, list(MIRROR52)])[alike]
    close, jaw = ARKIT52.index("mouthClose"), ARKIT52.index("jawOpen")
    values[:, close] = np.minimum(values[:, close], values[:, jaw])
    return values.astype(np.float32)


def main() -> None:
    """Draw, look, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expressions", type=int, default=200)
    parser.add_argument("--linear", action="store_true")
    arguments = parser.parse_args()
    from mediapipe.python.solutions.face_mesh import FaceMesh

    found = {yaw: 0 for yaw in YAWS_DEG}
    each = -(-arguments.expressions // HEADS)
    solving = 0.0
    with FaceMesh(static_image_mode=True, refine_landmarks=True) as observer:
        for number in range(HEADS):
            head = load_head() if number == 0 else shaped_character(sampled_shape(number))
            values = expressions(each, number)
            start = perf_counter()
            if arguments.linear:
                frames = list(LinearDeformer(head.rig).run(values))
            else:
                frames = list(simulator_for(head).frames(values))
            solving += perf_counter() - start
            with Renderer(head, size_px=(SIZE, SIZE)) as renderer:
                for yaw in YAWS_DEG:
                    renderer.camera = portrait_camera(head, (SIZE, SIZE), yaw_rad=np.radians(yaw))
                    for row, frame in zip(values, frames, strict=True):
                        seen = observer.process(renderer.draw(frame)).multi_face_landmarks
                        found[yaw] += bool(seen)
                        if not seen:
                            curves = {
                                ARKIT52[i]: round(float(row[i]), 2) for i in np.flatnonzero(row)
                            }
                            print(f"not found: head {number}, yaw {yaw}: {curves}", flush=True)
    total = each * HEADS
    show(
        "Faces that MediaPipe finds",
        [
            *((f"yaw {yaw}", 100 * found[yaw] / total, f"% of {total}") for yaw in YAWS_DEG),
            ("time for the skin", solving / total, "s per expression, from another one"),
        ],
        sample=f"{total} random expressions on {HEADS} heads, {SIZE} px, "
        + ("linear rig" if arguments.linear else "simulated"),
    )


if __name__ == "__main__":
    main()
