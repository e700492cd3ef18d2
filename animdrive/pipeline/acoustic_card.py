"""What is told of an acoustic model: its card, and its entry in the manifest of weights."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from animdrive.sources.audio.training.model import NetConfig
    from animdrive.sources.audio.training.voices import Voice


@dataclass(frozen=True)
class CardFacts:
    """All that a card tells."""

    file: str
    """Name of the model's file."""
    command: str
    """That made it."""
    layout: NetConfig
    """Of the network."""
    voices: tuple[Voice, ...]
    """That it learned from."""
    minutes: tuple[float, ...]
    """Of speech, one number for each voice."""
    figures: Mapping[str, Any]
    """What came out, as `animdrive.pipeline.acoustic_train.train_acoustic` tells it."""


def card_of(facts: CardFacts) -> str:
    """Return the card of a model as Markdown."""
    layout, figures = facts.layout, facts.figures
    heard = "running sound" if layout.normalisation == "running" else "whole clips"
    lines = [
        f"# {facts.file}",
        "",
        f"Sound to phones, for {heard}: log-mel frames of 10 ms go in, posteriors of the phones of",
        f"docs/phones.md come out, {layout.frames_ahead} frames ahead at most. How it is made and",
        "read: docs/acoustic_model.md.",
        "",
        f"* **Made by** `{facts.command}`: {figures['steps']} steps, "
        f"{figures['train_minutes']:g} minutes of training on {figures['speech_minutes']:g} "
        "minutes of speech.",
        f"* **Network**: {len(layout.dilations)} residual blocks of dilated convolutions, "
        f"{layout.channels} wide, {figures['parameters']:,} weights at 16 bits.",
        "* **Data**: synthetic speech alone, whose phones are known to the sample. No recording of",
        "  a person was used; some voices were built from recordings of one.",
        "",
        "| voice | language | texts | minutes | weight | licence | from |",
        "|---|---|---|---|---|---|---|",
    ]
    for voice, minutes in zip(facts.voices, facts.minutes, strict=True):
        lines.append(
            f"| {voice.engine} {voice.name} | {voice.language} | {voice.text} | {minutes:.1f} | "
            f"{voice.weight:g} | {voice.licence} | {voice.package} |"
        )
    lines += ["", f"* **Figures**: loss {figures['loss']:.3f} on what it learns from."]
    for folder, found in figures.get("real_speech", {}).items():
        lines.append(
            f"* **Real speech**, never learned from ({folder.rsplit('/', 1)[-1]}, {found['takes']} "
            f"recordings): {found['phones']:.1f} % of the frames have the right phone without a "
            f"transcript, mouth classes F1 {found['classes_f1']:.1f} %."
        )
    lines += [
        "* **Known gaps**: few speakers, all of them machines; accents, children, shouting and",
        "  singing were never heard.",
        "* **Licence** Apache-2.0. The voices keep theirs; none of their data is in the file.",
        "",
    ]
    return "\n".join(lines)


def with_entry(manifest: str, name: str, entry: Mapping[str, str]) -> str:
    """Return the text of a manifest (TOML) with an entry put in, or in place of the old one.

    All else, comments too, stays as it is.
    """
    # JSON's strings are TOML's basic strings.
    rows = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
    block = "\n".join([f"[{name}]", *rows]) + "\n"
    old = re.compile(rf"^\[{re.escape(name)}\]\n(?:(?!\[).*\n?)*?(?=^\[|\Z|^\n|^#)", re.MULTILINE)
    if old.search(manifest):
        return old.sub(lambda _: block, manifest, count=1)
    return f"{manifest.rstrip()}\n\n{block}" if manifest.strip() else block
