import pytest
from synthetic_performance import make_character, make_track


@pytest.fixture(scope="session")
def character():
    return make_character()


@pytest.fixture
def track():
    return make_track()
