"""The live network on sound that is still running: samples in, posteriors of phones out.

Every convolution keeps just the frames that its next result needs, so that a new frame costs one
row of each layer, however far back the network sees (Paine et al. 2016, "Fast WaveNet").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.errors import ContractError
from animdrive.sources.audio.acoustic.features import (
    BANDS,
    PRE_EMPHASIS,
    WINDOW,
    frames_in,
    power_of_windows,
)
from animdrive.sources.audio.acoustic.network import LIVE, Layer, Network, load_network
from animdrive.sources.audio.acoustic.running import RunningMeasure, running_log_mel
from animdrive.sources.audio.sound import HOP_S, HOP_SAMPLES, SAMPLE_RATE

Floats = npt.NDArray[np.float32]

_MARGIN = (WINDOW - HOP_SAMPLES) // 2
"""Samples of a window before its frame; as many come after it."""


class AcousticStream:
    """A `PhoneStream` of our own network. The same sound gives the same, whatever its pieces.

    F frames, P phones. Equal to `Network.log_posteriors` of the whole sound but for rounding.
    """

    hop_s = HOP_S
    """Seconds from frame to frame."""

    def __init__(self, network: Network | None = None) -> None:
        """Begin at 0 s.

        Args:
            network: One that was trained on running sound; by default the shipped one.

        Raises:
            ContractError: the network was trained on whole clips.
            WeightsError: the shipped one is missing or altered.
        """
        network = network or load_network(LIVE)
        if not network.running:
            raise ContractError(
                "This network was trained on whole clips and cannot hear running sound. Train "
                "one with '--preset live'."
            )
        self.symbols = network.symbols
        """P phones, the columns of what it returns."""
        self.look_ahead_s = network.reach[1] * HOP_S + _MARGIN / SAMPLE_RATE
        """How much later than the sound a frame's posteriors come, seconds."""
        self._spectra = _RunningSpectra()
        self._measure = RunningMeasure()
        self._layers = _RunningLayers(network)

    def push(self, samples: npt.NDArray[np.float32]) -> Floats:
        """Take the next samples [N] at 16 kHz, -1..1; return [F, P], the frames that are final.

        F may be 0. Rows sum to 1.
        """
        power = self._spectra.push(samples)
        if not len(power):
            return np.zeros((0, len(self.symbols)), dtype=np.float32)
        return self._layers.push(self._heard(power))

    def finish(self) -> Floats:
        """Return [F, P], the frames still waiting, the last one perhaps filled in part only.

        Nothing is pushed afterwards.
        """
        return self._layers.finish(self._heard(self._spectra.finish()))

    def _heard(self, power: Floats) -> Floats:
        return self._measure.push(running_log_mel(power))


class _RunningSpectra:
    """`features.power_spectra`, piece by piece."""

    def __init__(self) -> None:
        self._before = np.float32(0.0)
        self._waiting = np.zeros(_MARGIN, dtype=np.float32)  # nothing was heard before the start
        self._samples = 0

    def push(self, samples: npt.NDArray[np.float32]) -> Floats:
        """Take samples [N]; return [F, 128] power of the frames whose window is full."""
        fresh = np.asarray(samples, dtype=np.float32)
        shifted = np.concatenate([[self._before], fresh[:-1]]) if len(fresh) else fresh
        self._before = fresh[-1] if len(fresh) else self._before
        self._samples += len(fresh)
        return self._full(fresh - PRE_EMPHASIS * shifted)

    def finish(self) -> Floats:
        """Return [F, 128] power of the frames that remain, with silence after them."""
        missing = frames_in(self._samples) * HOP_SAMPLES - self._samples
        return self._full(np.zeros(missing + _MARGIN if self._samples else 0, np.float32))

    def _full(self, sharp: Floats) -> Floats:
        self._waiting = np.concatenate([self._waiting, sharp])
        windows = np.zeros((0, WINDOW), dtype=np.float32)
        if len(self._waiting) >= WINDOW:
            every = np.lib.stride_tricks.sliding_window_view(self._waiting, WINDOW)
            windows = every[::HOP_SAMPLES]
        self._waiting = self._waiting[len(windows) * HOP_SAMPLES :]
        return power_of_windows(windows)


class _RunningLayers:
    """A network, of which every convolution remembers the frames that it still needs."""

    def __init__(self, network: Network) -> None:
        self._network = network
        widths = [BANDS, *(len(layer.taps[0]) for layer in network.layers[1:])]
        # What lies before the sound counts as 0 in every layer, as in whole clips.
        self._held = [
            np.zeros((layer.reach[0], width), dtype=np.float32)
            for layer, width in zip(network.layers, widths, strict=True)
        ]

    def push(self, features: Floats, *, last: bool = False) -> Floats:
        """Take frames [N, 40]; return [F, P] posteriors of those that are final."""
        first, *blocks = self._network.layers
        values, _ = self._convolved(0, first, features, last)
        for number, (layer, mix) in enumerate(zip(blocks, self._network.mixes, strict=True), 1):
            hidden, own = self._convolved(number, layer, values, last)
            weight, bias = mix
            values = own + (np.maximum(hidden, 0.0) @ weight + bias)
        posteriors: Floats = np.exp(self._network.read_out(values))
        return posteriors

    def finish(self, features: Floats) -> Floats:
        """Take the last frames [N, 40]; return [F, P] posteriors of all that remain."""
        return self.push(features, last=True)

    def _convolved(
        self, number: int, layer: Layer, fresh: Floats, last: bool
    ) -> tuple[Floats, Floats]:
        """Return [F, C] results of layer `number`, and [F, C_in] the frames that they are of."""
        left, right = layer.reach
        after = np.zeros((right if last else 0, fresh.shape[1]), dtype=np.float32)
        values = np.concatenate([self._held[number], fresh, after])
        count = max(len(values) - left - right, 0)
        self._held[number] = values[count:]
        return layer.run(values, left), values[left : left + count]
