"""The English acoustic model in pocketsphinx's wheel, read from its files.

Its Gaussians have heard hundreds of hours of real speech, which our own network has not. For each
of 42 phones there are 3 x 128 Gaussians (cepstra, their slopes, their curvature), which the states
("senones") of that phone's triphones mix in their own proportions: a phonetically tied mixture
(Huggins-Daines et al. 2006, "Pocketsphinx"). The formats are those of SphinxTrain.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.errors import BackendError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

STATES = 3
"""States of a phone, one after the other."""
STREAMS = 3
_ORDER = b"\x44\x33\x22\x11"
"""Byte order mark of files written on little-endian machines."""
_WEIGHT_STEP = 1024 * float(np.log(1.0001))
"""Nepers for one step of a mixture weight: logarithms of base 1.0001, shifted by 10 bits."""
_LEAST_VARIANCE = 1e-4


@dataclass(frozen=True, eq=False)
class Gaussians:
    """The model's numbers. C phones, K Gaussians of a phone, D dimensions, S senones."""

    phones: tuple[str, ...]
    """C names: ARPABET, SIL, and two kinds of noise."""
    means: tuple[Floats, ...]
    """Of each stream [C, K, D]."""
    variances: tuple[Floats, ...]
    """Of each stream [C, K, D]."""
    weights: tuple[Floats, ...]
    """Of each stream [K, S]; each column sums to 1."""
    phone_of_senone: Ints
    """[S]."""
    senones: Ints
    """[N, 3] senones of each distinct triphone; the first C are the phones without context."""
    triphones: Ints
    """[4, C, C, C] place in the word (inside, first, last, alone), phone, left, right → row of
    `senones`, or -1."""
    transitions: Floats
    """[C, 3, 4] natural logarithm of going from a state to each, the last being out."""


def _after_header(path: Path) -> bytes:
    data = path.read_bytes()
    start = data.index(b"endhdr\n") + len(b"endhdr\n")
    if data[start : start + 4] != _ORDER:
        raise ValueError(f"{path.name} is of another byte order")
    return data[start + 4 :]


def _densities(path: Path) -> tuple[Floats, ...]:
    data = _after_header(path)
    books, streams, count = struct.unpack_from("<3i", data)
    sizes = struct.unpack_from(f"<{streams}i", data, 12)
    start = 12 + 4 * streams
    (total,) = struct.unpack_from("<i", data, start)
    rows = np.frombuffer(data, "<f4", total, start + 4).reshape(books, -1)
    edges = np.cumsum([0, *(count * size for size in sizes)])
    return tuple(
        np.ascontiguousarray(rows[:, a:b].reshape(books, count, size), dtype=np.float32)
        for a, b, size in zip(edges[:-1], edges[1:], sizes, strict=True)
    )


def _mixture_weights(path: Path) -> npt.NDArray[np.uint8]:
    """Return [streams, K, S] steps of weight."""
    data = path.read_bytes()
    at, facts = 0, {}
    for _ in range(2):  # title, header
        (length,) = struct.unpack_from("<i", data, at)
        at += 4 + length
    while True:
        (length,) = struct.unpack_from("<i", data, at)
        at += 4
        if not length:
            break
        parts = data[at : at + length].split(b"\0")[0].split()
        if len(parts) == 2 and parts[1].isdigit():
            facts[parts[0].decode()] = int(parts[1])
        at += length
    rows, columns = struct.unpack_from("<2i", data, at)
    if facts.get("cluster_count") != 0:
        raise ValueError("sendump is clustered")
    shape = (facts["feature_count"], rows, columns)
    return np.frombuffer(data, np.uint8, int(np.prod(shape)), at + 8).reshape(shape)


def _transitions(path: Path) -> Floats:
    data = _after_header(path)
    count, rows, columns, total = struct.unpack_from("<4i", data)
    table = np.frombuffer(data, "<f4", total, 16).reshape(count, rows, columns)
    shares = table / table.sum(-1, keepdims=True)
    logarithms: Floats = np.log(np.maximum(shares, 1e-8)).astype(np.float32)
    return logarithms


def _definition(path: Path) -> tuple[tuple[str, ...], Ints, Ints, Ints]:
    """Return phones, [N, 3] senones, [P] row of each phone and triphone, [P, 4] what each is."""
    data = path.read_bytes()
    if data[:4] != b"BMDF":
        raise ValueError(f"{path.name} is no binary model definition")
    (length,) = struct.unpack_from("<i", data, 8)
    at = 12 + length
    names = (
        "ci",
        "phones",
        "states",
        "ci_senones",
        "senones",
        "tmat",
        "rows",
        "ctx",
        "tree",
        "sil",
    )
    count = dict(zip(names, struct.unpack_from("<10i", data, at), strict=True))
    at += 40
    phones = []
    for _ in range(count["ci"]):
        end = data.index(b"\0", at)
        phones.append(data[at:end].decode())
        at = end + 1
    at = (at + 3) // 4 * 4 + 8 * count["tree"]
    kind = np.dtype([("row", "<i4"), ("tmat", "<i4"), ("what", "i1", 4)])
    table = np.frombuffer(data, kind, count["phones"], at)
    at += kind.itemsize * count["phones"] + 4
    senones = np.frombuffer(data, "<i2", count["rows"] * count["states"], at)
    return (
        tuple(phones),
        senones.reshape(-1, count["states"]).astype(np.int32),
        table["row"].astype(np.int32),
        table["what"].astype(np.int32),
    )


@cache
def load_gaussians() -> Gaussians:
    """Return the model in pocketsphinx's wheel.

    Raises:
        BackendError: pocketsphinx is not installed, or its model is not as expected.
    """
    try:
        import pocketsphinx

        folder = Path(pocketsphinx.get_model_path("en-us")) / "en-us"
        phones, senones, rows, what = _definition(folder / "mdef")
        steps = _mixture_weights(folder / "sendump")
        means, variances = _densities(folder / "means"), _densities(folder / "variances")
        transitions = _transitions(folder / "transition_matrices")
    except (ImportError, OSError, ValueError, KeyError, struct.error) as error:
        raise BackendError(
            f"The English model of pocketsphinx cannot be read ({error}). "
            "Reinstall it: pip install --force-reinstall pocketsphinx."
        ) from error
    count = len(phones)
    bases = np.where(np.arange(len(rows)) < count, np.arange(len(rows)), what[:, 1])
    owner = np.zeros(int(senones.max()) + 1, dtype=np.int32)
    owner[senones[rows]] = bases[:, None]
    triphones = np.full((4, count, count, count), -1, dtype=np.int32)
    triphones[tuple(what[count:].T)] = rows[count:]
    weights = np.exp(-_WEIGHT_STEP * steps.astype(np.float32))
    weights /= weights.sum(1, keepdims=True)
    return Gaussians(
        phones=phones,
        means=means,
        variances=tuple(np.maximum(variance, _LEAST_VARIANCE) for variance in variances),
        weights=tuple(weights),
        phone_of_senone=owner,
        senones=senones,
        triphones=triphones,
        transitions=transitions,
    )
