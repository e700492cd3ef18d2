"""Lips part as far as they were seen to part, and nothing else changes."""

import numpy as np
import pytest
from face_maker import curves

from animdrive.contract import ARKIT52, ARKIT_INDEX
from animdrive.sources.video.fitting.closures import with_closures, with_openings
from animdrive.sources.video.fitting.expression import ExpressionConfig, arkit_deltas
from animdrive.sources.video.fitting.solver import Measurements
from animdrive.sources.video.indices import INNER_LIP_PAIRS


@pytest.fixture(scope="module")
def seen_gap(head):
    """Return measurements of lips that part by `gap_m` [T] and eyes at rest."""
    moved = arkit_deltas(head)[:, :, 1].astype(np.float64)
    lips = [moved[:, upper] - moved[:, lower] for upper, lower in INNER_LIP_PAIRS]
    rows = np.stack([*lips, np.zeros(52), np.zeros(52)])
    shape = rows[:5, ARKIT_INDEX["jawOpen"]] / rows[0, ARKIT_INDEX["jawOpen"]]

    def seen_gap(gap_m):
        gap = np.asarray(gap_m, dtype=np.float64)[:, None]
        values = np.hstack([gap * shape, np.zeros((len(gap), 2))])
        return Measurements(rows, values, np.full(values.shape, 1e7))

    return seen_gap


def test_lips_part_nearer_to_what_was_seen_and_all_else_is_kept(seen_gap):
    read = curves(3, jawOpen=[0.2, 0.4, 0.6], mouthPucker=0.5)
    row = seen_gap([0.0]).rows[0]
    wide = read[1] @ row
    done = with_openings(read, seen_gap(np.full(3, wide)))
    before, after = (np.abs(curves_ @ row - wide) for curves_ in (read, done))
    assert (after[[0, 2]] < 0.5 * before[[0, 2]]).all()
    assert after[1] < 1e-3
    free = ("jawOpen", "mouthLowerDown", "mouthUpperUp")
    kept = [column for column, name in enumerate(ARKIT52) if not name.startswith(free)]
    np.testing.assert_array_equal(done[:, kept], read[:, kept])


def test_lips_that_touch_are_shut_and_never_opened(head, seen_gap):
    read = curves(2, jawOpen=[0.15, 0.0], mouthPressLeft=[0.0, 0.6])
    shut = with_closures(read, seen_gap([0.0, 0.0]), head, config=ExpressionConfig())
    rows = seen_gap([0.0]).rows[:5]
    assert (shut[0] @ rows.T).max() < 0.3e-3
    np.testing.assert_allclose(shut[1], read[1], atol=1e-6)
