"""A table of measures over time: one line per frame, tabs between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.files import written_aside

Block = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Times [N] in seconds, and values [N, K]."""


def write_measures_tsv(columns: Sequence[str], blocks: Iterable[Block], path: Path) -> None:
    """Write ``time_s`` with six decimals and `columns` with four, whole or not at all.

    Args:
        columns: K names, with their units.
        blocks: In the order of time; each is written before the next one is asked for, so that no
            more than one is held.
        path: Where.

    Raises:
        InputError: the file cannot be written.
    """
    with written_aside(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("\t".join(("time_s", *columns)) + "\n")
        for times, values in blocks:
            for time, row in zip(times, np.round(values, 4) + 0.0, strict=True):  # no -0
                stream.write(f"{time:.6f}\t" + "\t".join(f"{value:.4f}" for value in row) + "\n")
