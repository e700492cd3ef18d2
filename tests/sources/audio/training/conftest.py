"""A corpus small enough to be made and learned within seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from animdrive.sources.audio.training.spectra import Corpus, prepare_voice
from animdrive.sources.audio.training.voices import ESPEAK_VOICES, Voice

ENGLISH = ESPEAK_VOICES[0]


@dataclass(frozen=True)
class Prepared:
    folder: Path
    voices: tuple[Voice, ...]
    corpus: Corpus


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Prepared:
    """Some 20 sentences of one voice."""
    folder = tmp_path_factory.mktemp("corpus")
    prepare_voice(ENGLISH, folder, seed=0, share=0.05)
    return Prepared(folder, (ENGLISH,), Corpus(folder, (ENGLISH,)))
