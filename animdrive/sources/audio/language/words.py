"""Words of a text while they are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from animdrive.contract.spoken import Pronunciation, Spoken, Word

__all__ = ["Lookup", "Pronunciation", "Spoken", "Word", "some", "unique"]

Lookup = Callable[[str], tuple[Pronunciation, ...]]
"""An English dictionary: a word in small letters → its pronunciations, none when it is not
there."""


def unique(said: Iterable[Pronunciation]) -> tuple[Pronunciation, ...]:
    """Return the pronunciations that have phones, each once, in order."""
    return tuple(dict.fromkeys(p for p in said if p))


def some(items: list[str]) -> str:
    """Return the first of `items`, quoted, for a note."""
    shown = ", ".join(f"'{item[:30]}'" for item in items[:5])
    return shown if len(items) <= 5 else f"{shown} and {len(items) - 5} more"
