"""What is said in spoken takes: our own lines, rich in closures, bites, roundings and spreads."""

from __future__ import annotations

TRAIN: dict[str, tuple[str, ...]] = {
    "en": (
        "Bob may move five boxes before the others wake up.",
        "We should put the blue vase beside the window.",
        "Please show me how you chew such a huge apple.",
        "My mother thought the weather was very pleasant today.",
        "Who would choose to go there without warm shoes?",
        "Five brave people saved the valley from fire.",
        "She sees three green leaves on the beach.",
        "Open your mouth wide and say ah for the doctor.",
        "Nobody knows where the old road goes now.",
        "Why are you laughing about that purple balloon?",
        "The boy joined a noisy choir in the village.",
        "Jump over both puddles, but mind the muddy path.",
        "I cannot believe how far the river flows.",
        "You were the only one who noticed our mistake.",
        "Eat your peas, then wash the dishes with Peter.",
        "Through thick and thin they kept their promise.",
        "Could we borrow your yellow umbrella for an hour?",
        "Vivid stories often begin with a small surprise.",
        "Look, a pair of foxes is watching us from the wood.",
        "Come back at once, and bring me a cup of mint tea.",
    )
}
"""Language → sentences to learn from."""

HELD_OUT: dict[str, tuple[str, ...]] = {
    "en": (
        "Maybe Fiona would prefer a room above the shop.",
        "What a beautiful morning for a picnic by the sea!",
        "The judge asked whether anybody had seen the thief.",
        "Push the wooden door, it opens more easily than you think.",
        "Our youngest brother plays the oboe every Wednesday.",
        "If you please, fetch me a pillow and both blankets.",
    )
}
"""Language → sentences for tests; none shares a sentence with `TRAIN`."""

VOICES: dict[str, tuple[str, ...]] = {"en": ("en-us", "en-us+f3", "en-gb-x-rp", "en-us+m3")}
"""Language → voices of espeak-ng that take turns."""

MOODS: tuple[tuple[str, float], ...] = (
    ("neutral", 0.0),
    ("happy", 0.6),
    ("neutral", 0.0),
    ("angry", 0.7),
    ("sad", 0.6),
    ("surprised", 0.6),
)
"""Emotion and amount that lines are said with, in turn."""
