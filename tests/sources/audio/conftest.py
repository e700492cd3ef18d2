"""What the tests of this room share: a voice that is always there, recordings where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from animdrive.contract import AudioClip
from animdrive.sources.audio.voice import speak

LINE = "Peter Piper picked a peck of pickled peppers, maybe five of them."
SHARED = Path(__file__).parents[3].parent / "shared"


@pytest.fixture(scope="session")
def line() -> AudioClip:
    """`LINE`, spoken."""
    return speak(LINE)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of speech recordings beside the checkout."""
    folder = SHARED / "data" / "speech"
    if not folder.is_dir():
        pytest.skip("no recordings beside this checkout")
    return folder
