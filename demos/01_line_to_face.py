"""A sentence, spoken by a synthetic voice, becomes an animated face: curves, GLB and film.

python demos/01_line_to_face.py "Where did you put my umbrella?" out/line
"""

import sys
from pathlib import Path

from animdrive.media.audio import write_wav
from animdrive.pipeline.jobs import LayerConfig, animate_audio
from animdrive.sources.audio.voice import speak

text = sys.argv[1] if len(sys.argv) > 1 else "Where did you put my umbrella?"
folder = Path(sys.argv[2] if len(sys.argv) > 2 else "out/line")
folder.mkdir(parents=True, exist_ok=True)

write_wav(speak(text), folder / "line.wav")
result = animate_audio(
    folder / "line.wav", folder, text=text, layers=LayerConfig(emotions={"surprised": 0.4})
)
for name, path in result.outputs.items():
    print(f"{name:<11} {path}")
