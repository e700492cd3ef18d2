"""What every voice calls its sounds, as phones of the inventory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from animdrive.errors import ContractError
from animdrive.sources.audio.language.english_ipa import arpabet_from_ipa
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.language.ipa import phones_from_ipa
from animdrive.sources.audio.training.voices import Voice

Phones = tuple[str, ...]


def _table(text: str) -> dict[str, Phones]:
    """Return "name > phones; ..." as a table."""
    rows = (row.partition(">") for row in text.split(";"))
    return {name.strip(): tuple(phones.split()) for name, _, phones in rows}


ENGLISH: dict[str, Phones] = {
    **{
        name: (name.upper(),)
        for name in "aa ae ah ao aw ay b ch d dh dx eh er ey f g hh ih iy jh k l m n ng ow oy p r "
        "s sh t th uh uw v w y z zh".split()
    },
    **_table(
        "ax>AH; axr>ER; ix>IH; ux>UW; hv>HH; nx>N; en>AH N; em>AH M; el>AH L; "
        "pau>SIL; h#>SIL; brth>SIL; ssil>SIL; #>SIL"
    ),
}
"""The radio phone set of festival and flite."""

ITALIAN = _table(
    "#>SIL; a>a; e>e; E>EH; i>IY; o>o; O>AO; u>UW; t>T; d>D; p>P; b>B; k>K; g>G; f>F; v>V; s>S; "
    "z>Z; S>SH; ts>ts; dz>dz; tS>CH; dZ>JH; m>M; n>N; nf>N; ng>NG; J>ɲ; l>L; L>ʎ; r>r; j>Y; w>W"
)
"""The phone set of festival's Italian voices; a stressed vowel has a 1 behind it."""

CZECH = _table(
    "#>SIL; _>Q; a>a; a:>a; e>EH; e:>EH; i>IH; i:>IY; o>o; o:>o; u>UH; u:>UW; a_u>a UH; e_u>EH UH; "
    "o_u>o UH; p>P; b>B; t>T; d>D; k>K; g>G; t~>tɕ; d~>dʑ; f>F; v>V; s>S; z>Z; s~>SH; z~>ZH; c>ts; "
    "c~>CH; dz>dz; dz~>JH; m>M; m*>M; n>N; n~>ɲ; N>NG; n*>NG; h>HH; ch>x; x>x; g*>ɣ; j>Y; r>r; "
    "r~>ʐ; R~>ʐ; r~*>ʂ; l>L; r=>r; l=>L; m=>M"
)
"""The phone set of festival's Czech voices: a tilde is a hook, a colon length, an equals sign a
syllable, an asterisk a neighbour's colour."""

RUSSIAN = _table(
    "pau>SIL; a>a; aa>a; ae>AH; ay>AH; e>EH; ee>EH; i>IH; ii>IY; ie>IH; o>o; oo>o; u>UH; uu>UW; "
    "y>ɨ; yy>ɨ; ur>UH; ia>AH; zh>ʐ; zhh>ʐ; sh>ʂ; ch>tɕ; sch>ɕ; c>ts; h>x; hh>ç; j>Y; r>r; rr>r; "
    "l>L; ll>L; z>Z; zz>Z; s>S; ss>S; t>T; tt>T; d>D; dd>D; p>P; pp>P; b>B; bb>B; k>K; kk>K; g>G; "
    "gg>G; f>F; ff>F; v>V; vv>V; m>M; mm>M; n>N; nn>N"
)
"""The phone set of festival's Russian voice: double vowels are stressed, double consonants soft."""

_OF_FESTIVAL = {"en": ENGLISH, "it": ITALIAN, "cs": CZECH, "ru": RUSSIAN}
_OTHER_LANGUAGE = re.compile(r"\(([a-z]{2,3})(?:-[a-z0-9-]+)?\)")
_HEARD = {"ɾ": ("DX",), "ʔ": ("Q",)}
"""Where dictionaries of English spell another sound than is heard."""


def phones_of_label(voice: Voice, label: str, *, language: str = "") -> Phones:
    """Return the phones of one of a voice's names.

    Args:
        voice: Whose.
        label: Its name of a sound.
        language: In espeak-ng, the language of the word; the voice's if empty.

    Returns:
        One phone, or several that share its time; nothing where the name is a mark and no sound.

    Raises:
        ContractError: the tables do not know it.
    """
    if voice.engine == "espeak":
        return _from_espeak(label, language or voice.name)
    plain = label.rstrip("1") if voice.language == "it" else label
    phones = _OF_FESTIVAL[voice.language].get(plain)
    if phones is None:
        raise ContractError(f"Voice {voice.key} says '{label}', which is no phone of its tables.")
    return phones


def _from_espeak(label: str, language: str) -> Phones:
    if not label:
        return (SILENCE,)
    if _OTHER_LANGUAGE.fullmatch(label):
        return ()
    base = language.split("-")[0]
    plain = label.translate({ord(mark): None for mark in "ˈˌ"})
    if base == "en":
        phones = _HEARD.get(plain) or arpabet_from_ipa(plain)
    else:
        # Brazil's "leite" ends with what espeak-ng writes as y and says as the vowel of "bit".
        phones = ("IH",) if base == "pt" and plain == "y" else phones_from_ipa(plain, language=base)
    if not phones:
        raise ContractError(f"espeak-ng says '{label}' in '{language}', which is no known IPA.")
    return tuple(phone for phone, _ in groupby(phones))  # "ss" is one, and long


def timed_phones(
    voice: Voice, labels: Iterable[tuple[str, float, float]]
) -> list[tuple[str | None, float, float]]:
    """Return labels as (phone, start, end); several phones of one label share its time evenly.

    A name that the tables do not know is told as None, to be left out of what is learned. Words of
    another language, which espeak-ng marks, are read as that language.
    """
    language = voice.name
    timed: list[tuple[str | None, float, float]] = []
    for label, start, end in labels:
        mark = _OTHER_LANGUAGE.fullmatch(label) if voice.engine == "espeak" else None
        if mark:
            language = mark[1]
            continue
        try:
            phones = phones_of_label(voice, label, language=language)
        except ContractError:
            timed.append((None, start, end))
            continue
        step = (end - start) / max(len(phones), 1)
        for place, phone in enumerate(phones):
            timed.append((phone, start + place * step, start + (place + 1) * step))
    return timed
