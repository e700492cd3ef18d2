"""Training the mouth of `mouth_model` on captured performances.

A few minutes of one speaker are all that most captures hold, so everything that must not matter
is changed at random while it learns: gain, the room's and microphone's colour, noise, the length
of the vocal tract (bands move along the mel axis), speed; phones are left out of some
stretches, for they may be wrong or from another aligner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import AudioClip, CurveTrack, Segment, as_arkit
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import BackendError, InputError
from animdrive.sources.audio.mouth.mouth_features import (
    BANDS,
    INPUTS,
    Frames,
    levelled,
    mel_frames,
    phone_frames,
)
from animdrive.sources.audio.mouth.mouth_model import DILATIONS, LEARNABLE, MouthModel, both_sides
from animdrive.sources.audio.sound import HOP_S

ACTIVE_STD = 0.02
"""A curve that moves more than this, as standard deviation, is active in a performance."""
_LEARNED_STD = 0.01
"""A curve that moves less than this in all of them is not learned."""
_WITHOUT_PHONES = 0.3
"""Share of the stretches that are learned from sound alone."""
_SHARED = ("mouthPressLeft mouthRollUpper mouthRollLower", "mouthFunnel mouthPucker")
"""Curves that close the lips, and curves that round them."""
_SHARED_SCALE = 0.1
"""About how far their sums move, as standard deviation."""
_STRETCH = 400
"""Frames of a stretch to learn from, 4 s."""
_EDGE = 25
"""Frames at its ends that only give context."""
_BATCH = 12
_LAGS_S = 0.3
_VOICE_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class MouthCapture:
    """A performance to learn from: F frames of `HOP_S`."""

    name: str
    mels: Frames
    """[F, BANDS] of `mel_frames`."""
    said: Frames
    """[F, len(FEATURES)] of `phone_frames`."""
    curves: Frames
    """[F, len(LEARNABLE)], left and right as their mean."""


@dataclass(frozen=True)
class MouthTrainConfig:
    """Settings of `train_mouth_model`."""

    steps: int = 700
    """Steps of each net, 1 or more."""
    nets: int = 3
    """How many nets are averaged, 1..8."""
    width: int = 60
    """Channels of a net, 4..256."""
    dropout: float = 0.3
    """Share of channels that are left out while it learns, 0..0.9."""
    seed: int = 0
    """Of everything that is drawn."""

    def __post_init__(self) -> None:
        ranges = {"steps": (1, 10**6), "nets": (1, 8), "width": (4, 256), "dropout": (0, 0.9)}
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:
                raise InputError(f"{name} must be in {least}..{most}, got {getattr(self, name)}.")


def mouth_capture(
    name: str, audio: AudioClip, track: CurveTrack, phones: Sequence[Segment]
) -> MouthCapture:
    """Return a performance as it is learned from.

    Args:
        name: Its name.
        audio: What is heard; time 0 of it is time 0 of `track`.
        track: The captured curves.
        phones: What is said when.
    """
    mels = mel_frames(audio)
    mels = mels[: round((track.start_s + track.duration_s) / HOP_S)]
    at = (np.arange(len(mels)) + 0.5) * HOP_S
    values = as_arkit(track).values
    curves = np.stack(
        [
            np.interp(at, track.times_s, values[:, list(both_sides(curve))].mean(axis=1))
            for curve in LEARNABLE
        ],
        axis=1,
    )
    return MouthCapture(name, mels, phone_frames(phones, len(mels)), curves.astype(np.float32))


def loudness_of(capture: MouthCapture) -> Frames:
    """Return [F] how loud the voice is: the mean of the bands, smoothed over 0.1 s."""
    weights = np.hanning(13)[1:-1]
    padded = np.pad(capture.mels.mean(axis=1), 5, mode="edge")
    smooth: Frames = np.convolve(padded, weights / weights.sum(), mode="valid").astype(np.float32)
    return smooth


def curves_late_s(captures: Sequence[MouthCapture]) -> float:
    """Return how much later the curves are than their sound, seconds, in -0.3..0.3.

    A jaw opens with the loudness of the voice, so the lag is sought at which the two agree best.
    """
    most = round(_LAGS_S / HOP_S)
    jaw = LEARNABLE.index("jawOpen")
    agree = np.zeros(2 * most + 1)
    for capture in captures:
        if len(capture.mels) <= 4 * most or capture.curves[:, jaw].std() < 1e-6:
            continue
        loud = loudness_of(capture)[most:-most]
        for lag in range(-most, most + 1):
            later = capture.curves[most + lag : len(capture.curves) - most + lag, jaw]
            agree[lag + most] += np.corrcoef(loud, later)[0, 1] * len(loud)
    return float((np.argmax(agree) - most) * HOP_S) if agree.any() else 0.0


def train_mouth_model(
    captures: Sequence[MouthCapture],
    *,
    config: MouthTrainConfig = MouthTrainConfig(),
    progress: Progress = no_progress,
    stage: str = "train",
) -> MouthModel:
    """Learn a mouth from captures; the curves' offset from the sound is found and taken out.

    Args:
        captures: Performances, 10 s in all at the least.
        config: Settings.
        progress: Told of `stage`.
        stage: Its name.

    Raises:
        BackendError: PyTorch is not installed.
        InputError: too little to learn from: too short, or no curve moves.
    """
    try:
        import torch
    except ImportError as error:
        raise BackendError(
            "Training a mouth needs PyTorch. Install it: pip install 'animdrive[train]'."
        ) from error
    long = [capture for capture in captures if len(capture.mels) > 1.3 * _STRETCH]
    if sum(len(capture.mels) for capture in long) * HOP_S < 10:
        raise InputError(
            "The captures hold too little to learn from. Give performances longer than "
            f"{1.3 * _STRETCH * HOP_S:.1f} s, 10 s in all at the least; minutes are better."
        )
    late = round(curves_late_s(long) / HOP_S)
    long = [_in_time(capture, late) for capture in long]
    together = np.concatenate([capture.curves for capture in long])
    active = np.flatnonzero(together.std(axis=0) > _LEARNED_STD)
    if not len(active):
        raise InputError("No curve of jaw or mouth moves in these captures. Nothing to learn.")
    mean = together[:, active].mean(axis=0)
    scale = together[:, active].std(axis=0)
    nets = []
    with torch.random.fork_rng():
        for number in range(config.nets):
            done = number / config.nets
            nets.append(
                _trained(
                    torch,
                    [(c, _targets(c, active, mean, scale)) for c in long],
                    len(active),
                    config,
                    config.seed * 1000 + number,
                    lambda part, done=done: progress(stage, done + part / config.nets),
                )
            )
    return MouthModel(
        curves=tuple(LEARNABLE[index] for index in active),
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        nets=tuple(nets),
    )


def _in_time(capture: MouthCapture, late: int) -> MouthCapture:
    """Return `capture` with its curves `late` frames earlier."""
    count = len(capture.mels)
    at = np.clip(np.arange(count) + late, 0, count - 1)
    return MouthCapture(capture.name, capture.mels, capture.said, capture.curves[at])


def _trained(
    torch: Any,
    data: list[tuple[MouthCapture, Frames]],
    kept: int,
    config: MouthTrainConfig,
    seed: int,
    told: Any,
) -> dict[str, Frames]:
    """Return the weights of one net, as `MouthModel.nets` has them, of the first `kept` targets."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    nn = torch.nn
    width = config.width
    layers = nn.ModuleDict({"inp": nn.Conv1d(INPUTS, width, 5, padding=2)})
    for number, dilation in enumerate(DILATIONS):
        layers[f"wide{number}"] = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        layers[f"mix{number}"] = nn.Conv1d(width, width, 1)
    layers["out"] = nn.Conv1d(width, data[0][1].shape[1], 1)
    drop = nn.Dropout1d(config.dropout)
    optimiser = torch.optim.AdamW(layers.parameters(), lr=3e-3, weight_decay=0.05)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=config.steps + 1)
    lengths = np.array([len(capture.mels) for capture, _ in data], dtype=np.float64)
    for step in range(config.steps):
        inputs, targets = _batch(data, lengths / lengths.sum(), rng)
        h = drop(torch.relu(layers["inp"](torch.from_numpy(inputs).transpose(1, 2))))
        for number in range(len(DILATIONS)):
            wide = torch.relu(layers[f"wide{number}"](torch.relu(h)))
            h = h + drop(layers[f"mix{number}"](wide))
        made = layers["out"](torch.relu(h)).transpose(1, 2)
        loss = ((made - torch.from_numpy(targets))[:, _EDGE:-_EDGE] ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
        told((step + 1) / config.steps)
    net = {key: value for name, layer in layers.items() for key, value in _arrays(name, layer)}
    net["out"] = np.ascontiguousarray(net["out"][:, :, :kept])
    net["out.bias"] = net["out.bias"][:kept].copy()
    return net


def _targets(
    capture: MouthCapture, active: npt.NDArray[np.intp], mean: Frames, scale: Frames
) -> Frames:
    """Return [F, C + 2]: the curves, then how far lips are closed and rounded by whatever means.

    One capture rounds with the funnel, another with the pucker; what they have in common is
    learned along, so that the layers below hear it, and is dropped from the net (Caruana 1997,
    "Multitask learning").
    """
    sums = [
        sum((capture.curves[:, LEARNABLE.index(name)] for name in names.split()), np.float32(0))
        for names in _SHARED
    ]
    shared = np.stack([np.minimum(total, 1.0) / _SHARED_SCALE for total in sums], axis=1)
    own = (capture.curves[:, active] - mean) / scale
    targets: Frames = np.concatenate([own, shared], axis=1).astype(np.float32)
    return targets


def _arrays(name: str, layer: Any) -> list[tuple[str, Frames]]:
    weight = layer.weight.detach().numpy().transpose(2, 1, 0)
    return [(name, np.ascontiguousarray(weight)), (f"{name}.bias", layer.bias.detach().numpy())]


def _batch(
    data: list[tuple[MouthCapture, Frames]], share: Any, rng: np.random.Generator
) -> tuple[Frames, Frames]:
    """Return inputs [B, T, INPUTS] and targets [B, T, C] of stretches, changed at random."""
    inputs = np.zeros((_BATCH, _STRETCH, INPUTS), dtype=np.float32)
    targets = np.zeros((_BATCH, _STRETCH, data[0][1].shape[1]), dtype=np.float32)
    for row in range(_BATCH):
        capture, wanted = data[rng.choice(len(data), p=share)]
        length = round(_STRETCH * (1 + rng.uniform(-0.15, 0.15)))
        first = rng.integers(0, len(capture.mels) - length)
        at = first + np.linspace(0, length - 1, _STRETCH)
        low = at.astype(int)
        part = (at - low)[:, None].astype(np.float32)
        high = np.minimum(low + 1, len(capture.mels) - 1)
        mels = capture.mels[low] * (1 - part) + capture.mels[high] * part
        inputs[row, :, :BANDS] = _changed(mels, rng)
        if rng.random() > _WITHOUT_PHONES:
            inputs[row, :, BANDS:] = capture.said[low]
        targets[row] = wanted[low] * (1 - part) + wanted[high] * part
    return inputs, targets


def _changed(mels: Frames, rng: np.random.Generator) -> Frames:
    """Return a stretch of `mels` as another voice in another room may give it, levelled."""
    bands = np.arange(BANDS)
    moved = np.clip(bands * (1 + rng.uniform(-0.15, 0.15)), 0, BANDS - 1.001)
    low = moved.astype(int)
    part = (moved - low).astype(np.float32)
    mels = mels[:, low] * (1 - part) + mels[:, low + 1] * part
    mels = mels + np.interp(bands, np.linspace(0, BANDS - 1, 6), rng.normal(0, 0.8, 6))
    if rng.random() < 0.6:
        loud = np.quantile(mels.mean(axis=1), _VOICE_SHARE)
        noise = loud - rng.uniform(1.5, 11.5) + rng.normal(0, 1.5) * np.linspace(-1, 1, BANDS)
        mels = np.logaddexp(mels, noise + rng.normal(0, 0.3, mels.shape))
    return levelled(mels.astype(np.float32))
