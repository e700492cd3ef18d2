"""Who is captured and what makes the skin: identities and simulators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np

from animdrive.contract import Character, Rig
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Simulator
from animdrive.errors import InputError
from animdrive.files import sha256_of
from animdrive.weights import checked_path

Code = tuple[float, ...]
"""Coefficients of a head shape."""


class LinearSimulator:
    """The linear rig as a simulator: to try a capture in seconds, and for comparison."""

    def __init__(self, rig: Rig) -> None:
        """Prepare `rig`."""
        from animdrive.deformer.linear import LinearDeformer

        self._deformer = LinearDeformer(rig)
        self.names = self._deformer.names

    def frames(self, values: FloatArray, *, fps: float = 30.0) -> Iterator[FloatArray]:
        """Yield [V, 3] metres for each row of `values` [T, C]; frames do not depend on others."""
        for row in np.asarray(values, dtype=np.float32):
            yield self._deformer.run(row[None])[0]


def _linear(character: Character) -> Simulator:
    return LinearSimulator(character.rig)


_MAKERS: dict[str, str] = {
    "tissue": "animdrive.tissue.simulate:simulator_for",
    "linear": "animdrive.pipeline.capture_people:_linear",
}
SIMULATORS: tuple[str, ...] = tuple(_MAKERS)
"""What makes skin of curves: the tissue, or the linear rig itself, to try a capture in seconds."""


@dataclass(frozen=True)
class FaceSimulator:
    """Builds the simulator of a face, in whichever process it is called."""

    name: str = "tissue"
    """One of `SIMULATORS`."""
    code: Code = ()
    """Coefficients of the face's `HeadShape`; empty is the head that animdrive ships."""

    def __post_init__(self) -> None:
        if self.name not in SIMULATORS:
            raise InputError(f"Unknown simulator '{self.name}'. Known: {', '.join(SIMULATORS)}.")

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the shipped files that take part."""
        return ("head", "tissue") if self.name == "tissue" else ("head",)

    @property
    def settings(self) -> Mapping[str, object]:
        """All that its results depend on."""
        found: dict[str, object] = {
            "name": self.name,
            "head_shape": list(self.code),
            "weights": {name: sha256_of(checked_path(name)) for name in self.weights},
        }
        if self.name == "tissue":
            from animdrive.tissue.simulate import TissueConfig

            found["config"] = asdict(TissueConfig())
        return found

    def __call__(self) -> Simulator:
        """Return a new simulator at rest."""
        module, _, attribute = _MAKERS[self.name].partition(":")
        made: Simulator = getattr(import_module(module), attribute)(character_of(self.code))
        return made


@cache
def character_of(code: Code) -> Character:
    """Return the face of a head shape's coefficients; of none, the head that animdrive ships."""
    if not code:
        from animdrive.rig.head import load_head

        return load_head()
    from animdrive.contract.head_shape import HeadShape
    from animdrive.rig.identity import shaped_character

    return shaped_character(HeadShape(np.array(code, dtype=np.float32)))


def read_code(path: Path) -> Code:
    """Return the coefficients in a head shape's JSON file.

    Raises:
        InputError: no such file, or it holds no head shape.
    """
    from animdrive.rig.identity_file import read_head_shape

    shape = read_head_shape(path)
    return tuple(float(value) for value in shape.coefficients)


def simulator_of(name: str, code: Code) -> FaceSimulator:
    """Return what builds simulator `name` of the face `code`."""
    return FaceSimulator(name, code)
