"""The default aligner: our own network, with the Gaussians of English beside it for English."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from animdrive.contract import AudioClip, PhoneTrack
from animdrive.contract.spoken import Spoken, Word
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.sources.audio.acoustic.edges import settled
from animdrive.sources.audio.acoustic.evidence import Evidence
from animdrive.sources.audio.acoustic.forced import find_text, fit
from animdrive.sources.audio.acoustic.heard import phones_heard, words_heard
from animdrive.sources.audio.acoustic.likeness import likeness_of
from animdrive.sources.audio.acoustic.part import find_part, is_squeezed
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.language.languages import AUTO, ENGLISH, joined
from animdrive.sources.audio.silences import CLEAR_DB
from animdrive.sources.audio.sound import Sound, sound_from_clip, without_long_silences
from animdrive.sources.audio.spans import Span, moved, tell_of_unsaid, track_of_spans
from animdrive.sources.audio.sphinx.pieces import chunks_between_pauses

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
_GOOD_FIT = -1.75
"""A part of a text, or a text in a voice brought to another height, must fit that well: of many
such tries one always fits a little. Right ones fit by -0.6 to -1.5, wrong ones by -1.8 to -3.8."""
_NO_WORDS = -1.6
"""Words that are heard and fit less than this are none: laughter, noise, song."""
_SPEEDS = (0.8, 0.65, 1.25, 1.55)
"""Speeds at which a voice is listened to when the text does not fit: voices of cartoons and
creatures are mostly recordings played faster or slower."""
_ODD_FIT = -1.9
"""Below this the text is tried at these speeds, and one that fits better by `_BETTER_SPEED` is
taken."""
_BETTER_SPEED = 0.8
_LONGEST_TRY = 12000
"""Frames of sound beyond which that is not tried."""
_ANY = "any"
"""Stands for a language that nobody named and that is not English."""
_SHOWN = 40
"""Letters of a text that a note shows."""


class AcousticAligner:
    """Finds phones with the network of `animdrive.sources.audio.acoustic`.

    With a text: the best way through all its pronunciations with pauses between words, in windows
    of 30 s; edges of pauses where the sound rises and falls. Where more is written than said, the
    words that are said are found. Without: English words are heard,
    then looked for like a text; in other languages, and in what does not sound like English though
    nobody says what it is (`likeness`), plain phones. Memory grows by about 1 kB for a
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
            language: Code of the language; "auto" counts as that of most words, and without words
                as English unless it does not sound so.

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
        told = bool(words) or language != AUTO
        language = language if told else ENGLISH
        tight, origin = without_long_silences(sound)
        if len(tight.level_db) < _SHORTEST_FRAMES or not sound.has_speech:
            return self._silent(sound)
        evidence = Evidence(_samples(tight), english=language == ENGLISH)
        spans: list[Span] | None = None
        if words:
            words, spans = self._forced(evidence, tight, words, language)
        else:
            held: list[str] = []
            words, spans = self._heard(evidence, tight, language, tell=held.append)
            if not told and self._is_foreign(evidence, words, spans, range_db=tight.range_db):
                language = _ANY
                words, spans = self._heard(evidence, tight, language, tell=held.append)
            elif held:
                self._tell(held[0])
        if all(span.label == SILENCE for span in spans):
            return self._silent(sound)
        if language not in (ENGLISH, _ANY) and not words:
            self._tell(
                "Words are heard in English alone; the mouth follows the sounds. "
                "A transcript that fits makes it exact."
            )
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
        fitting = -math.inf if spans is None else fit(evidence, spans)
        # In noise the first words, or the last, may fit nothing though they are said.
        clear = sound.range_db >= CLEAR_DB
        squeezed = clear and spans is not None and is_squeezed(evidence, spans)
        enough = _ODD_FIT if clear else _POOR_FIT
        if spans is not None and fitting >= enough and not squeezed:
            return words, spans
        if squeezed or fitting < _POOR_FIT:
            part = find_part(evidence, words)
            if part is not None and fit(evidence, part) >= _GOOD_FIT:
                self._tell_of_part(words, part)
                return words, part
        least = max(_GOOD_FIT, fitting + _BETTER_SPEED)
        brought = _at_other_speeds(sound, words, english=evidence.english, least=least)
        if brought is not None:
            self._tell("The voice is higher or lower than people's; the transcript fits it so.")
            return words, brought
        if spans is not None and fitting >= _POOR_FIT:
            if squeezed:
                self._tell("The first or the last words of the transcript may not be said.")
            return words, spans
        heard_words, heard = self._heard(evidence, sound, language, tell=self._tell)
        said = " ".join(word.text for word in heard_words)[:80]
        if spans is None:
            self._tell(
                "The transcript does not fit into the recording; what is heard is used instead."
                + (f" Heard: '{said}'." if said else "")
            )
            return heard_words, heard
        if fit(evidence, heard, words_only=False) <= fitting + _BETTER_BY:
            return words, spans
        hint = " If it is in another language than English, name that." if said else ""
        self._tell(
            "The transcript does not seem to be what is said; what is heard is used instead."
            + (f" Heard: '{said}'." if said else "")
            + hint
        )
        return heard_words, heard

    def _is_foreign(
        self,
        evidence: Evidence,
        words: tuple[Word, ...],
        spans: list[Span],
        *,
        range_db: float,
    ) -> bool:
        """Return whether what was heard as English, for nobody said what it is, is none; tell so.

        In noise words are poor in any language.
        """
        likeness = likeness_of(evidence, words, spans)
        if not likeness.is_poor or range_db < CLEAR_DB:
            return False
        if likeness.is_foreign:
            self._tell(
                "This does not sound like English, so plain sounds of any language are heard. Name "
                "the language, '--language de', say, or give a transcript; '--language en' takes "
                "it as English."
            )
            return True
        self._tell(
            "The words that are heard make poor English. If it is another language, name that: "
            "'--language zh', say."
        )
        return False

    def _tell_of_part(self, words: tuple[Word, ...], part: list[Span]) -> None:
        numbers = [span.word for span in part if span.word >= 0]
        unsaid = (words[: min(numbers)], words[max(numbers) + 1 :])
        shown = [joined(word.text for word in some) for some in unsaid if some]
        quoted = " and ".join(
            f"'{text}'" if len(text) <= _SHOWN else f"'{text[:_SHOWN]}...'" for text in shown
        )
        self._tell(
            f"{sum(map(len, unsaid))} of {len(words)} words of the transcript are not in the "
            f"recording and are left out: {quoted}."
        )

    def _heard(
        self, evidence: Evidence, sound: Sound, language: str, *, tell: Report
    ) -> tuple[tuple[Word, ...], list[Span]]:
        words: list[Word] = []
        spans: list[Span] = []
        unclear = False
        chunks = chunks_between_pauses(sound)
        for number, (first, end) in enumerate(chunks):
            end = min(end, len(evidence))
            said = words_heard(evidence, first, end) if language == ENGLISH else ()
            part = find_text(evidence, said, first=first, end=end) if said else None
            if part is not None and fit(evidence, _on_clip(part, first)) < _NO_WORDS:
                unclear = True
                part = None
            if part is None:
                said = ()
                part = phones_heard(evidence, first, end, language=language)
            spans += [moved(span, first, len(words)) for span in part]
            words += said
            self._progress("align", (number + 1) / len(chunks))
        if unclear:
            tell("Some of what is heard fits no words; the mouth follows the sounds there.")
        return tuple(words), spans


