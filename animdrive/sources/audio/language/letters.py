"""Letters to sounds by rule: the last resort where espeak-ng cannot be used."""

from __future__ import annotations

_SOUNDS: dict[str, str] = {
    "tion": "SH AH N",
    "sion": "ZH AH N",
    "ough": "AO",
    "augh": "AO",
    "eigh": "EY",
    "igh": "AY",
    "tch": "CH",
    "sch": "S K",
    "dge": "JH",
    "ch": "CH",
    "sh": "SH",
    "th": "TH",
    "ph": "F",
    "gh": "G",
    "wh": "W",
    "ck": "K",
    "ng": "NG",
    "qu": "K W",
    "kn": "N",
    "wr": "R",
    "ee": "IY",
    "ea": "IY",
    "ie": "IY",
    "ei": "EY",
    "ai": "EY",
    "ay": "EY",
    "ey": "IY",
    "oa": "OW",
    "ow": "OW",
    "ou": "AW",
    "oo": "UW",
    "oi": "OY",
    "oy": "OY",
    "au": "AO",
    "aw": "AO",
    "ew": "UW",
    "ue": "UW",
    "ar": "AA R",
    "or": "AO R",
    "er": "ER",
    "ir": "ER",
    "ur": "ER",
    "a": "AE",
    "b": "B",
    "c": "K",
    "d": "D",
    "e": "EH",
    "f": "F",
    "g": "G",
    "h": "HH",
    "i": "IH",
    "j": "JH",
    "k": "K",
    "l": "L",
    "m": "M",
    "n": "N",
    "o": "AA",
    "p": "P",
    "q": "K",
    "r": "R",
    "s": "S",
    "t": "T",
    "u": "AH",
    "v": "V",
    "w": "W",
    "x": "K S",
    "y": "IY",
    "z": "Z",
}
_LONGEST = max(map(len, _SOUNDS))
_SOFT = "eiy"


def phones_from_letters(word: str) -> tuple[str, ...]:
    """Return ARPABET phones for the letters a-z of `word`; other characters are passed over.

    Good enough to place lips, not to be listened to: digraphs first, soft c and g before e, i
    and y, a silent e at the end, a doubled letter once.
    """
    text = "".join(letter for letter in word.lower() if "a" <= letter <= "z")
    if len(text) > 3 and text.endswith("e") and text[-2] not in "aeiou":
        text = text[:-1]
    phones: list[str] = []
    at = 0
    while at < len(text):
        if at and text[at] == text[at - 1] and text[at] not in "aeiou":
            at += 1
            continue
        if text[at] in "cg" and text[at + 1 : at + 2] and text[at + 1] in _SOFT:
            phones.append("S" if text[at] == "c" else "JH")
            at += 1
            continue
        size = next(n for n in range(_LONGEST, 0, -1) if text[at : at + n] in _SOUNDS)
        phones += _SOUNDS[text[at : at + size]].split()
        at += size
    return tuple(phones)
