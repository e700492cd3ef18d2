"""Fitting the strengths of the muscles to the curves, and booking them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import WeightsError
from animdrive.files import sha256_of, write_text
from animdrive.tissue.calibrate import CurveFit, fit_gains
from animdrive.weights import weights_folder


def fit_tissue(
    path: Path | None = None, *, progress: Progress = no_progress
) -> tuple[Path, str, list[CurveFit]]:
    """Fit the muscles of our own head and write them, by default to ``weights/``, and book them.

    Returns:
        Where they lie, their sha256, and how near each curve came.
    """
    from animdrive.rig.head import load_head
    from animdrive.tissue.simulate import TissueSimulator, gain_rows, save_gains

    head = load_head()
    names = head.rig.names
    progress("growing the tissue", 0.0)
    simulator = TissueSimulator(head, np.zeros((gain_rows(head), len(names))))
    gains, fits = fit_gains(simulator.anatomy, head.rig, simulator.lips, progress=progress)
    shipped = weights_folder() / "tissue.safetensors"
    target = shipped if path is None else Path(path)
    save_gains(target, names, simulator.anatomy.muscles, gains)
    digest = sha256_of(target)
    if path is None:
        book = weights_folder() / "manifest.toml"
        row = re.compile(r'(\[tissue\][^\[]*?sha256 = ")[0-9a-f]{64}(")', re.DOTALL)
        text, booked = row.subn(rf"\g<1>{digest}\g<2>", book.read_text(encoding="utf-8"))
        if not booked:
            raise WeightsError(f"{book} has no row [tissue] with a sha256; add one and fit again.")
        write_text(book, text)
    return target, digest, fits
