"""A network's opinion that is made up, in place of sound."""

import numpy as np

from animdrive.contract.spoken import Word
from animdrive.sources.audio.acoustic.evidence import Evidence
from animdrive.sources.audio.language.inventory import SYMBOLS


class Heard(Evidence):
    """Evidence of phones that are known, as certain as `sure`."""

    def __init__(self, phones, *, sure=0.9):
        """Of `phones`, one symbol for each frame."""
        self._symbols = {symbol: column for column, symbol in enumerate(SYMBOLS)}
        shares = np.full((len(phones), len(SYMBOLS)), (1 - sure) / (len(SYMBOLS) - 1))
        shares[np.arange(len(phones)), [SYMBOLS.index(phone) for phone in phones]] = sure
        self.log_posteriors = np.log(shares).astype(np.float32)
        self._cepstra = ()
        self.english = False


def frames(text):
    """Symbols of frames: ``"SIL*10 AA*3"``."""
    runs = (part.split("*") for part in text.split())
    return [symbol for symbol, count in runs for _ in range(int(count))]


def word(text, *pronunciations):
    """A word and how it may be said, each as in ``"HH AH L OW"``."""
    return Word(text, tuple(tuple(said.split()) for said in pronunciations))


def runs(spans):
    """Spans in short: ``"SIL*10 AA*3"``."""
    return " ".join(f"{span.label}*{span.end - span.first}" for span in spans)
