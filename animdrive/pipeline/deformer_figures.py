"""The figures of a validation as plain values: what stands in its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.contract.capture import Capture
from animdrive.contract.checks import FloatArray
from animdrive.deformer.comparison import Comparison, Skin
from animdrive.deformer.errors_table import Spread
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.timing import Timing, measured_timing

_USED = 0.1
"""A curve whose highest value is above moves."""


def measured_figures(compared: Comparison, fit: Spread | None) -> dict[str, Any]:
    """Return the figures of `compared` as plain values; `fit` holds errors on training takes."""
    rows = compared.table.rows()
    total = compared.table.total()
    held = total.figures["model"]
    learned = None if fit is None or not fit.count else fit.figures()
    counts = compared.penetrations.counts
    ratio = total.ratio()
    return {
        "errors": {
            **{skin: figures.rounded() for skin, figures in total.figures.items()},
            "ratio_rms": None if ratio is None else round(ratio, 4),
        },
        "rows": [
            {
                "group": row.group,
                "name": row.name,
                **{skin: figures.rounded() for skin, figures in row.figures.items()},
                "ratio_rms": None if row.ratio() is None else round(row.ratio() or 0.0, 4),
            }
            for row in rows
        ],
        "fit": {
            "train": None if learned is None else learned.rounded(),
            "held_out": held.rounded(),
            "ratio": (
                None if learned is None or learned.mean <= 0 else round(held.mean / learned.mean, 3)
            ),
        },
        "jitter": {
            f"{name.replace(' ', '_')}_mm": round(jitter.rms_mm, 5)
            for name, jitter in compared.jitter.items()
        },
        "detail": {"kept": _rounded(compared.detail.kept)},
        "blocks": {
            "ratio": None if compared.blocks is None else _rounded(compared.blocks.ratio)
        },
        "penetration": {
            check: {who: n.described() for (name, who), n in counts.items() if name == check}
            for check in compared.penetrations.check.names
        },
        "worst": [
            {"take": worst.take, "frame": worst.frame, "rms_mm": round(worst.rms_mm, 4)}
            for worst in compared.worst_first(64)
        ],
    }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def speed_of(model: Skin, capture: Capture, values: FloatArray) -> dict[str, Any]:
    """Return ms per character and frame for curves [T, C], the linear rig's beside."""
    timings = {"model": measured_timing(model, values)}
    timings["linear"] = measured_timing(LinearDeformer(capture.character.rig), values)

    def rounded(timing: Timing) -> dict[str, float]:
        return {
            "single_ms": round(timing.single_ms, 4),
            "batch_ms": round(timing.batch_ms, 4),
            "runs": timing.runs,
        }

    batch = timings["model"].batch
    return {"batch": batch, **{name: rounded(timing) for name, timing in timings.items()}}


def about_model(
    model: Skin, header: Mapping[str, Any], path: Path | None, compared: Comparison
) -> dict[str, Any]:
    """Return what a model is, and what its training lacked."""
    return {
        "file": None if path is None else path.name,
        "kind": model.kind,
        "config": header.get("config", {}),
        "coverage": header.get("coverage") or _coverage(header, compared),
    }


def _coverage(header: Mapping[str, Any], compared: Comparison) -> dict[str, Any] | None:
    """Return which curves the training never moved, first those that the held-out takes do."""
    still = list(header.get("training", {}).get("never_moved", ()))
    if not still:
        return None
    most = np.concatenate(compared.values).max(axis=0)
    names = compared.model.names
    used = [name for name in still if name in names and most[names.index(name)] > _USED]
    line = f"no take that was learned from moves {_some(still)}"
    if used:
        line += f"; held-out takes move {_some(used)}. Add takes that do"
    return {"line": line, "severe": bool(used), "never_moved": still, "used": used}


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + rest


def size_of(
    model: Skin, header: Mapping[str, Any], path: Path | None, capture: Capture
) -> dict[str, Any]:
    """Return sizes beside the cache of the training takes as float32."""
    rig = capture.character.rig
    frames = sum(entry.frames for entry in capture.takes if entry.split == "train")
    frames = int(header.get("training", {}).get("frames", frames))
    cache = frames * len(rig.neutral.vertices) * 12
    file = path.stat().st_size if path is not None else rig.deltas.nbytes
    held = int(getattr(model, "runtime_bytes", rig.deltas.nbytes))
    return {
        "file_bytes": file,
        "runtime_bytes": held,
        "cache_bytes": cache,
        "cache_to_file": round(cache / file, 2) if file else None,
        "runtime_to_cache": round(held / cache, 5) if cache else None,
    }
