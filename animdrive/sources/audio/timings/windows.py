"""Phones inside times that are given: of words that keep theirs, and of lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from animdrive.contract import AudioClip, PhoneTrack, Segment
from animdrive.contract.stages import Aligner, Progress, Report, no_progress, tell_nobody
from animdrive.sources.audio.language.inventory import SILENCE, VOWELS
from animdrive.sources.audio.language.languages import AUTO, main_language
from animdrive.sources.audio.language.text import Spoken, spoken_from_text
from animdrive.sources.audio.sphinx import decoder
from animdrive.sources.audio.timings.timings import Timed, Timings, put_phone

_STRETCH_S = 25.0
_PAUSE_S = 0.3
_MARGIN_S = 0.25
_VOWEL_WEIGHT = 1.6
"""How much longer a vowel is than a consonant, where nothing better is known."""
_MOST_NOTES = 5

MakeAligner = Callable[[Report], Aligner]
"""Returns an aligner that tells what the user should know."""


def phones_in_windows(
    audio: AudioClip,
    timings: Timings,
    make: MakeAligner,
    *,
    language: str = AUTO,
    tell: Report = tell_nobody,
    progress: Progress = no_progress,
) -> PhoneTrack:
    """Find the phones of words or lines whose times are given.

    Words keep their times to the digit: stretches of words between pauses are aligned, and each
    word's phones are moved and stretched from where it was found into its own window. Words that
    are not found, or of a stretch that is heard otherwise, share their window among the phones
    of their first pronunciation. A line is aligned within its window as if there were no other
    sound.

    Args:
        audio: The sound.
        timings: With words or lines, within the sound.
        make: Makes the aligner.
        language: As of `animdrive.sources.audio.text.spoken_from_text`.
        tell: Told what the user should know.
        progress: Told of "align".

    Returns:
        Phones from 0 s to the end of the sound without gaps, and the words.
    """
    notes: list[str] = []
    progress("align", 0.0)
    if timings.words:
        track = _in_words(audio, timings.words, make(tell_nobody), language, notes, progress)
    else:
        track = _in_lines(audio, timings.lines, make, language, notes, progress)
    progress("align", 1.0)
    for note in notes[:_MOST_NOTES]:
        tell(note)
    if len(notes) > _MOST_NOTES:
        tell(f"And {len(notes) - _MOST_NOTES} more notes of this kind.")
    return track


def _in_lines(
    audio: AudioClip,
    lines: Sequence[Timed],
    make: MakeAligner,
    language: str,
    notes: list[str],
    progress: Progress,
) -> PhoneTrack:
    said: list[Segment] = []
    words: list[Segment] = []
    for number, line in enumerate(lines):
        heard: list[str] = []
        piece = _cut(audio, line.start_s, line.end_s)
        spoken = spoken_from_text(line.label, language=language, lookup=decoder.lookup)
        heard += spoken.notes
        track = make(heard.append).align(piece, spoken if spoken.words else None, language=language)
        notes += [f"{line.place}: {note}" for note in heard]
        for phone in track.phones:
            put_phone(said, _moved(phone, line))
        words += [_moved(word, line) for word in track.words]
        progress("align", (number + 1) / len(lines))
    put_phone(said, Segment(audio.duration_s, audio.duration_s, SILENCE))
    return PhoneTrack(phones=tuple(said), words=tuple(words))


def _moved(segment: Segment, line: Timed) -> Segment:
    end = min(line.start_s + segment.end_s, line.end_s)
    return Segment(min(line.start_s + segment.start_s, end), end, segment.label)


def _in_words(
    audio: AudioClip,
    words: Sequence[Timed],
    aligner: Aligner,
    language: str,
    notes: list[str],
    progress: Progress,
) -> PhoneTrack:
    said: list[Segment] = []
    texts = _spoken_in_place(words, language)
    for first, end in _stretches(words):
        found = _found_phones(audio, words, texts, first, end, aligner, language)
        for word, text, inside in zip(words[first:end], texts[first:end], found, strict=True):
            phones = _fitted(inside, word) if inside else []
            phones = phones or _spread(word, text)
            if not phones:
                notes.append(f"{word.place}: '{word.shown}' has no pronunciation; the mouth rests.")
            for phone in phones:
                put_phone(said, phone, join=False)
        progress("align", end / len(words))
    put_phone(said, Segment(audio.duration_s, audio.duration_s, SILENCE))
    return PhoneTrack(
        phones=tuple(said),
        words=tuple(Segment(word.start_s, word.end_s, word.label) for word in words),
    )


def _stretches(words: Sequence[Timed]) -> Iterator[tuple[int, int]]:
    """Yield first and one past the last of words to be aligned together."""
    first = 0
    for at in range(1, len(words) + 1):
        if at < len(words):
            pause = words[at].start_s - words[at - 1].end_s
            long = words[at].end_s - words[first].start_s > _STRETCH_S
            if pause < _PAUSE_S and not long:
                continue
        yield first, at
        first = at


def _spoken_in_place(words: Sequence[Timed], language: str) -> list[Spoken]:
    """Return how each of `words` is said. One label may be several words ("well-known"), or none.

    The language is told from all of them together.
    """
    if language == AUTO:
        language = main_language(" ".join(word.label for word in words))
    return [
        spoken_from_text(word.label, language=language, lookup=decoder.lookup) for word in words
    ]


def _found_phones(
    audio: AudioClip,
    words: Sequence[Timed],
    texts: Sequence[Spoken],
    first: int,
    end: int,
    aligner: Aligner,
    language: str,
) -> list[list[Segment]]:
    """Return the phones that are found for each word of a stretch; none where it failed."""
    low = words[first - 1].end_s if first else 0.0
    high = words[end].start_s if end < len(words) else audio.duration_s
    start = max(low, words[first].start_s - _MARGIN_S)
    stop = min(high, words[end - 1].end_s + _MARGIN_S)
    nothing: list[list[Segment]] = [[] for _ in range(first, end)]
    spoken = Spoken(words=tuple(word for text in texts[first:end] for word in text.words))
    if not spoken.words:
        return nothing
    track = aligner.align(_cut(audio, start, stop), spoken, language=language)
    counts = [len(text.words) for text in texts[first:end]]
    if len(track.words) != sum(counts):
        return nothing  # something else was heard
    result = []
    at = 0
    for count in counts:
        own = track.words[at : at + count]
        at += count
        inside = [
            phone
            for phone in track.phones
            if own
            and phone.start_s >= own[0].start_s - 1e-6
            and phone.end_s <= own[-1].end_s + 1e-6
        ]
        result.append(inside)
    return result


def _fitted(phones: Sequence[Segment], word: Timed) -> list[Segment]:
    """Return `phones` moved and stretched so that they fill the time of `word`."""
    start, end = phones[0].start_s, phones[-1].end_s
    if end <= start:
        return []
    scale = (word.end_s - word.start_s) / (end - start)
    edges = [word.start_s + (phone.start_s - start) * scale for phone in phones]
    edges.append(word.end_s)
    return [
        Segment(a, max(a, b), phone.label)
        for phone, a, b in zip(phones, edges[:-1], edges[1:], strict=True)
    ]


def _spread(word: Timed, spoken: Spoken) -> list[Segment]:
    """Return the phones of the first pronunciation of `word`, vowels longer, over its time."""
    phones = [phone for part in spoken.words for phone in part.pronunciations[0]]
    if not phones:
        return []
    weights = [_VOWEL_WEIGHT if phone in VOWELS else 1.0 for phone in phones]
    scale = (word.end_s - word.start_s) / sum(weights)
    edges = [word.start_s]
    for weight in weights:
        edges.append(min(edges[-1] + weight * scale, word.end_s))
    edges[-1] = word.end_s
    return [Segment(a, b, phone) for phone, a, b in zip(phones, edges[:-1], edges[1:], strict=True)]


def _cut(audio: AudioClip, start_s: float, end_s: float) -> AudioClip:
    rate = audio.sample_rate
    return AudioClip(
        samples=audio.samples[round(start_s * rate) : round(end_s * rate)], sample_rate=rate
    )
