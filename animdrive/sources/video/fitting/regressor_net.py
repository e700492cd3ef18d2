"""The regressor's network: landmarks and a cut-out of the face to curves, against the face at rest.

What a person's face looks like at rest is given beside what it looks like now, in landmarks and in
pixels alike: a wide mouth is no smile, an old forehead no frown.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

Tensor = torch.Tensor

CURVES = 52
_POSE = 2
"""Inputs of pose: pitch and yaw."""
LANDMARK_UNIT_M = 4e-3
"""Landmarks go in as multiples of this."""


@dataclass(frozen=True)
class RegressorConfig:
    """Layout of the network."""

    landmarks: int = 241
    """How many of the landmarks go in."""
    width: int = 192
    """Of the layers that join landmarks and pixels."""
    depth: int = 3
    """How many of them."""
    embedding: int = 96
    """Numbers that a cut-out is told by."""
    channels: tuple[int, ...] = (24, 48, 96, 128)
    """Of the stages that look at the cut-out, each at half the size of the one before."""


class _Separable(nn.Module):
    """Each channel over its neighbourhood, then all channels at each place; added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.norm = nn.GroupNorm(1, channels)
        self.mix = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 1), nn.GELU(), nn.Conv2d(2 * channels, channels, 1)
        )

    def forward(self, values: Tensor) -> Tensor:
        """Return [B, C, H, W]."""
        mixed: Tensor = values + self.mix(self.norm(self.spread(values)))
        return mixed


class Looker(nn.Module):
    """A cut-out [B, 3, 112, 112], 0..1, to an embedding [B, E]."""

    def __init__(self, config: RegressorConfig) -> None:
        super().__init__()
        first, *others = config.channels
        layers: list[nn.Module] = [nn.Conv2d(3, first, 4, stride=4), nn.GroupNorm(1, first)]
        before = first
        layers.append(_Separable(first))
        for channels in others:
            layers += [
                nn.Conv2d(before, channels, 2, stride=2),
                nn.GroupNorm(1, channels),
                _Separable(channels),
            ]
            before = channels
        self.look = nn.Sequential(*layers)
        self.narrow = nn.Conv2d(before, 24, 1)
        side = 112 // 4 // 2 ** len(others)
        self.tell = nn.Linear(24 * side * side, config.embedding)

    def forward(self, cutouts: Tensor) -> Tensor:
        """Return [B, E]; light and contrast of the whole cut-out are taken out first."""
        mean = cutouts.mean(dim=(1, 2, 3), keepdim=True)
        spread = cutouts.std(dim=(1, 2, 3), keepdim=True) + 0.02
        seen = self.look((cutouts - mean) / spread)
        told: Tensor = self.tell(nn.functional.gelu(self.narrow(seen)).flatten(1))
        return told


class RegressorNet(nn.Module):
    """Landmarks, pose and embeddings to curves."""

    def __init__(self, config: RegressorConfig) -> None:
        super().__init__()
        self.config = config
        self.looker = Looker(config)
        moved = 3 * config.landmarks
        self.moved = nn.Linear(moved, config.width)
        self.shape = nn.Linear(moved, config.width)
        self.turned = nn.Linear(_POSE, config.width)
        self.seen = nn.Linear(2 * config.embedding, config.width)
        self.joined = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(config.width),
                nn.Linear(config.width, 2 * config.width),
                nn.GELU(),
                nn.Dropout(0.1),
                nn.Linear(2 * config.width, config.width),
            )
            for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, CURVES)

    def forward(
        self, moved: Tensor, shape: Tensor, turned: Tensor, seen: Tensor, at_rest: Tensor
    ) -> Tensor:
        """Return curves [B, 52], not yet held to 0..1.

        Args:
            moved: [B, P, 3] landmarks less those at rest, in `LANDMARK_UNIT_M`.
            shape: [B, P, 3] landmarks at rest less the head's own, in the same unit.
            turned: [B, 2] pitch and yaw of the head, radians.
            seen: [B, E] embedding of the cut-out.
            at_rest: [B, E] mean embedding of the face at rest.
        """
        values: Tensor = (
            self.moved(moved.flatten(1))
            + self.shape(shape.flatten(1))
            + self.turned(turned)
            + self.seen(torch.cat([seen - at_rest, at_rest], dim=1))
        )
        for block in self.joined:
            values = values + block(values)
        curves: Tensor = self.output(self.norm(values))
        return curves
