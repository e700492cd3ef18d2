"""What the face does for each phone: targets and how firmly they are held.

Values are for a standard ARKit face in conversation. They follow the rules of JALI (Edwards,
Landreth, Fiume and Singh 2016, "JALI: an animator-centric viseme model", section 4): lips and jaw
are separate, the tongue-only consonants leave the lips to their neighbours, sibilants close the
jaw, and lip shapes of rounded sounds spread over what stands beside them. Jaw
heights of consonants, and how firmly they are held, follow Keating, Lindblom, Lubker and Kreiman
(1994, "Variability in jaw height for segments in English and Swedish VCVs"): sibilants highest and
firmest, then T and D, then N and L; K, G, H and the bilabials take their vowels'. Closures and
the labiodental bite are not targets here: they are constraints, in `closures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from animdrive.sources.audio.language.inventory import SILENCE

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "jaw": ("jawOpen", "jawForward"),
        "round": ("mouthFunnel", "mouthPucker"),
        "spread": (
            "mouthStretchLeft",
            "mouthStretchRight",
            "mouthDimpleLeft",
            "mouthDimpleRight",
            "mouthSmileLeft",
            "mouthSmileRight",
        ),
        "part": (
            "mouthLowerDownLeft",
            "mouthLowerDownRight",
            "mouthUpperUpLeft",
            "mouthUpperUpRight",
        ),
        "tongue": ("tongueOut",),
    }
)
"""Articulators: the curves that move as one, each group with its own firmness and reach."""


@dataclass(frozen=True)
class Pose:
    """One phone, or one half of a diphthong."""

    values: Mapping[str, float]
    """Curve → target 0..1; curves of the groups that are not named have target 0."""
    hold: Mapping[str, float]
    """Group → how firmly its target is held: 0 leaves it to the neighbours, 1 is a vowel's own,
    and more lets no neighbour change it."""
    share: float = 1.0
    """Which part of the phone's time it takes; the shares of a phone sum to 1."""

    def over(self, share: float) -> Pose:
        """Return the same pose for that share of the phone's time."""
        return replace(self, share=share)


def _pose(
    *,
    jaw: float,
    firm: float,
    lips: float,
    forward: float = 0.0,
    pucker: float = 0.0,
    funnel: float = 0.0,
    spread: float = 0.0,
    smile: float = 0.0,
    lower: float = 0.0,
    upper: float = 0.0,
    tongue: float = 0.0,
) -> Pose:
    """Build a pose; `firm` is the hold of the jaw, `lips` that of rounding, spread and parting."""
    values = {
        "jawOpen": jaw,
        "jawForward": forward,
        "mouthPucker": pucker,
        "mouthFunnel": funnel,
        "mouthStretchLeft": spread,
        "mouthStretchRight": spread,
        "mouthDimpleLeft": 0.3 * spread,
        "mouthDimpleRight": 0.3 * spread,
        "mouthSmileLeft": smile,
        "mouthSmileRight": smile,
        "mouthLowerDownLeft": lower,
        "mouthLowerDownRight": lower,
        "mouthUpperUpLeft": upper,
        "mouthUpperUpRight": upper,
        "tongueOut": tongue,
    }
    hold = {"jaw": firm, "round": lips, "spread": lips, "part": lips, "tongue": 0.8}
    return Pose(values={curve: value for curve, value in values.items() if value}, hold=hold)


_REST = Pose(values={}, hold=dict.fromkeys(GROUPS, 1.0))
_AA = _pose(jaw=0.55, firm=0.9, lips=0.35, lower=0.10, upper=0.04)
_OO = _pose(jaw=0.11, firm=0.8, lips=2.0, pucker=0.75, funnel=0.30)
_EE = _pose(jaw=0.17, firm=0.7, lips=0.5, spread=0.32, smile=0.10, lower=0.14, upper=0.07)
_IH = _pose(jaw=0.22, firm=0.6, lips=0.35, spread=0.20, smile=0.05, lower=0.12, upper=0.05)
_AO = _pose(jaw=0.44, firm=0.85, lips=0.9, pucker=0.38, funnel=0.38)
_EH = _pose(jaw=0.38, firm=0.8, lips=0.4, spread=0.20, lower=0.14, upper=0.06)
_AE = _pose(jaw=0.50, firm=0.9, lips=0.45, spread=0.22, lower=0.18, upper=0.09)

_SIBILANT = _pose(jaw=0.05, firm=2.2, lips=0.6, spread=0.22, lower=0.38, upper=0.16)
_HUSH = _pose(
    jaw=0.05, firm=2.2, lips=0.75, funnel=0.45, pucker=0.22, forward=0.10, lower=0.14, upper=0.10
)
_HISS = _pose(jaw=0.05, firm=2.2, lips=0.6, spread=0.26, smile=0.04, lower=0.32, upper=0.14)
_CURLED = _pose(jaw=0.09, firm=1.8, lips=0.7, funnel=0.38, pucker=0.18, forward=0.06)
_TIP = _pose(jaw=0.12, firm=0.85, lips=0.12, lower=0.16, upper=0.05)
_TIP_LOOSE = _pose(jaw=0.16, firm=0.5, lips=0.12, lower=0.15, upper=0.05)
_BACK = _pose(jaw=0.20, firm=0.30, lips=0.05, lower=0.06)
_BETWEEN = _pose(jaw=0.18, firm=0.7, lips=0.25, lower=0.14, upper=0.06, tongue=0.42)
_LIPS_ONLY = _pose(jaw=0.16, firm=0.45, lips=0.12)
_BITE = _pose(jaw=0.09, firm=1.2, lips=0.25, upper=0.12)

