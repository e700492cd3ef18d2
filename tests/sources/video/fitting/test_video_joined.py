"""The regressor's reading and the fit's, joined where landmarks show a curve."""

import numpy as np

from animdrive.contract import ARKIT_INDEX
from animdrive.contract.names import MIRROR52
from animdrive.sources.video.fitting.joined import FIT_SHARE, joined


def test_shown_curves_lie_between_and_the_others_are_the_regressors():
    rng = np.random.default_rng(0)
    learned, fitted = rng.random((2, 9, 52))
    both = joined(learned, fitted, np.zeros(9))
    brow, press = ARKIT_INDEX["browDownLeft"], ARKIT_INDEX["mouthPressLeft"]
    np.testing.assert_array_equal(both[:, press], learned[:, press])
    wanted = (1 - FIT_SHARE) * learned[:, brow] + FIT_SHARE * fitted[:, brow]
    np.testing.assert_allclose(both[:, brow], wanted)


def test_both_sides_are_joined_alike_and_like_readings_stay():
    rng = np.random.default_rng(1)
    learned, fitted = rng.random((2, 9, 52))
    mirror, yaw = list(MIRROR52), rng.uniform(-0.6, 0.6, 9)
    np.testing.assert_allclose(
        joined(learned[:, mirror], fitted[:, mirror], -yaw), joined(learned, fitted, yaw)[:, mirror]
    )
    np.testing.assert_allclose(joined(learned, learned, yaw), learned)


def test_wide_eyes_are_not_read_off_a_face_that_is_turned_away():
    learned, fitted = np.zeros((3, 52)), np.ones((3, 52))
    wide = joined(learned, fitted, np.sin(np.radians([0, 15, -30])))[:, ARKIT_INDEX["eyeWideLeft"]]
    assert wide[0] == FIT_SHARE
    assert 0 < wide[1] < FIT_SHARE
    assert wide[2] == 0
