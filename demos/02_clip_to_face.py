"""A clip of a face becomes an animated face beside it.

python demos/02_clip_to_face.py clip.mp4 out/clip
"""

import sys
from pathlib import Path

from animdrive.pipeline.demo import demo_clip
from animdrive.pipeline.jobs import animate_video

clip = Path(sys.argv[1]) if len(sys.argv) > 1 else demo_clip()
folder = Path(sys.argv[2] if len(sys.argv) > 2 else "out/clip")

result = animate_video(clip, folder)
print(f"face seen in {100 * result.figures['found_share']:.0f} % of the frames")
for name, path in result.outputs.items():
    print(f"{name:<11} {path}")