POSES: Mapping[str, tuple[Pose, ...]] = MappingProxyType(
    {
        SILENCE: (_REST,),
        "AA": (_AA,),
        "AE": (_AE,),
        "AH": (_pose(jaw=0.36, firm=0.65, lips=0.2, lower=0.08, upper=0.03),),
        "AO": (_AO,),
        "AW": (_AA.over(0.6), _OO.over(0.4)),
        "AY": (_AA.over(0.6), _IH.over(0.4)),
        "EH": (_EH,),
        "ER": (_pose(jaw=0.22, firm=0.7, lips=0.6, pucker=0.24, funnel=0.22),),
        "EY": (_EH.over(0.55), _EE.over(0.45)),
        "IH": (_IH,),
        "IY": (_EE,),
        "OW": (_AO.over(0.5), _OO.over(0.5)),
        "OY": (_AO.over(0.55), _IH.over(0.45)),
        "UH": (_pose(jaw=0.22, firm=0.7, lips=1.2, pucker=0.45, funnel=0.28),),
        "UW": (_OO,),
        "B": (_LIPS_ONLY,),
        "P": (_LIPS_ONLY,),
        "M": (_LIPS_ONLY,),
        "F": (_BITE,),
        "V": (_BITE,),
        "W": (_pose(jaw=0.10, firm=0.8, lips=2.0, pucker=0.80, funnel=0.16),),
        "R": (_pose(jaw=0.16, firm=0.5, lips=0.55, pucker=0.28, funnel=0.25),),
        "S": (_SIBILANT,),
        "Z": (_SIBILANT,),
        "SH": (_HUSH,),
        "ZH": (_HUSH,),
        "CH": (_HUSH,),
        "JH": (_HUSH,),
        "TH": (_BETWEEN,),
        "DH": (_BETWEEN,),
        "T": (_TIP,),
        "D": (_TIP,),
        "DX": (_TIP_LOOSE,),
        "N": (_TIP_LOOSE,),
        "L": (_pose(jaw=0.22, firm=0.5, lips=0.10, lower=0.10, upper=0.03, tongue=0.05),),
        "K": (_BACK,),
        "G": (_BACK,),
        "NG": (_BACK,),
        "Y": (_pose(jaw=0.14, firm=0.5, lips=0.25, spread=0.22, lower=0.08),),
        "HH": (_pose(jaw=0.25, firm=0.08, lips=0.03),),
        "Q": (_pose(jaw=0.25, firm=0.05, lips=0.03),),
        # Sounds that English lacks: the tongue's part of one English neighbour, the lips' of
        # another. Values between the two where the sound lies between them.
        "a": (_pose(jaw=0.52, firm=0.9, lips=0.4, spread=0.08, lower=0.12, upper=0.05),),
        "e": (
            _pose(jaw=0.26, firm=0.75, lips=0.45, spread=0.27, smile=0.06, lower=0.14, upper=0.06),
        ),
        "o": (_pose(jaw=0.28, firm=0.85, lips=1.4, pucker=0.56, funnel=0.34),),
        "y": (_pose(jaw=0.10, firm=0.8, lips=2.0, pucker=0.78, funnel=0.26),),
        "ø": (_pose(jaw=0.22, firm=0.8, lips=1.4, pucker=0.56, funnel=0.30),),
        "œ": (_pose(jaw=0.36, firm=0.8, lips=1.0, pucker=0.36, funnel=0.36),),
        "ɯ": (_pose(jaw=0.15, firm=0.6, lips=0.4, spread=0.18, lower=0.10, upper=0.05),),
        "ɤ": (_pose(jaw=0.32, firm=0.75, lips=0.35, spread=0.12, lower=0.12, upper=0.05),),
        "ɨ": (_pose(jaw=0.09, firm=1.2, lips=0.45, spread=0.20, lower=0.18, upper=0.07),),
        # The lips come near each other and let the breath pass: the jaw brings them together, no
        # seal, no bite, and only little of the neighbours' parting is let through.
        "β": (_pose(jaw=0.06, firm=1.2, lips=0.5),),
        "r": (_TIP_LOOSE,),
        "ts": (_SIBILANT,),
        "dz": (_SIBILANT,),
        "ɕ": (_HISS,),
        "ʑ": (_HISS,),
        "tɕ": (_HISS,),
        "dʑ": (_HISS,),
        "ʂ": (_CURLED,),
        "ʐ": (_CURLED,),
        "ʈʂ": (_CURLED,),
        "ç": (
            _pose(jaw=0.13, firm=0.9, lips=0.35, spread=0.24, smile=0.05, lower=0.12, upper=0.05),
        ),
        "ɥ": (_pose(jaw=0.09, firm=0.8, lips=2.0, pucker=0.80, funnel=0.18),),
        "ɲ": (_pose(jaw=0.14, firm=0.55, lips=0.15, spread=0.12, lower=0.10, upper=0.03),),
        "ʎ": (_pose(jaw=0.18, firm=0.5, lips=0.15, spread=0.12, lower=0.10, upper=0.03),),
        "x": (_BACK,),
        "ɣ": (_BACK,),
        "ʁ": (_pose(jaw=0.22, firm=0.30, lips=0.05, lower=0.06),),
        "ħ": (_pose(jaw=0.34, firm=0.25, lips=0.05, lower=0.06),),
    }
)
"""Every phone of the inventory → its poses in order."""
