"""What morph targets do to the normals of a character."""

from __future__ import annotations

from animdrive.contract import Character
from animdrive.contract.checks import FloatArray
from animdrive.rig.normals import NormalSolver, welds


class NormalOffsets:
    """Normals of a character at rest, and what offsets add to them. V vertices."""

    def __init__(self, character: Character) -> None:
        """Prepare; vertices that the cut of a texture doubles share their normals."""
        neutral = character.rig.neutral
        count = len(neutral.vertices)
        apart = NormalSolver(neutral.faces, count)(neutral.vertices)
        self._solver = NormalSolver(neutral.faces, count, weld=welds(neutral.vertices, apart))
        self._places = neutral.vertices
        self.rest: FloatArray = self._solver(neutral.vertices)
        """[V, 3] unit normals."""

    def at_full(self, offsets: FloatArray) -> FloatArray:
        """Return [V, 3], the way from rest to the normals at weight 1 of `offsets` [V, 3] metres.

        Right for a target whose weight runs from 0 to 1.
        """
        added: FloatArray = self._solver(self._places + offsets) - self.rest
        return added

    def around_rest(self, offsets: FloatArray, step: float) -> FloatArray:
        """Return [V, 3], how normals change by weight 1, measured from weight -`step` to `step`.

        Right for a target whose weight takes both signs and is mostly about as large as `step`.
        """
        there = self._solver(self._places + step * offsets)
        change: FloatArray = (there - self._solver(self._places - step * offsets)) / (2 * step)
        return change
