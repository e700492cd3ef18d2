"""The espeak-ng library: pronunciations and a voice, offline.

espeak-ng is a separate program under GPL-3, brought by the package `espeakng-loader` and called
through its C interface (``speak_lib.h``). It keeps one state for the whole process, so every
call goes through one lock.
"""

from __future__ import annotations

import _ctypes
import atexit
import contextlib
import ctypes
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.errors import BackendError, InputError

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_IPA = 0x02
_UTF8 = 1
_END_PAUSE = 0x1000
_POSITION_CHARACTER = 1
_RATE, _PITCH = 1, 3
_LONGEST_PATH = 150
"""espeak-ng keeps its data path in 160 bytes and cuts off the rest."""

_lock = threading.RLock()
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Voice(ctypes.Structure):
    """``espeak_VOICE`` of ``speak_lib.h``."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


def _data_folder() -> Path:
    """Return the voices' folder, by a path that fits into espeak-ng's buffer."""
    import espeakng_loader

    folder = Path(espeakng_loader.get_data_path())
    return folder if len(os.fsencode(folder)) <= _LONGEST_PATH else _short_link(folder)


@cache
def _short_link(folder: Path) -> Path:
    """Return a link to `folder` by a short path, kept as long as the process: voices load late."""
    place = Path(tempfile.mkdtemp(prefix="espeak-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    link = place / "espeak-ng-data"
    link.symlink_to(folder, target_is_directory=True)
    return link


def _library_file() -> Path:
    import espeakng_loader

    return Path(espeakng_loader.get_library_path())


def _open(file: Path, options: int = 0) -> tuple[Any, int]:
    """Return the library in `file`, ready, and its sample rate in Hz."""
    library: Any = ctypes.CDLL(str(file))
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int,
        ctypes.c_int,
    ]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    library.espeak_ListVoices.argtypes = [ctypes.c_void_p]
    rate = library.espeak_Initialize(
        _SYNCHRONOUS, 0, os.fsencode(_data_folder()), _DONT_EXIT | options
    )
    if rate <= 0:
        raise OSError(f"it does not start, status {rate}")
    return library, int(rate)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (ImportError, OSError, RuntimeError) as error:
        raise BackendError(
            f"espeak-ng cannot be used here ({error}). Reinstall it: pip install espeakng-loader."
        ) from error


@cache
def _speaker() -> Any:
    """Return the library that stays open for pronunciations."""
    return _open(_library_file())[0]


@contextlib.contextmanager
def fresh_library(options: int = 0) -> Iterator[tuple[Any, int]]:
    """Yield a library of its own and its sample rate in Hz; it is closed afterwards.

    The synthesiser's phase runs on from one text to the next, so that a text sounds a little
    different each time. A copy that nobody has used gives the same samples every time.

    Args:
        options: Bits of ``espeak_Initialize`` beyond our own, such as those for events.

    Raises:
        BackendError: espeak-ng cannot be loaded here.
    """
    with (
        _told(),
        tempfile.TemporaryDirectory(prefix="espeak-", ignore_cleanup_errors=True) as folder,
    ):
        file = _library_file()
        copy = Path(shutil.copy(file, Path(folder) / file.name))
        library, rate = _open(copy, options)
        try:
            yield library, rate
        finally:
            library.espeak_Terminate()
            if hasattr(_ctypes, "dlclose"):
                _ctypes.dlclose(library._handle)


def use_voice(library: Any, voice: str) -> None:
    """Have `library` speak with `voice`, the name of one of espeak-ng's.

    Raises:
        InputError: it has no such voice.
    """
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise InputError(
            f"espeak-ng has no voice '{voice}'. 'en-us' and 'en-gb-x-rp' are two it has."
        )


@cache
def voices() -> Mapping[str, str]:
    """Return the voice of every language that espeak-ng speaks.

    Returns:
        Code of the language in small letters ("de", "fr-fr", "fr", "pt-br") → name of its voice,
        as `ipa` and `synthesise` take it. Where several voices speak a language, the one that
        names it first, or gives it the highest priority, is its.

    Raises:
        BackendError: espeak-ng cannot be loaded here.
    """
    with _lock, _told():
        listed = _speaker().espeak_ListVoices(None)
        ranked: list[tuple[int, str, str]] = []
        number = 0
        while listed[number]:
            voice = listed[number].contents
            number += 1
            if not _has_dictionary(voice.identifier.decode()):
                continue
            for place, (priority, code) in enumerate(_spoken_by(voice.languages)):
                ranked.append((10 * priority + place, code.lower(), voice.identifier.decode()))
    found: dict[str, str] = {}
    for _, code, name in sorted(ranked):
        found.setdefault(code, name)
    return MappingProxyType(found)


def _has_dictionary(voice: str) -> bool:
    """Return whether the dictionary of a voice is there; the package leaves a few out."""
    named: dict[str, str] = {}
    for line in (_data_folder() / "lang" / voice).read_text("utf-8", "replace").splitlines():
        key, _, value = line.strip().partition(" ")
        named.setdefault(key, value.split("//")[0].strip())
    name = named.get("dictionary") or named.get("language", "").split()[0].split("-")[0]
    return (_data_folder() / f"{name}_dict").exists()


def _spoken_by(listed: Any) -> Iterator[tuple[int, str]]:
    """Yield priority and code: each is a byte and a string, a zero byte ends the list."""
    at = 0
    while priority := ord(listed[at]):
        code = b""
        at += 1
        while listed[at] != b"\0":
            code += listed[at]
            at += 1
        at += 1
        yield priority, code.decode()


def ipa(text: str, *, voice: str = "en-us") -> str:
    """Return how espeak-ng says `text`, in IPA, words separated by spaces.

    Args:
        text: Any text; what the voice cannot say is left out.
        voice: Name of an espeak-ng voice.

    Raises:
        BackendError: espeak-ng cannot be loaded here.
        InputError: it has no such voice.
    """
    with _lock, _told():
        library = _speaker()
        use_voice(library, voice)
        # One clause is read at a time; the pointer moves on and is null at the end.
        rest = ctypes.c_char_p(text.replace("\0", " ").encode())
        clauses = []
        while rest.value:
            said = library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA)
            clauses.append(said.decode() if said else "")
        return " ".join(clauses)


def synthesise(
    text: str, *, voice: str = "en-us", words_per_minute: int = 165, pitch: int = 50
) -> tuple[npt.NDArray[np.float32], int]:
    """Return `text` spoken: [N] samples in -1..1, and their rate in Hz.

    Args:
        text: What to say.
        voice: Name of an espeak-ng voice.
        words_per_minute: Speed, 80..450.
        pitch: 0 low to 100 high.

    Raises:
        BackendError: espeak-ng cannot be loaded here, or failed.
        InputError: it has no such voice.
    """
    pieces: list[npt.NDArray[np.int16]] = []

    def collect(wave: Any, count: int, _events: Any) -> int:
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, shape=(count,)).copy())
        return 0

    with _lock, fresh_library() as (library, rate):
        use_voice(library, voice)
        library.espeak_SetParameter(_RATE, int(words_per_minute), 0)
        library.espeak_SetParameter(_PITCH, int(pitch), 0)
        callback = _Callback(collect)
        library.espeak_SetSynthCallback(callback)
        spoken = text.replace("\0", " ").encode() + b"\0"
        status = library.espeak_Synth(
            spoken, len(spoken), 0, _POSITION_CHARACTER, 0, _UTF8 | _END_PAUSE, None, None
        )
        library.espeak_Synchronize()
    if status != 0:
        raise BackendError(f"espeak-ng could not speak the text (status {status}).")
    sound = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)
    return (sound / 32768.0).astype(np.float32), rate
