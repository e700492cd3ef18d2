"""A spoken line without a recording: espeak-ng's voice, for demos and for trying a text."""

from __future__ import annotations

from animdrive.contract import AudioClip
from animdrive.errors import InputError
from animdrive.sources.audio.espeak import synthesise


def speak(
    text: str, *, voice: str = "en-us", words_per_minute: int = 165, pitch: int = 50
) -> AudioClip:
    """Speak `text` with espeak-ng. The same call gives the same samples.

    Args:
        text: What to say. Not empty.
        voice: An espeak-ng voice: "en-us", "en-gb-x-rp", or with a variant, "en-us+f3"
            (female).
        words_per_minute: Speed, 80..450.
        pitch: 0 low to 100 high.

    Returns:
        Mono sound at the voice's rate, 22050 Hz.

    Raises:
        InputError: no text, nothing in it that can be said, an unknown voice, or a dial out of
            its range.
        BackendError: espeak-ng cannot be loaded on this machine.
    """
    if not text.strip():
        raise InputError("There is no text to speak. Give a sentence.")
    if not 80 <= words_per_minute <= 450:
        raise InputError(f"words_per_minute must be in 80..450, got {words_per_minute}.")
    if not 0 <= pitch <= 100:
        raise InputError(f"pitch must be in 0..100, got {pitch}.")
    samples, rate = synthesise(text, voice=voice, words_per_minute=words_per_minute, pitch=pitch)
    if not len(samples):
        raise InputError(f"espeak-ng finds nothing to say in '{text[:40]}'. Give a sentence.")
    return AudioClip(samples=samples, sample_rate=rate)
