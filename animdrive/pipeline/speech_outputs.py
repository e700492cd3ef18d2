"""What speech is written to besides curves: labels for Praat, mouth cues, visemes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from animdrive.contract import OVR15, PhoneTrack, VisemeTrack
from animdrive.contract.stages import Progress
from animdrive.errors import ContractError

if TYPE_CHECKING:
    from animdrive.pipeline.outputs import OutputConfig, Performance

SPEECH_SUFFIXES: dict[str, tuple[str, ...]] = {
    "textgrid": ("TextGrid",),
    "rhubarb-tsv": ("rhubarb.tsv",),
    "rhubarb-json": ("rhubarb.json",),
    "rhubarb-xml": ("rhubarb.xml",),
    "rhubarb-dat": ("rhubarb.dat",),
    "ovr-json": ("ovr.json",),
    "azure-json": ("azure.json",),
}
"""Format → what follows ``NAME.`` in the names of its files."""


def _phones(performance: Performance) -> PhoneTrack:
    if performance.phones is None:
        raise ContractError(f"'{performance.name}' has no phones to write.")
    return performance.phones


def _textgrid(performance: Performance, path: Path, _: OutputConfig) -> None:
    from animdrive.export.textgrid import write_textgrid

    phones = _phones(performance)
    end_s = max(phones.end_s, performance.track.duration_s if not phones.phones else 0.0)
    write_textgrid({"words": phones.words, "phones": phones.phones}, path, end_s=end_s)


def _rhubarb(performance: Performance, path: Path, config: OutputConfig) -> None:
    from animdrive.export import rhubarb
    from animdrive.sources.audio.mouth.rhubarb_cues import rhubarb_cues

    cues = rhubarb_cues(_phones(performance), config.visemes)
    match path.suffix:
        case ".tsv":
            rhubarb.write_rhubarb_tsv(cues, path)
        case ".json":
            rhubarb.write_rhubarb_json(cues, path, sound=performance.sound)
        case ".xml":
            rhubarb.write_rhubarb_xml(cues, path, sound=performance.sound)
        case _:
            rhubarb.write_rhubarb_dat(cues, path, fps=config.dat_fps)


def _ovr(performance: Performance, path: Path, config: OutputConfig) -> None:
    from animdrive.export.viseme_json import write_ovr_json
    from animdrive.sources.audio.mouth.viseme_maps import VisemeMaps, cues_of
    from animdrive.sources.audio.mouth.visemes import viseme_track

    phones, table = _phones(performance), (config.visemes or VisemeMaps()).ovr
    track = viseme_track(phones, fps=performance.track.fps, table=table)
    # As many frames as the curves have; at the end of a sound that is silence.
    values = np.zeros((len(performance.track), len(OVR15)), dtype=np.float32)
    values[:, 0] = 1.0
    count = min(len(values), len(track))
    values[:count] = track.values[:count]
    whole = VisemeTrack(names=OVR15, fps=track.fps, values=values)
    write_ovr_json(whole, cues_of(phones, table), path)


def _azure(performance: Performance, path: Path, config: OutputConfig) -> None:
    from animdrive.export.viseme_json import write_azure_json
    from animdrive.sources.audio.mouth.viseme_maps import VisemeMaps, cues_of

    table = (config.visemes or VisemeMaps()).azure
    write_azure_json(cues_of(_phones(performance), table), path)


def _writer(
    name: str, write: Callable[[Performance, Path, OutputConfig], None]
) -> Callable[[Performance, Path, OutputConfig, Progress], dict[str, Path]]:
    def write_one(
        performance: Performance, folder: Path, config: OutputConfig, _: Progress
    ) -> dict[str, Path]:
        path = folder / f"{performance.name}.{SPEECH_SUFFIXES[name][0]}"
        write(performance, path, config)
        return {name: path}

    return write_one


SPEECH_WRITERS: dict[
    str, Callable[[Performance, Path, OutputConfig, Progress], dict[str, Path]]
] = {
    name: _writer(name, write)
    for name, write in {
        "textgrid": _textgrid,
        "rhubarb-tsv": _rhubarb,
        "rhubarb-json": _rhubarb,
        "rhubarb-xml": _rhubarb,
        "rhubarb-dat": _rhubarb,
        "ovr-json": _ovr,
        "azure-json": _azure,
    }.items()
}
"""Format → what writes it, for a performance with phones."""
