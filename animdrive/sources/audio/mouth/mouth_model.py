"""A mouth learned from captured performances: sound and phones to curves, in numpy.

Small convolutional nets (residual blocks with growing dilation, after Bai, Kolter and Koltun 2018,
"An empirical evaluation of generic convolutional and recurrent networks for sequence modeling",
section 3, but looking both ways) read 0.25 s around each moment; the mean of several nets, trained
from other seeds, is taken. Both sides of the face move alike. Closures are not its business: the
rules lay them over it (`curves`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, MIRROR52, AudioClip, Segment
from animdrive.errors import WeightsError
from animdrive.files import write_bytes
from animdrive.sources.audio.mouth.mouth_features import (
    INPUTS,
    Frames,
    levelled,
    mel_frames,
    phone_frames,
)
from animdrive.sources.audio.sound import HOP_S

Values = npt.NDArray[np.float64]

SHIPPED = "mouth_capture"
"""Name in the manifest of the model that ships."""
DILATIONS: tuple[int, ...] = (1, 2, 4, 8, 8)
"""Of the blocks; with 5 frames at the entrance they look 25 frames to each side."""
LEARNABLE: tuple[str, ...] = tuple(
    name
    for index, name in enumerate(ARKIT52)
    if name.startswith(("jaw", "mouth"))
    and name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight", "mouthClose")
    and index <= MIRROR52[index]
)
"""Curves that may be learned, one of each pair. Sound does not tell sides, and mouthClose belongs
to the closures."""
_FORMAT = "animdrive mouth 1"
_PER_BLOCK, _MARGIN = 6000, 32


def both_sides(name: str) -> tuple[int, ...]:
    """Return the columns of `ARKIT52` that a curve of `LEARNABLE` moves."""
    index = ARKIT_INDEX[name]
    return tuple(sorted({index, MIRROR52[index]}))


@dataclass(frozen=True, eq=False)
class MouthModel:
    """Nets and what their outputs are. C curves."""

    curves: tuple[str, ...]
    """C names of `LEARNABLE`."""
    mean: Frames
    """[C] what a curve is where a net gives 0."""
    scale: Frames
    """[C] how far it moves where a net gives 1."""
    nets: tuple[Mapping[str, Frames], ...]
    """Name of a layer → its weights [taps, in, out]; its name and ``.bias`` → its bias [out]."""

    def run(
        self, audio: AudioClip, phones: Sequence[Segment], times_s: npt.ArrayLike
    ) -> dict[str, Values]:
        """Return curve → [T] 0..1 at `times_s`, both sides of each pair.

        Args:
            audio: What is heard.
            phones: What is said when, in order of time.
            times_s: [T] rising, seconds.
        """
        mels = levelled(mel_frames(audio))
        heard = self.frames(np.concatenate([mels, phone_frames(phones, len(mels))], axis=1))
        times = np.asarray(times_s, dtype=np.float64)
        at = (np.arange(len(heard)) + 0.5) * HOP_S
        made: dict[str, Values] = {}
        for column, name in enumerate(self.curves):
            values = np.zeros(len(times))
            if len(heard):
                values = np.clip(np.interp(times, at, heard[:, column]), 0.0, 1.0)
            made |= {ARKIT52[index]: values for index in both_sides(name)}
        return made

    def frames(self, inputs: Frames) -> Values:
        """Return [F, C] curves, may leave 0..1 a little, of `inputs` [F, INPUTS]."""
        made = np.zeros((len(inputs), len(self.curves)))
        for first in range(0, len(inputs), _PER_BLOCK):
            low = max(0, first - _MARGIN)
            block = inputs[low : first + _PER_BLOCK + _MARGIN]
            part = np.mean([_net(net, block) for net in self.nets], axis=0)[first - low :]
            made[first : first + _PER_BLOCK] = part[:_PER_BLOCK]
        values: Values = made * self.scale + self.mean
        return values


def _net(net: Mapping[str, Frames], x: Frames) -> Frames:
    h = np.maximum(_convolved(net, "inp", x), 0.0)
    for number, dilation in enumerate(DILATIONS):
        wide = _convolved(net, f"wide{number}", np.maximum(h, 0.0), dilation)
        h = h + _convolved(net, f"mix{number}", np.maximum(wide, 0.0))
    return _convolved(net, "out", np.maximum(h, 0.0))


def _convolved(net: Mapping[str, Frames], name: str, x: Frames, dilation: int = 1) -> Frames:
    """Return [F, out]; beyond its ends `x` [F, in] is 0."""
    weights = net[name]
    reach = (len(weights) - 1) // 2 * dilation
    padded = np.pad(x, ((reach, reach), (0, 0)))
    made: Frames = np.broadcast_to(net[f"{name}.bias"], (len(x), weights.shape[2])).copy()
    for tap, matrix in enumerate(weights):
        made += padded[tap * dilation : tap * dilation + len(x)] @ matrix
    return made


def save_mouth_model(model: MouthModel, path: Path) -> None:
    """Write `model` with 16-bit weights to a safetensors file, whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    from safetensors.numpy import save

    arrays = {"mean": model.mean, "scale": model.scale}
    for number, net in enumerate(model.nets):
        arrays |= {f"{number}/{name}": value for name, value in net.items()}
    half = {name: np.ascontiguousarray(value, dtype=np.float16) for name, value in arrays.items()}
    write_bytes(path, save(half, {"format": _FORMAT, "curves": json.dumps(model.curves)}))


def load_mouth_model(path: Path) -> MouthModel:
    """Read what `save_mouth_model` wrote.

    Raises:
        WeightsError: it is missing, no such file, or from another version.
    """
    from safetensors import SafetensorError, safe_open

    what = f"{path} is not a mouth model of this version"
    try:
        with safe_open(path, "np") as file:
            told = file.metadata() or {}
            arrays = {key: file.get_tensor(key).astype(np.float32) for key in file.keys()}
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} cannot be read as a mouth model: {error}. Train it anew with 'animdrive "
            "train-mouth'."
        ) from error
    if told.get("format") != _FORMAT:
        raise WeightsError(f"{what}. Train it anew with 'animdrive train-mouth'.")
    curves = tuple(json.loads(told["curves"]))
    count = len({key.partition("/")[0] for key in arrays if "/" in key})
    nets = tuple(
        {
            key.partition("/")[2]: value
            for key, value in arrays.items()
            if key.startswith(f"{number}/")
        }
        for number in range(count)
    )
    expected = {"inp", "out"} | {f"{k}{n}" for k in ("wide", "mix") for n in range(len(DILATIONS))}
    expected |= {f"{name}.bias" for name in expected}
    whole = bool(nets) and all(set(net) == expected for net in nets)
    if not whole or not set(curves) <= set(LEARNABLE) or nets[0]["inp"].shape[1] != INPUTS:
        raise WeightsError(f"{what}: it lacks layers or curves. Train it anew.")
    return MouthModel(curves=curves, mean=arrays["mean"], scale=arrays["scale"], nets=nets)


@cache
def shipped_mouth_model() -> MouthModel:
    """Return the model that ships.

    Raises:
        WeightsError: missing or altered.
    """
    from animdrive.weights import checked_path

    return load_mouth_model(checked_path(SHIPPED))
