"""What speaks for which phone in each frame: the network, and for English the Gaussians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.acoustic.cepstra import cepstra_of, with_motion
from animdrive.sources.audio.acoustic.features import features_of
from animdrive.sources.audio.acoustic.gaussians import STATES, load_gaussians
from animdrive.sources.audio.acoustic.network import Network, load_network
from animdrive.sources.audio.acoustic.senones import load_senones
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.language.ipa import arpabet_of

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

NETWORK_WEIGHT = 3.0
"""How much the network's logarithms count beside those of the Gaussians, which are larger."""
_LEAST = 1e-4
"""Smallest posterior: no single frame may rule a phone out."""
_FLAP = "DX"
_INSIDE, _FIRST, _LAST, _ALONE = range(4)
"""Places in a word, as the Gaussians' triphones name them."""


@dataclass(frozen=True)
class Place:
    """A phone where it stands."""

    symbol: str
    """Of the inventory."""
    left: str = SILENCE
    """The phone before it."""
    right: str = SILENCE
    """The phone after it."""
    first: bool = True
    """Whether it begins its word."""
    last: bool = True
    """Whether it ends its word."""


@dataclass
class _Scored:
    """Senones whose scores are known in a stretch of frames."""

    first: int = 0
    end: int = 0
    senones: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    """[N], each once."""
    scores: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    """[end - first, N]."""

    def of(self, senones: Ints) -> Floats:
        """Return [end - first, W] scores of [W] senones, any of them more than once."""
        order = np.argsort(self.senones)
        at = order[np.searchsorted(self.senones, senones, sorter=order)]
        return np.take(self.scores, at, axis=1)


class Evidence:
    """Posteriors and features of a clip, asked stretch by stretch.

    Memory: 0.4 kB a frame, and the scores of the stretch that was asked last.
    """

    def __init__(self, samples: Floats, *, english: bool, network: Network | None = None) -> None:
        """Listen to [N] `samples` at 16 kHz; `english` adds the Gaussians."""
        net = network or load_network()
        self._symbols = {symbol: column for column, symbol in enumerate(net.symbols)}
        self.log_posteriors = net.log_posteriors(features_of(samples))
        self.network = net
        self._cepstra = with_motion(cepstra_of(samples)) if english else ()
        self.english = english
        self._scored = _Scored()

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.log_posteriors)

    def of_phones(self, first: int, end: int) -> dict[str, Floats]:
        """Return logarithms of posteriors [end - first] for each symbol, none below ``log 1e-4``.

        A sound that English lacks also takes what speaks for the nearest that English has: most
        training voices are English. A flap counts for T and D.
        """
        shares = np.exp(self.log_posteriors[first:end])
        result = {}
        for symbol, column in self._symbols.items():
            share = shares[:, column]
            near = arpabet_of(symbol)[0]
            if near != symbol:
                share = share + shares[:, self._symbols[near]]
            if symbol in ("T", "D"):
                share = share + shares[:, self._symbols[_FLAP]]
            result[symbol] = np.log(np.maximum(share, _LEAST))
        return result

    def of_places(self, places: Sequence[Place], first: int, end: int) -> Floats:
        """Return [end - first, 3 x places] logarithms for the three states of each place."""
        phones = self.of_phones(first, end)
        network = np.stack([phones[place.symbol] for place in places], axis=1)
        if not self.english:
            return np.repeat(network, STATES, axis=1)
        senones = np.concatenate([senones_of(place) for place in places])
        self._score(senones, first, end)
        both = self._scored.of(senones)
        network *= NETWORK_WEIGHT
        both.reshape(len(both), len(places), STATES)[...] += network[:, :, None]
        return both

    def _score(self, senones: Ints, first: int, end: int) -> None:
        """Score those of [W] senones that are not scored yet; the stretch asked last is kept.

        A text is searched for twice, and nearly all its senones are asked for twice.
        """
        if (self._scored.first, self._scored.end) != (first, end):
            self._scored = _Scored(first, end)
        kept = self._scored
        new = np.setdiff1d(senones, kept.senones)
        if not len(new):
            return
        scores = load_senones().scores(tuple(stream[first:end] for stream in self._cepstra), new)
        kept.scores = np.hstack([kept.scores, scores]) if len(kept.senones) else scores
        kept.senones = np.concatenate([kept.senones, new])

    def of_senones(self, first: int, end: int, asked: npt.NDArray[np.bool_]) -> Floats:
        """Return [end - first, S] the scores of the English model's states.

        Args:
            first: First frame.
            end: One past the last.
            asked: [end - first, C] whose states, of the model's phones; those of others are 0.
        """
        streams = tuple(stream[first:end] for stream in self._cepstra)
        return load_senones().scores_where(streams, asked)


def english_index(symbol: str) -> int:
    """Return the number of the English model's phone that is nearest to a symbol."""
    return load_gaussians().phones.index(_near(symbol))


def _near(symbol: str) -> str:
    model = load_gaussians().phones
    for near in (symbol, *arpabet_of(symbol)):
        if near in model:
            return near
    return {"DX": "D", "Q": SILENCE}.get(symbol, SILENCE)


@lru_cache(maxsize=4096)
def senones_of(place: Place) -> Ints:
    """Return [3] the states of a phone in its context; without context where that is unknown."""
    model = load_gaussians()
    phone, left, right = (english_index(s) for s in (place.symbol, place.left, place.right))
    where = {(True, True): _ALONE, (True, False): _FIRST, (False, True): _LAST}.get(
        (place.first, place.last), _INSIDE
    )
    known = [
        row
        for at in (where, _INSIDE, _FIRST, _LAST, _ALONE)
        if (row := int(model.triphones[at, phone, left, right])) >= 0
    ]
    states: Ints = model.senones[known[0] if known and place.symbol != SILENCE else phone]
    return states
