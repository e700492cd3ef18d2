"""pocketsphinx, wrapped: words and phones in a stretch of sound, as frames.

One decoder of each kind is kept for the process, behind one lock, for a decoder holds the state
of one search. Times are frames of 10 ms (`sound.HOP_S`) from the start of the stretch.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.language.phones import SILENCE
from animdrive.sources.audio.language.words import Pronunciation, Word
from animdrive.sources.audio.sound import with_room_noise
from animdrive.sources.audio.spans import Span

Pcm = npt.NDArray[np.int16]

_OPEN_BEAMS = {"beam": 1e-200, "wbeam": 1e-200, "pbeam": 1e-200}
_SETTINGS: dict[str, dict[str, Any]] = {
    # Beams are opened so that noise cannot prune the path that the text demands. Pauses may come
    # anywhere. The lattice's best path is left out: it moves words to where phones do not fit.
    "align": {"lm": None, "bestpath": False, "silprob": 0.5, "lw": 1.0, **_OPEN_BEAMS},
    # A weaker language model than the default: prose on a stage is not broadcast news, and
    # sounds that fit the lips matter more than likely words.
    "hear": {"lw": 5.0, "fwdflatlw": 6.5, "bestpathlw": 7.5, "maxhmmpf": 3000, "maxwpf": 20},
    "phones": {"beam": 1e-20, "pbeam": 1e-20, "lw": 2.0},
}
_VARIANT = re.compile(r"\(\d+\)$")
SHORTEST_SAMPLES = 1600
"""Shorter stretches hold no word, and the features have no frames to look at."""

_ROOM_NOISE = 80
"""Peak of the noise added for alignment, in steps of 16 bits: some 50 dB below the voice.
Recorded rooms have it; gated and synthetic voices do not, and then a soft M is taken for part of
the pause. 50 to 120 place phones best, on hand-labelled speech and on a synthetic voice."""

_lock = threading.RLock()
_added: dict[tuple[Pronunciation, ...], str] = {}


class NotFoundError(Exception):
    """The words do not fit into the sound. Caught within this room."""


@cache
def _decoder(kind: str) -> Any:
    import pocketsphinx

    settings = dict(_SETTINGS[kind])
    if kind == "phones":
        model = Path(pocketsphinx.get_model_path("en-us"))
        settings["allphone"] = str(model / "en-us-phone.lm.bin")
    return pocketsphinx.Decoder(loglevel="FATAL", **settings)


def lookup(word: str) -> tuple[Pronunciation, ...]:
    """Return the pronunciations of `word` in the recogniser's dictionary; none if not there."""
    with _lock:
        decoder = _decoder("align")
        found: list[Pronunciation] = []
        key = word
        while key and not re.search(r"[\s()<\[]", word):
            said = decoder.lookup_word(key)
            if said is None:
                break
            found.append(tuple(said.split()))
            key = f"{word}({len(found) + 1})"
        return tuple(found)


def _key(word: Word) -> str:
    """Return the dictionary entry of `word`, added now if it has none."""
    if word.key:
        return word.key
    if word.pronunciations not in _added:
        name = f"animdrive{len(_added)}"
        for number, phones in enumerate(word.pronunciations, 1):
            entry = name if number == 1 else f"{name}({number})"
            _decoder("align").add_word(entry, " ".join(phones), False)
        _added[word.pronunciations] = name
    return _added[word.pronunciations]


def _run(decoder: Any, pcm: Pcm) -> None:
    # Else the measure of the noise in the stretch before would change what is found in this one.
    decoder.reinit_feat()
    decoder.start_utt()
    try:
        decoder.process_raw(pcm.tobytes(), full_utt=True)
    finally:
        decoder.end_utt()


def find_words(pcm: Pcm, words: tuple[Word, ...]) -> list[Span]:
    """Find every one of `words`, in order, in `pcm`; pauses may lie between them.

    Returns:
        Words and the silences (`SILENCE`, word -1) between them, in order.

    Raises:
        NotFoundError: they do not fit; there are more phones than sound, say.
    """
    return _find_words(with_room_noise(pcm, steps=_ROOM_NOISE), words)


