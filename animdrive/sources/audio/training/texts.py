"""Sentences to be spoken: the fortune cookies of Debian, one package for each language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from animdrive.errors import BackendError, InputError

FORTUNES = Path("/usr/share/games/fortunes")
"""Where Debian's packages put them."""


@dataclass(frozen=True)
class TextSource:
    """The files of one language."""

    patterns: tuple[str, ...]
    """Within the folder."""
    package: str
    """Of Debian."""
    encoding: str = "latin-1"
    """Of a file that is not UTF-8."""


_ENGLISH = (
    "people wisdom science literature work education food kids men-women pets platitudes law "
    "medicine news computers definitions politics sports riddles art love magic miscellaneous "
    "humorists"
)

SOURCES: dict[str, TextSource] = {
    "en": TextSource(tuple(_ENGLISH.split()), "fortunes"),
    "cs": TextSource(("cs/*",), "fortunes-cs", "iso-8859-2"),
    "de": TextSource(("de/*",), "fortunes-de"),
    "es": TextSource(("es/*",), "fortunes-es"),
    "it": TextSource(("it/*", "italia", "definizioni"), "fortunes-it"),
    "pt": TextSource(("brasil",), "fortunes-br"),
    "ru": TextSource(("ru/*",), "fortunes-ru", "koi8-r"),
    "zh": TextSource(("tang300", "song100", "chinese"), "fortunes-zh"),
}
"""Language → its fortunes."""

_SHORTEST, _LONGEST = 25, 140
_SHORTEST_CHINESE, _LONGEST_CHINESE = 6, 40
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SIGNATURE = re.compile(r"--.*", re.DOTALL)
_SIGNS = re.compile(r"[\[\]<>{}|*_#@~^\"“”„»«()=+\\/`$%&]")
_ENDS = re.compile(r"(?<=[.!?;])\s+")
_CHINESE_ENDS = re.compile(r"(?<=[.!?。！？])\s*")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_UNSPEAKABLE = re.compile(r"\d{3}|[A-Z]{5}|http|\.\w")
"""Long numbers, shouting, addresses: what a voice spells out or gets wrong."""


def cleaned(item: str, *, language: str) -> list[str]:
    """Return the sentences of one text that can be read aloud.

    Who said it, colours of a terminal and signs that nobody says are taken out; what is too short,
    too long or full of digits and capitals is left out.

    Args:
        item: Any text.
        language: A key of `SOURCES`; Chinese is cut at its own full stops.
    """
    text = _SIGNS.sub(" ", _SIGNATURE.sub("", _COLOUR.sub("", item)))
    chinese = language == "zh"
    parts = (_CHINESE_ENDS if chinese else _ENDS).split(" ".join(text.split()))
    found = (" ".join(part.split()) for part in parts)
    if chinese:
        return [
            part
            for part in found
            if _SHORTEST_CHINESE <= len(part) <= _LONGEST_CHINESE and _CHINESE.search(part)
        ]
    return [
        part
        for part in found
        if _SHORTEST <= len(part) <= _LONGEST and not _UNSPEAKABLE.search(part)
    ]


def sentences(language: str, *, seed: int, folder: Path = FORTUNES) -> list[str]:
    """Return all sentences of a language, shuffled.

    Raises:
        InputError: no fortunes are known of that language.
        BackendError: they are not installed.
    """
    if language not in SOURCES:
        raise InputError(f"No texts in '{language}'. Known are {', '.join(SOURCES)}.")
    source = SOURCES[language]
    found = [
        sentence
        for file in _files(source, folder)
        for item in re.split(r"\n%\n", _read(file, source.encoding))
        for sentence in cleaned(item, language=language)
    ]
    if not found:
        raise BackendError(
            f"No sentences to speak in '{language}' under {folder}. "
            f"Install them: apt install {source.package}."
        )
    order = np.random.default_rng(seed).permutation(len(found))
    return [found[place] for place in order]


def _files(source: TextSource, folder: Path) -> Iterator[Path]:
    """Yield each text once: the UTF-8 copy of Debian (.u8) where there is one."""
    for pattern in source.patterns:
        for file in sorted(folder.glob(pattern)):
            if file.suffix in (".dat", ".u8") or file.is_symlink() or not file.is_file():
                continue
            copy = file.with_name(f"{file.name}.u8")
            yield copy if copy.is_file() else file


def _read(file: Path, encoding: str) -> str:
    data = file.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(encoding, errors="replace")
