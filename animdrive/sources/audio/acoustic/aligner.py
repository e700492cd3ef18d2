"""The default aligner: our own network, with the Gaussians of English beside it for English."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from animdrive.contract import AudioClip, PhoneTrack
from animdrive.contract.spoken import Spoken, Word
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.sources.audio.acoustic.edges import settled
from animdrive.sources.audio.acoustic.evidence import Evidence
from animdrive.sources.audio.acoustic.forced import find_text, fit
from animdrive.sources.audio.acoustic.heard import phones_heard, words_heard
from animdrive.sources.audio.inventory import SILENCE
from animdrive.sources.audio.languages import AUTO, ENGLISH
from animdrive.sources.audio.pieces import chunks_between_pauses
from animdrive.sources.audio.sound import Sound, sound_from_clip, without_long_silences
from animdrive.sources.audio.spans import Span, moved, tell_of_unsaid, track_of_spans

_SHORTEST_FRAMES = 8
"""Shorter clips hold no word."""
_LATER_S = 0.0025
"""How much later than the frames tell an edge is put: people who label by hand wait until they
see the new sound. Fits hand-labelled TIMIT."""
_POOR_FIT = -2.6
"""Below this a text may be another than what is said. On TIMIT the right text fits by -0.5 to
-2.4, in noise as well, another by -2.8 to -5.3; a speech in a stadium's echo by -1.6."""
_BETTER_BY = 1.2
"""How much better what is heard must fit to be believed instead."""
_HISS = 3.0
"""Steps of 16 bits: noise of this size is added, for cleaned recordings have none at all."""


class AcousticAligner:
    """Finds phones with the network of `animdrive.sources.audio.acoustic`.

    With a text: the best way through all its pronunciations with pauses between words, in windows
    of 30 s; edges of pauses where the sound rises and falls. Without: English words are heard,
    then looked for like a text; in other languages plain phones. Memory grows by about 1 kB for a
    frame of 10 ms. The same sound and text give the same phones.
    """

    def __init__(self, *, tell: Report = tell_nobody, progress: Progress = no_progress) -> None:
        self._tell = tell
        self._progress = progress

    def align(self, audio: AudioClip, spoken: Spoken | None, *, language: str = AUTO) -> PhoneTrack:
        """Find when each phone is said; with `spoken` None, what is said as well.

        Never fails for what is in the sound or the text: a transcript that does not fit is
        replaced by what is heard, and told.

        Args:
            audio: Mono sound of any rate and length.
            spoken: What is said, or None. A text without any word counts as None.
            language: Code of the language; "auto" counts as that of most words, or English.

        Returns:
            Phones from 0 to the clip's end without gaps, and the words.

        Raises:
            BackendError: pocketsphinx, whose English model is used for English, is missing.
            WeightsError: the shipped network is missing or altered.
        """
        self._progress("align", 0.0)
        sound = sound_from_clip(audio)
        words: tuple[Word, ...] = spoken.words if spoken is not None else ()
        if words:
            own = sum(word.language == ENGLISH for word in words)
            language = ENGLISH if 2 * own >= len(words) else words[0].language
        elif language == AUTO:
            language = ENGLISH
        tight, origin = without_long_silences(sound)
        if len(tight.level_db) < _SHORTEST_FRAMES or not sound.has_speech:
            return self._silent(sound)
        evidence = Evidence(_samples(tight), english=language == ENGLISH)
        spans: list[Span] | None = None
        if words:
            words, spans = self._forced(evidence, tight, words, language)
        else:
            words, spans = self._heard(evidence, tight, language)
        if all(span.label == SILENCE for span in spans):
            return self._silent(sound)
        self._progress("align", 1.0)
        spans = settled(spans, tight.level_db)
        last = len(origin) - 1
        spans = [
            replace(s, first=int(origin[min(s.first, last)]), end=int(origin[min(s.end, last)]))
            for s in spans
        ]
        track = track_of_spans(spans, words, sound, later_s=_LATER_S)
        if spoken is not None and track.words:
            tell_of_unsaid(track, sound, self._tell)
        return track

    def _silent(self, sound: Sound) -> PhoneTrack:
        self._tell("No speech is heard; the mouth stays at rest.")
        self._progress("align", 1.0)
        return track_of_spans([], (), sound)

    def _forced(
        self, evidence: Evidence, sound: Sound, words: tuple[Word, ...], language: str
    ) -> tuple[tuple[Word, ...], list[Span]]:
        spans = find_text(evidence, words, progress=self._progress)
        if spans is None:
            self._tell(
                "The transcript does not fit into the recording; what is heard is used instead."
            )
            return self._heard(evidence, sound, language)
        fitting = fit(evidence, spans)
        if fitting >= _POOR_FIT:
            return words, spans
        heard_words, heard = self._heard(evidence, sound, language)
        if fit(evidence, heard, words_only=False) <= fitting + _BETTER_BY:
            return words, spans
        said = " ".join(word.text for word in heard_words)[:80]
        self._tell(
            "The transcript does not seem to be what is said; what is heard is used instead."
            + (f" Heard: '{said}'." if said else "")
        )
        return heard_words, heard

    def _heard(
        self, evidence: Evidence, sound: Sound, language: str
    ) -> tuple[tuple[Word, ...], list[Span]]:
        words: list[Word] = []
        spans: list[Span] = []
        chunks = chunks_between_pauses(sound)
        for number, (first, end) in enumerate(chunks):
            end = min(end, len(evidence))
            said = words_heard(evidence, first, end) if language == ENGLISH else ()
            part = find_text(evidence, said, first=first, end=end) if said else None
            if part is None:
                said = ()
                part = phones_heard(evidence, first, end, language=language)
            spans += [moved(span, first, len(words)) for span in part]
            words += said
            self._progress("align", (number + 1) / len(chunks))
        return tuple(words), spans


def _samples(sound: Sound) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return [N] samples at 16 kHz, -1..1, with a trace of noise that is always the same."""
    noise = np.random.default_rng(0).normal(0.0, _HISS, len(sound.pcm))
    return ((sound.pcm + noise) / 32768.0).astype(np.float32)
