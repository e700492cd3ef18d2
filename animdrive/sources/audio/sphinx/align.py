"""Phones in speech with pocketsphinx: forced to a transcript, or recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from animdrive.contract import AudioClip, PhoneTrack
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.language.languages import AUTO, ENGLISH
from animdrive.sources.audio.language.words import Spoken, Word
from animdrive.sources.audio.sound import (
    HOP_SAMPLES,
    Sound,
    sound_from_clip,
    without_long_silences,
)
from animdrive.sources.audio.spans import Span, moved, tell_of_unsaid, track_of_spans
from animdrive.sources.audio.sphinx import decoder
from animdrive.sources.audio.sphinx.decoder import NotFoundError
from animdrive.sources.audio.sphinx.pieces import chunks_between_pauses, pieces_between_pauses
from animdrive.sources.audio.sphinx.respelling import in_arpabet, in_own_phones

_BOUNDARY_S = 0.007
"""A frame looks at 25.6 ms from its start on, so a change that it sees lies this much later.
(25.6 - 10) / 2 = 7.8 ms in theory; 7 fits hand-labelled TIMIT best."""
_WHOLE_S = 30.0
"""Clips up to this length are searched in one piece."""
_POOR_SCORE = -45.0
"""Score per frame below which a transcript may be another text. On TIMIT the right text scores
-8 to -27 (-22 to -51 in white noise at 5 dB), a wrong one -48 to -89."""
_POOR_ABROAD = -50.0
"""The same for other languages, whose sounds are only near those of the model: Mandarin scores
-28 to -35 with the right text, -47 to -54 with a wrong one."""
_BETTER_BY = 20.0
"""How much better the recogniser's own words must fit to be believed instead."""


class PocketsphinxAligner:
    """Finds phones with pocketsphinx 5 and the English model in its wheel.

    With a text: words first, over the whole clip (an HMM of the text with optional pauses
    and all pronunciations, beams wide open), then phones, in pieces cut at the pauses found.
    Without: chunks between pauses are recognised, then aligned to what was recognised; where no
    word is recognised, or the language is not English, plain phones are. Sounds that English
    lacks are searched as the nearest that it has, and returned as themselves. Memory grows by
    about 0.3 MB for a second of speech. The same sound and text give the same phones.
    """

    def __init__(self, *, tell: Report = tell_nobody, progress: Progress = no_progress) -> None:
        self._tell = tell
        self._progress = progress

    def align(
        self, audio: AudioClip, spoken: Spoken | None, *, language: str = "auto"
    ) -> PhoneTrack:
        """Find when each phone is said; with `spoken` None, what is said as well.

        Never fails for what is in the sound or the text: a transcript that does not fit is
        replaced by what is heard, and told.

        Args:
            audio: Mono sound of any rate and length.
            spoken: What is said, or None. A text without any word counts as None.
            language: Code of the language; "auto" counts as that of most words, or English.

        Returns:
            Phones from 0 to the clip's end without gaps, and the words.
        """
        self._progress("align", 0.0)
        sound = sound_from_clip(audio)
        words: tuple[Word, ...] = spoken.words if spoken is not None else ()
        # English words would only be imagined in another language; its sounds are not.
        english = language in (AUTO, ENGLISH)
        if words:
            english = 2 * sum(word.language == ENGLISH for word in words) >= len(words)
        if len(sound.pcm) < decoder.SHORTEST_SAMPLES or not sound.has_speech:
            self._tell("No speech is heard; the mouth stays at rest.")
            self._progress("align", 1.0)
            return track_of_spans([], (), sound)
        tight, origin = without_long_silences(sound)
        if words:
            words, spans = self._forced(tight, words, english=english)
        else:
            words, spans = self._heard(tight, with_words=english)
            if not any(span.label != SILENCE for span in spans):
                self._tell("No speech is heard; the mouth stays at rest.")
        self._progress("align", 1.0)
        last = len(origin) - 1
        spans = [
            replace(s, first=int(origin[min(s.first, last)]), end=int(origin[min(s.end, last)]))
            for s in spans
        ]
        track = track_of_spans(spans, words, sound, later_s=_BOUNDARY_S)
        if spoken is not None and track.words:
            tell_of_unsaid(track, sound, self._tell)
        return track

    def _forced(
        self, sound: Sound, words: tuple[Word, ...], *, english: bool
    ) -> tuple[tuple[Word, ...], list[Span]]:
        try:
            spans = in_own_phones(self._phones_of(sound, in_arpabet(words)), words)
        except NotFoundError:
            self._tell(
                "The transcript does not fit into the recording; what is heard is used instead."
            )
            return self._heard(sound, with_words=english)
        score = _score(spans)
        if not english and score < _POOR_ABROAD:
            self._tell(
                "The transcript fits badly into the recording; it may be another text or in "
                "another language. Check it, and name the language."
            )
        if score >= _POOR_SCORE or not english:
            return words, spans
        heard_words, heard = self._heard(sound)
        if heard_words and _score(heard) > score + _BETTER_BY:
            self._tell(
                "The transcript does not seem to be what is said; what is heard is used instead. "
                f"Heard: '{' '.join(word.text for word in heard_words)[:80]}'."
            )
            return heard_words, heard
        return words, spans

    def _phones_of(self, sound: Sound, words: tuple[Word, ...]) -> list[Span]:
        if sound.duration_s <= _WHOLE_S:
            return decoder.find_phones(sound.pcm, words)
        found = decoder.find_words(sound.pcm, words)
        pieces = pieces_between_pauses(found)
        spans: list[Span] = []
        for number, piece in enumerate(pieces):
            own = words[piece.low : piece.high]
            try:
                part = decoder.find_phones(_stretch(sound, piece.first, piece.end), own)
            except NotFoundError:
                inside = [span for span in found if piece.low <= span.word < piece.high]
                part = decoder.spread_evenly(
                    [moved(span, -piece.first, -piece.low) for span in inside], own
                )
            spans += [moved(span, piece.first, piece.low) for span in part]
            self._progress("align", (number + 1) / len(pieces))
        return spans

    def _heard(
        self, sound: Sound, *, with_words: bool = True
    ) -> tuple[tuple[Word, ...], list[Span]]:
        words: list[Word] = []
        spans: list[Span] = []
        chunks = chunks_between_pauses(sound)
        for number, (first, end) in enumerate(chunks):
            pcm = _stretch(sound, first, end)
            if len(pcm) >= decoder.SHORTEST_SAMPLES and decoder.has_voice(pcm):
                said = decoder.hear_words(pcm) if with_words else ()
                try:
                    part = decoder.find_phones(pcm, said) if said else decoder.hear_phones(pcm)
                except NotFoundError:
                    said, part = (), decoder.hear_phones(pcm)
                spans += [moved(span, first, len(words)) for span in part]
                words += said
            self._progress("align", (number + 1) / len(chunks))
        return tuple(words), spans


def _stretch(sound: Sound, first: int, end: int) -> decoder.Pcm:
    return sound.pcm[first * HOP_SAMPLES : end * HOP_SAMPLES]


def _score(spans: Sequence[Span]) -> float:
    """Return the mean score of a frame of speech."""
    said = [span for span in spans if span.word >= 0]
    frames = sum(span.end - span.first for span in said)
    return sum(span.score for span in said) / frames if frames else -1000.0
