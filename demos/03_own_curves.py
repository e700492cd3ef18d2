"""Curves from nowhere: a wink and a smile written by hand, played by the head as GLB and film.

python demos/03_own_curves.py out/own
"""

import sys
from pathlib import Path

import numpy as np

from animdrive.contract import ARKIT52, ARKIT_INDEX, CurveTrack
from animdrive.deformer.linear import LinearDeformer
from animdrive.export.gltf import write_glb
from animdrive.render.preview import render_preview
from animdrive.rig.head import load_head

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/own")
folder.mkdir(parents=True, exist_ok=True)

times = np.arange(90) / 30
values = np.zeros((90, 52), dtype=np.float32)
for name in ("mouthSmileLeft", "mouthSmileRight", "cheekSquintLeft", "cheekSquintRight"):
    values[:, ARKIT_INDEX[name]] = 0.8 * np.clip(np.sin(times * np.pi / 3), 0, 1)
values[:, ARKIT_INDEX["eyeBlinkLeft"]] = np.exp(-(((times - 1.5) / 0.15) ** 2))
turn = np.column_stack([0 * times, 0.25 * np.sin(times * 2), 0.05 * np.sin(times)])

head = load_head()
track = CurveTrack(ARKIT52, 30.0, values, head_rotation=turn.astype(np.float32))
write_glb(head, track, folder / "wink.glb")
render_preview(head, LinearDeformer(head.rig), track, folder / "wink.mp4")
print(folder / "wink.glb", folder / "wink.mp4")
