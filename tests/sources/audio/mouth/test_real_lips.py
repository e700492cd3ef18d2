"""The rules against the lips and jaw of a speaker with sensors, where the recording is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animdrive.contract import PhoneTrack, Segment
from animdrive.deformer.linear import LinearDeformer
from animdrive.rig.head import load_head
from animdrive.rig.skin_measures import COLUMNS, SkinMeasures
from animdrive.sources.audio.mouth.curves import mouth_from_phones

NAME = "haskins_F01_s01"
EVERY = 2
"""Of the sensors' 100 Hz, 50 are enough here."""


@pytest.fixture(scope="module")
def both(recordings: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, what our skin does, what the sensors saw."""
    table = np.genfromtxt(recordings / f"{NAME}.ema.tsv", names=True)[::EVERY]
    lines = (recordings / f"{NAME}.phones.tsv").read_text().splitlines()[1:]
    cells = [line.split("\t") for line in lines]
    phones = PhoneTrack(tuple(Segment(float(a), float(b), p) for a, b, p, *_ in cells))
    head = load_head()
    rig = LinearDeformer(head.rig)
    curves = mouth_from_phones(phones, table["time_s"]).astype(np.float32)
    return table["time_s"], SkinMeasures(head).measure(rig.run(curves)), table


def agree(ours: np.ndarray, real: np.ndarray, times: np.ndarray) -> tuple[float, float]:
    """Correlation, and the lag in seconds at which it is best (above 0: ours is late)."""
    said = np.flatnonzero((times > 0.2) & (times < 2.4))
    shifts = range(-4, 5)
    found = [float(np.corrcoef(ours[said + shift], real[said])[0, 1]) for shift in shifts]
    return found[4], shifts[int(np.argmax(found))] * EVERY / 100


def test_lips_open_as_real_lips_do(both):
    times, skin, table = both
    r, lag = agree(
        skin[:, COLUMNS.index("lip_aperture_middle_mm")], table["lip_aperture_mm"], times
    )
    assert r >= 0.75
    assert abs(lag) <= 0.02


def test_the_jaw_drops_as_a_real_jaw_does(both):
    times, skin, table = both
    r, lag = agree(skin[:, COLUMNS.index("jaw_drop_mm")], -table["jaw_z"], times)
    assert r >= 0.65
    assert abs(lag) <= 0.02
