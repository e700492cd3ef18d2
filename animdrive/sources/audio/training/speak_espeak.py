"""espeak-ng says sentences and tells, sample by sample, which sound it is at."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.errors import BackendError
from animdrive.sources.audio.espeak import fresh_library, use_voice, voices
from animdrive.sources.audio.training.utterances import Utterance, utterance_of
from animdrive.sources.audio.training.voices import Voice

_PHONEME_EVENTS, _PHONEME_IPA = 1, 2
_PHONEME = 7
_UTF8, _END_PAUSE, _POSITION_CHARACTER = 1, 0x1000, 1
_RATE, _PITCH, _RANGE = 1, 3, 4

VARIANTS: tuple[str, ...] = (
    "", *"m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 Alex Andy Annie anika belinda boris Denis Diogo "
    "ed edward Gene grandma grandpa Henrique Hugo iven Jacky kaukovalta Lee linda Mario max miguel "
    "pablo paul rob robert sandro shelby steph steph2 steph3 Storm travis victor whisper croak "
    "zac".split(),
)  # fmt: skip
"""Speakers of espeak-ng, which every language's voice can take on."""


class _Name(ctypes.Union):
    """``id`` of ``espeak_EVENT``."""

    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """``espeak_EVENT`` of ``speak_lib.h``."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", _Name),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def missing_package(voice: Voice) -> str:
    """Return nothing: espeak-ng and its voices come with this package."""
    return ""


def speak(voice: Voice, sentences: Iterable[str], *, seed: int) -> Iterator[Utterance]:
    """Yield the sentences as espeak-ng says them, each by another speaker, speed and pitch.

    Labels are espeak-ng's IPA; "" is a pause, "(en)" a word of another language from there on.

    Args:
        voice: Its name is a code of language.
        sentences: What to say.
        seed: Of the speakers.

    Raises:
        BackendError: espeak-ng cannot be loaded, or does not speak that language.
    """
    named = voices().get(voice.name)
    if named is None:
        raise BackendError(
            f"espeak-ng does not speak '{voice.name}' here. Reinstall it: pip install "
            f"espeakng-loader."
        )
    rng = np.random.default_rng(seed)
    pieces: list[npt.NDArray[np.int16]] = []
    events: list[tuple[str, int]] = []

    def collect(wave: Any, count: int, told: Any) -> int:
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, shape=(count,)).copy())
        at = 0
        while told[at].type:
            if told[at].type == _PHONEME:
                # A field of 8 bytes; a longer name is cut within a letter.
                events.append((told[at].id.text.decode("utf-8", "ignore"), told[at].sample))
            at += 1
        return 0

    callback = _Callback(collect)
    with fresh_library(_PHONEME_EVENTS | _PHONEME_IPA) as (library, rate):
        library.espeak_SetSynthCallback(callback)
        for sentence in sentences:
            variant = VARIANTS[rng.integers(len(VARIANTS))]
            use_voice(library, f"{named}+{variant}" if variant else named)
            library.espeak_SetParameter(_RATE, int(rng.integers(125, 216)), 0)
            library.espeak_SetParameter(_PITCH, int(rng.integers(20, 86)), 0)
            library.espeak_SetParameter(_RANGE, int(rng.integers(30, 86)), 0)
            pieces.clear()
            events.clear()
            text = sentence.replace("\0", " ").encode() + b"\0"
            library.espeak_Synth(
                text, len(text), 0, _POSITION_CHARACTER, 0, _UTF8 | _END_PAUSE, None, None
            )
            library.espeak_Synchronize()
            if not pieces or not events:
                continue
            sound = np.concatenate(pieces)
            starts = [sample / rate for _, sample in events]
            ends = [*starts[1:], len(sound) / rate]
            names = [name for name, _ in events]
            spoken = utterance_of(
                sound / 32768.0, rate, list(zip(names, starts, ends, strict=True))
            )
            if spoken is not None:
                yield spoken
