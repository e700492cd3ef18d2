"""Who speaks the sentences: free voices, what is asked of each, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from animdrive.errors import InputError

FORTUNES, MADE_UP = "fortunes", "made up"
"""Where a voice's sentences are from: `texts` or `made_up`."""


@dataclass(frozen=True)
class Voice:
    """One synthetic voice and its part in the training."""

    engine: str
    """"flite", "festival" or "espeak"."""
    name: str
    """As the engine calls it; espeak takes a code of language."""
    language: str
    """Code of what it speaks, two letters."""
    minutes: float
    """How much of it is made."""
    weight: float
    """How often it is drawn in training, against the other voices."""
    licence: str
    """Of the voice."""
    package: str
    """That brings it: Debian's, or a wheel's."""
    text: str = FORTUNES
    """`FORTUNES` or `MADE_UP`."""
    encoding: str = "utf-8"
    """Of the text that festival's voice reads."""

    @property
    def key(self) -> str:
        """Name for files and tables."""
        return f"{self.engine}_{self.name}"

    @property
    def group(self) -> str:
        """Which prior its labels count for, besides that of all: "en", "zh" or "any"."""
        return self.language if self.language in ("en", "zh") else "any"


_CMU = "BSD-like (Carnegie Mellon University)"
_HTS = "BSD-3-Clause and Festival's (MIT-like)"
_ESPEAK = "GPL-3.0-or-later"
_WHEEL = "espeakng-loader (wheel)"


def _flite(name: str, minutes: float, weight: float) -> Voice:
    return Voice("flite", name, "en", minutes, weight, _CMU, "flite")


def _espeak(name: str, language: str, minutes: float, weight: float, text: str = FORTUNES) -> Voice:
    return Voice("espeak", name, language, minutes, weight, _ESPEAK, _WHEEL, text)


def _czech(name: str, licence: str, package: str) -> Voice:
    return Voice(
        "festival", name, "cs", 12, 2, licence, package, FORTUNES, "iso-8859-2"
    )  # fmt: skip


def _italian(name: str, package: str) -> Voice:
    return Voice(
        "festival", name, "it", 15, 4, "GPL-2.0-or-later", package, FORTUNES, "iso-8859-1"
    )  # fmt: skip


EVERY_VOICE: tuple[Voice, ...] = (
    _flite("rms", 40, 12),
    _flite("awb", 40, 10),
    _flite("slt", 30, 8),
    _flite("kal16", 5, 1),
    Voice("festival", "ked_diphone", "en", 40, 14, _CMU, "festvox-kdlpc16k"),
    Voice("festival", "kal_diphone", "en", 40, 12, _CMU, "festvox-kallpc16k"),
    Voice("festival", "cmu_us_slt_arctic_hts", "en", 30, 8, _HTS, "festvox-us-slt-hts"),
    _italian("lp_diphone", "festvox-italp16k"),
    _italian("pc_diphone", "festvox-itapc16k"),
    Voice("festival", "msu_ru_nsh_clunits", "ru", 25, 4, "BSD-like", "festvox-ru"),
    _czech("czech_dita", "GPL-3.0-or-later", "festvox-czech-dita"),
    _czech("czech_ph", "GPL-2.0-or-later", "festvox-czech-ph"),
    _czech("czech_machac", "GPL-3.0-or-later", "festvox-czech-machac"),
    _espeak("en-us", "en", 12, 5),
    _espeak("cmn", "zh", 30, 9),
    _espeak("de", "de", 10, 3),
    _espeak("es", "es", 10, 3),
    _espeak("it", "it", 6, 1.5),
    _espeak("pt-br", "pt", 6, 1.5),
    _espeak("fr-fr", "fr", 8, 2, MADE_UP),
)
"""All voices. Those that were built from recordings of a real speaker count most."""

ESPEAK_VOICES: tuple[Voice, ...] = (
    _espeak("en-us", "en", 30, 10, MADE_UP),
    _espeak("en-gb", "en", 10, 4, MADE_UP),
    _espeak("cmn", "zh", 20, 9, MADE_UP),
    _espeak("de", "de", 8, 3, MADE_UP),
    _espeak("es", "es", 8, 3, MADE_UP),
    _espeak("fr-fr", "fr", 8, 3, MADE_UP),
    _espeak("it", "it", 6, 2, MADE_UP),
    _espeak("pt-br", "pt", 6, 2, MADE_UP),
)
"""What works wherever this package is installed."""

VOICE_SETS: dict[str, tuple[Voice, ...]] = {"all": EVERY_VOICE, "espeak": ESPEAK_VOICES}
"""Name of a set → its voices."""


def voice_set(name: str) -> tuple[Voice, ...]:
    """Return the voices of a set.

    Raises:
        InputError: there is no such set.
    """
    if name not in VOICE_SETS:
        raise InputError(f"No set of voices '{name}'. Known are {', '.join(VOICE_SETS)}.")
    return VOICE_SETS[name]
