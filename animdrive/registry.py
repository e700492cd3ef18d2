"""Tables of backends: listing them imports none."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from animdrive.errors import BackendError


class Registry:
    """One stage's backends: a table of ``name -> "module:attribute"``.

    A table rather than a decorator, so that listing backends (``animdrive --help``) imports
    none of them, and so that the file that adds a backend is the file a reader looks in.
    """

    def __init__(self, stage: str, table: Mapping[str, str]) -> None:
        self.stage = stage
        self._table = dict(table)

    def names(self) -> tuple[str, ...]:
        """Return the names in the order of the table; the first is the default."""
        return tuple(self._table)

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def load(self, name: str) -> Any:
        """Return the implementation called `name`.

        Raises:
            BackendError: no such name, or a package that it needs is not installed.
        """
        if name not in self._table:
            known = ", ".join(self.names())
            raise BackendError(f"Unknown {self.stage} '{name}'. Available: {known}.")
        module, _, attribute = self._table[name].partition(":")
        try:
            return getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("animdrive"):
                raise  # a wrong row in our own table is a bug, not a missing extra
            raise BackendError(
                f"{self.stage} '{name}' needs '{error.name}', which is not installed. "
                f"See 'animdrive doctor' for the cure."
            ) from error
