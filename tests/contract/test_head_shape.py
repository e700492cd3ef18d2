"""The type of a head's shape checks itself."""

import numpy as np
import pytest

from animdrive.contract import HEAD_SHAPE_SIZE, HeadControl, HeadShape
from animdrive.errors import ContractError


def test_a_shape_without_numbers_is_the_head_that_ships():
    assert HeadShape().coefficients.shape == (HEAD_SHAPE_SIZE,)
    assert not HeadShape().coefficients.any()


def test_a_shape_cannot_be_changed():
    given = np.ones(HEAD_SHAPE_SIZE)
    shape = HeadShape(given)
    given[0] = 3
    assert shape.coefficients[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        shape.coefficients[0] = 2


def test_a_shape_of_another_length_is_refused():
    with pytest.raises(ContractError, match=r"HeadShape\.coefficients"):
        HeadShape(np.zeros(98))


def test_a_shape_that_no_head_has_is_refused():
    with pytest.raises(ContractError, match="number 4 is 7 standard deviations"):
        HeadShape(np.where(np.arange(99) == 4, 7.0, 0.0))


def test_a_control_without_spread_is_refused():
    with pytest.raises(ContractError, match="'x': sd must be above 0"):
        HeadControl("x", "nothing", "mm", None, 0.0, "judgement")


def test_numbers_must_be_finite():
    with pytest.raises(ContractError, match=r"HeadShape\.coefficients"):
        HeadShape(np.full(HEAD_SHAPE_SIZE, np.nan))
