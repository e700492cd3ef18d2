"""Speech to control curves: sound → phones → visemes → curves with coarticulation."""

from __future__ import annotations

from animdrive.registry import Registry

ALIGNERS = Registry(
    "aligner",
    {
        "acoustic": "animdrive.sources.audio.acoustic.aligner:AcousticAligner",
        "pocketsphinx": "animdrive.sources.audio.sphinx.align:PocketsphinxAligner",
    },
)
"""What finds phones in sound. An aligner is built as ``cls(tell=..., progress=...)``."""
