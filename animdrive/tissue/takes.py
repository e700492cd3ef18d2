"""Planning what is performed: the takes of a capture, and which of them are kept for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from animdrive.contract import CurveTrack
from animdrive.contract.capture import SPLITS, Take
from animdrive.errors import InputError
from animdrive.tissue.take_makers import (
    emotion_mixtures,
    emotion_takes,
    pair_frames,
    pair_takes,
    rom_takes,
)
from animdrive.tissue.take_mixtures import mixture_takes, random_takes
from animdrive.tissue.take_pairs import Pair, covering_pairs, mirrored_pair, unseen_pairs
from animdrive.tissue.take_plan import TakePlan
from animdrive.tissue.take_spoken import Speak, clip_takes, cut_to, spoken_takes

_RANDOM_SHARE = 0.15
_SHARES = {"rom": 0.24, "pairs": 0.20, "emotions": 0.15, "speech": 0.26}
"""How the frames that are neither random nor of clips are shared, in proportion."""
_CLIP_SHARE = 0.4
"""Clips get at most this share of the frames that are not random."""


@dataclass(frozen=True, eq=False)
class PlannedTakes:
    """What will be performed."""

    takes: tuple[Take, ...]
    """Training takes first."""
    held_pairs: tuple[Pair, ...] = ()
    """Pairs of curves that never act together in a training take, nor do their mirror images."""
    held_mixtures: tuple[tuple[str, str], ...] = ()
    """Pairs of emotions that no training take of emotions mixes."""
    notes: tuple[str, ...] = ()
    """What the user should know, one line each."""


def plan_takes(
    plan: TakePlan,
    *,
    speak: Speak | None = None,
    clips: Sequence[tuple[str, CurveTrack]] = (),
) -> PlannedTakes:
    """Return the takes of a capture; the same plan gives the same takes.

    Range of motion: every curve alone, quickly, and slowly as far as there is room. Pairs: a
    covering list that favours what acts together in faces; some are held out, and neither they nor
    their mirror images act together in any training take. Emotions: the six pure ones and their
    mixtures; some mixtures are held out. Random mixtures are 15 % of all frames, quickly changing
    ones beside them as many as are asked for. Spoken lines:
    other sentences are held out. Clips: every third is held out, a single one as a whole.

    Args:
        plan: Settings.
        speak: Says a line, at the plan's frame rate; needed where "speech" is planned.
        clips: Name and curves of real performances at the plan's frame rate, for "clips".

    Returns:
        Takes of at least as many frames as `plan` asks for; where that cannot be, a note says so.

    Raises:
        InputError: speech without `speak`, clips alone without any clip.
        ContractError: a track has another frame rate.
    """
    if "speech" in plan.kinds and speak is None:
        raise InputError("Spoken takes need a voice: none was given.")
    if plan.kinds == ("clips",) and not clips:
        raise InputError("Takes of clips were asked for, but there is no clip. Name one.")
    filmed = clip_takes(plan, clips if "clips" in plan.kinds else ())
    mixtures, held_mixtures = emotion_mixtures(plan.seed, held=4 if plan.frames_held else 0)
    quotas: dict[str, dict[str, int]] = {}
    fixed: dict[str, list[Take]] = {}
    for split in SPLITS:
        total = plan.frames_train if split == "train" else plan.frames_held
        own = [take for take in filmed if take.split == split]
        quota = _quotas(plan, split, total, sum(len(take.track) for take in own))
        fixed[split] = cut_to(own, quota.get("clips", 0))
        if quota.get("speech") and speak is not None:
            fixed[split] += spoken_takes(plan, split, quota["speech"], speak)
        if quota.get("emotions"):
            blends = mixtures if split == "train" else held_mixtures
            fixed[split] += emotion_takes(plan, split, quota["emotions"], blends)
        quotas[split] = quota
    pairs, held_pairs = _pairs(plan, quotas, [take.track for take in fixed["train"]])
    takes: list[Take] = []
    for split, quota in quotas.items():
        if quota.get("rom"):
            takes += rom_takes(plan, quota["rom"])
        if quota.get("pairs"):
            chosen = pairs if split == "train" else held_pairs
            takes += pair_takes(plan, split, quota["pairs"], chosen)
        takes += fixed[split]
        if quota.get("random"):
            avoid = held_pairs if split == "train" else ()
            takes += random_takes(plan, split, quota["random"], avoid)
        if split == "train":
            takes += mixture_takes(plan, plan.mixtures, held_pairs)
    return PlannedTakes(
        takes=tuple(takes),
        held_pairs=tuple(held_pairs),
        held_mixtures=tuple((a, b) for a, b in held_mixtures)
        if any(take.kind == "emotions" and take.split == "held_out" for take in takes)
        else (),
        notes=tuple(_notes(plan, takes, clips)),
    )


def _quotas(plan: TakePlan, split: str, total: int, clip_frames: int) -> dict[str, int]:
    """Return how many frames each kind gets; nothing where nothing can be had."""
    kinds = [kind for kind in _SHARES if kind in plan.kinds]
    if split == "held_out" and "rom" in kinds:  # a curve that is not learnt alone is not learnt
        kinds.remove("rom")
    quota: dict[str, int] = {}
    if "random" in plan.kinds:
        quota["random"] = round(_RANDOM_SHARE * total) if kinds or clip_frames else total
    left = total - quota.get("random", 0)
    if clip_frames and left:
        most = left if not kinds else round(_CLIP_SHARE * left)
        quota["clips"] = min(clip_frames, most)
        left -= quota["clips"]
    shares = sum(_SHARES[kind] for kind in kinds)
    for kind in kinds:
        quota[kind] = -int(-left * _SHARES[kind] // shares)
    return quota


def _pairs(
    plan: TakePlan, quotas: dict[str, dict[str, int]], tracks: Sequence[CurveTrack]
) -> tuple[list[Pair], list[Pair]]:
    """Return pairs to learn from and pairs held out, given what acts together in `tracks`."""
    wanted, held = (-(-quotas[split].get("pairs", 0) // pair_frames(plan.fps)) for split in SPLITS)
    if not wanted + held:
        return [], []
    # Pairs at the top of the list are too common to be absent from speech: look further down.
    listed = covering_pairs(wanted + 4 * held)
    unseen = unseen_pairs(listed, tracks, held)
    secret = {*unseen, *(mirrored_pair(pair) for pair in unseen)}
    return [pair for pair in listed if pair not in secret][:wanted], unseen


def _notes(
    plan: TakePlan, takes: Sequence[Take], clips: Sequence[tuple[str, CurveTrack]]
) -> list[str]:
    notes = []
    if "clips" in plan.kinds and not clips:
        notes.append("There is no clip of a real face; its frames went to the other takes.")
    for split, wanted in (("train", plan.frames_train), ("held_out", plan.frames_held)):
        frames = sum(len(take.track) for take in takes if take.split == split)
        if frames < wanted:
            notes.append(
                f"Only {frames} of {wanted} frames of '{split}' could be made of "
                f"{', '.join(plan.kinds)}. Name more kinds of takes."
            )
    return notes