def _find_words(noisy: Pcm, words: tuple[Word, ...]) -> list[Span]:
    with _lock:
        decoder = _decoder("align")
        try:
            decoder.set_align_text(" ".join(map(_key, words)))
            _run(decoder, noisy)
            segments = [(s.word, s.start_frame, s.end_frame + 1) for s in decoder.seg()]
        except (RuntimeError, TypeError) as error:  # seg() is None where nothing was found
            raise NotFoundError(str(error)) from error
    spans: list[Span] = []
    count = 0
    for name, first, end in segments:
        filler = name[0] in "<[+"
        spans.append(Span(SILENCE if filler else name, first, end, -1 if filler else count))
        count += not filler
    if count != len(words):
        raise NotFoundError(f"{count} of {len(words)} words found")
    return spans


def find_phones(pcm: Pcm, words: tuple[Word, ...]) -> list[Span]:
    """Find every phone of `words` in `pcm`, choosing the pronunciation that is heard.

    Returns:
        Phones and silences in order, without a gap.

    Raises:
        NotFoundError: they do not fit.
    """
    noisy = with_room_noise(pcm, steps=_ROOM_NOISE)
    with _lock:
        found = _find_words(noisy, words)
        decoder = _decoder("align")
        try:
            decoder.set_alignment()
            _run(decoder, noisy)
            # An entry is only valid until the next one is asked for: read its phones at once.
            aligned = [
                (entry.name, [(p.name, p.start, p.start + p.duration, p.score) for p in entry])
                for entry in decoder.get_alignment()
            ]
        except (RuntimeError, TypeError):
            return spread_evenly(found, words)
    spans: list[Span] = []
    count = 0
    for name, phones in aligned:
        filler = name[0] in "<[+"
        for phone, first, end, score in phones:
            label = SILENCE if filler or phone[0] == "+" else phone
            spans.append(Span(label, first, end, -1 if filler else count, score))
        count += not filler
    if count != len(words):
        return spread_evenly(found, words)
    return spans


def spread_evenly(found: list[Span], words: tuple[Word, ...]) -> list[Span]:
    """Share each word's time evenly among its phones, where the finer search gave up."""
    spans: list[Span] = []
    for span in found:
        variant = re.search(r"\((\d+)\)$", span.label)
        if span.word < 0:
            spans.append(span)
            continue
        said = words[span.word].pronunciations
        phones = said[min(int(variant.group(1)) - 1 if variant else 0, len(said) - 1)]
        edges = np.linspace(span.first, span.end, len(phones) + 1).round().astype(int)
        spans += [
            Span(phone, int(a), int(b), span.word)
            for phone, a, b in zip(phones, edges[:-1], edges[1:], strict=True)
        ]
    return spans


def hear_words(pcm: Pcm) -> tuple[Word, ...]:
    """Return the words that are said in `pcm`, as the recogniser understands English."""
    with _lock:
        decoder = _decoder("hear")
        try:
            _run(decoder, pcm)
            heard = [segment.word for segment in decoder.seg()]
        except (RuntimeError, TypeError):
            return ()
    keys = [_VARIANT.sub("", word) for word in heard if word[0] not in "<[+"]
    words = [Word(text=key, pronunciations=lookup(key), key=key) for key in keys]
    return tuple(word for word in words if word.pronunciations)


def hear_phones(pcm: Pcm) -> list[Span]:
    """Return the phones that are said in `pcm`, without any idea of words."""
    with _lock:
        decoder = _decoder("phones")
        try:
            _run(decoder, pcm)
            found = [(s.word, s.start_frame, s.end_frame + 1) for s in decoder.seg()]
        except (RuntimeError, TypeError):
            return []
    return [
        Span(SILENCE, first, end) if name == SILENCE or name[0] in "<[+" else Span(name, first, end)
        for name, first, end in found
    ]


def has_voice(pcm: Pcm, *, shortest_s: float = 0.06) -> bool:
    """Return whether WebRTC's voice detector (in pocketsphinx) hears that much speech."""
    import pocketsphinx

    detector = pocketsphinx.Vad(2)
    size = detector.frame_bytes // 2
    needed = shortest_s / detector.frame_length
    for first in range(0, len(pcm) - size + 1, size):
        needed -= detector.is_speech(pcm[first : first + size].tobytes())
        if needed <= 0:
            return True
    return False