def _on_clip(part: list[Span], first: int) -> list[Span]:
    return [moved(span, first, 0) for span in part]


def _at_other_speeds(
    sound: Sound, words: tuple[Word, ...], *, english: bool, least: float
) -> list[Span] | None:
    """Return the phones of a text in a voice that is played faster or slower than it was spoken.

    Formants move with the speed, out of all that the models know; at the speed at which the
    text fits best they are back.
    """
    if len(sound.level_db) > _LONGEST_TRY:
        return None
    from scipy.signal import resample_poly

    best, best_fit = None, least
    samples = _samples(sound)
    last = len(sound.level_db)
    for speed in _SPEEDS:
        changed = resample_poly(samples, 100, round(100 * speed)).astype(np.float32)
        evidence = Evidence(changed, english=english)
        spans = find_text(evidence, words)
        if spans is None or (fitting := fit(evidence, spans)) < best_fit:
            continue
        best_fit = fitting
        edges = [min(round(span.end * speed), last) for span in spans]
        edges[-1] = last
        starts = [0, *edges[:-1]]
        best = [
            replace(span, first=first, end=end)
            for span, first, end in zip(spans, starts, edges, strict=True)
        ]
    return best


def _samples(sound: Sound) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return [N] samples at 16 kHz, -1..1, with a trace of noise that is always the same."""
    noise = np.random.default_rng(0).normal(0.0, _HISS, len(sound.pcm))
    return ((sound.pcm + noise) / 32768.0).astype(np.float32)
