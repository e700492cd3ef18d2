"""The network while it learns: residual blocks of dilated convolutions with batch norm.

The layout is that of `animdrive.sources.audio.acoustic.network`, which runs it with numpy; there
every batch norm is folded into the weights beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from animdrive.errors import InputError
from animdrive.sources.audio.acoustic.features import BANDS
from animdrive.sources.audio.language.inventory import SYMBOLS
from animdrive.sources.audio.training.augment import CLIP, RUNNING

Tensor = torch.Tensor
_KERNEL = 3
_DILATIONS = (1, 2, 4, 8, 1, 2, 4, 8)


@dataclass(frozen=True)
class NetConfig:
    """Layout of a network."""

    channels: int = 192
    """Width of every layer."""
    dilations: tuple[int, ...] = _DILATIONS
    """Frames between the taps of each block."""
    look_ahead: tuple[int, ...] = _DILATIONS
    """Frames that each block looks ahead; its dilation where it looks as far back. The first
    convolution looks ahead by one more."""
    normalisation: str = CLIP
    """How its features are normalised: by the clip, or by what was heard so far."""
    dropout: float = 0.1
    """Of values, in the middle and before the end."""

    def __post_init__(self) -> None:
        if len(self.look_ahead) != len(self.dilations):
            raise InputError("NetConfig.look_ahead needs one number for each dilation.")
        for look, dilation in zip(self.look_ahead, self.dilations, strict=True):
            if not 0 <= look <= (_KERNEL - 1) * dilation:
                raise InputError(
                    f"NetConfig.look_ahead: a block with dilation {dilation} looks ahead by "
                    f"0..{(_KERNEL - 1) * dilation} frames, got {look}."
                )

    @property
    def frames_ahead(self) -> int:
        """Frames to the right of the present one that a posterior depends on."""
        return 1 + sum(self.look_ahead)


PRESETS: dict[str, NetConfig] = {
    "offline": NetConfig(),
    "live": NetConfig(channels=128, look_ahead=(1, 2, 0, 0, 2, 0, 0, 0), normalisation=RUNNING),
}
"""Whole clips, both directions; or sound that is still running, 6 frames ahead."""


def preset(name: str) -> NetConfig:
    """Return the layout called `name`.

    Raises:
        InputError: there is none.
    """
    if name not in PRESETS:
        raise InputError(f"No preset '{name}'. Known are {', '.join(PRESETS)}.")
    return PRESETS[name]


class Block(nn.Module):
    """``x + mix(relu(norm(conv(x))))``."""

    def __init__(self, channels: int, dilation: int, look_ahead: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, _KERNEL, dilation=dilation)
        self.norm = nn.BatchNorm1d(channels)
        self.mix = nn.Conv1d(channels, channels, 1)
        self.sides = (_KERNEL - 1) * dilation - look_ahead, look_ahead

    def forward(self, values: Tensor) -> Tensor:
        """Return [B, C, T] for [B, C, T]."""
        hidden = self.norm(self.conv(nn.functional.pad(values, self.sides)))
        mixed: Tensor = values + self.mix(torch.relu(hidden))
        return mixed


class AcousticNet(nn.Module):
    """Features [B, 40, T] to logits of the phones [B, P, T], in the order of `SYMBOLS`."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.input = nn.Conv1d(BANDS, width, _KERNEL, padding=1)
        self.blocks = nn.ModuleList(
            Block(width, dilation, look)
            for dilation, look in zip(config.dilations, config.look_ahead, strict=True)
        )
        self.drop = nn.Dropout(config.dropout)
        self.norm = nn.BatchNorm1d(width)
        self.output = nn.Conv1d(width, len(SYMBOLS), 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return [B, P, T]."""
        values = self.input(features)
        for place, block in enumerate(self.blocks):
            values = block(values)
            if place == len(self.blocks) // 2:
                values = self.drop(values)
        logits: Tensor = self.output(torch.relu(self.norm(self.drop(values))))
        return logits
