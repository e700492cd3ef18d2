"""Telling where a result comes from, in the file itself and beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from animdrive import __version__
from animdrive.contract import Provenance
from animdrive.files import sha256_of, write_text


def provenance_of(
    inputs: tuple[Path, ...],
    *,
    backend: str,
    config: Mapping[str, object],
    weights: tuple[tuple[str, str], ...] = (),
    seed: int = 0,
) -> Provenance:
    """Return the provenance of a result that is made now from the files `inputs`."""
    return Provenance(
        inputs=tuple((path.name, sha256_of(path)) for path in inputs),
        backend=backend,
        config=config,
        weights=weights,
        version=__version__,
        seed=seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def aigc_label(provenance: Provenance) -> str:
    """Return the hidden label of GB 45438-2025 as JSON, for the key ``AIGC``.

    Label "1" is content that is certainly generated. The produce id is the sha256 of the first
    input, so that the same recording is known again.
    """
    produce_id = provenance.inputs[0][1] if provenance.inputs else ""
    return json.dumps(
        {
            "Label": "1",
            "ContentProducer": f"animdrive {provenance.version}",
            "ProduceID": produce_id,
            "ReservedCode1": "",
            "ContentPropagator": "",
            "PropagateID": "",
            "ReservedCode2": "",
        },
        ensure_ascii=False,
    )


def provenance_dict(provenance: Provenance) -> dict[str, object]:
    """Return `provenance` as plain values, for JSON sidecars and for extras of a GLB.

    The moment of making is left out where it is not known: a file that must come out the same
    every time has no clock in it.
    """
    described: dict[str, object] = {
        "generator": f"animdrive {provenance.version}",
        "synthetic": True,
        "digitalSourceType": (
            "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
        ),
        "inputs": [{"name": name, "sha256": digest} for name, digest in provenance.inputs],
        "backend": provenance.backend,
        "config": dict(provenance.config),
        "weights": [{"name": name, "sha256": digest} for name, digest in provenance.weights],
        "seed": provenance.seed,
        "AIGC": aigc_label(provenance),
    }
    if provenance.created:
        described["created"] = provenance.created
    return described


def write_provenance(provenance: Provenance, path: Path) -> None:
    """Write the sidecar of a result as JSON."""
    write_text(path, json.dumps(provenance_dict(provenance), indent=2, ensure_ascii=False) + "\n")
