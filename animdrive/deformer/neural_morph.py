"""Neural morph targets: curves, through small nets, to the weights of learned morph targets.

``skin = rest + Σ curve · rig shape + Σ weight(curves) · learned morph``

In the mode "local" the face is cut into patches with smooth borders, each with a net of its own
that hears only the curves that move its skin; in "global" one net moves all of it. On a symmetric
rig a patch and its mirror image share net and morphs. The weights of a patch are ordered by how
much they move, so fewer of them are a coarser level of detail of the same model.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Rig
from animdrive.contract.checks import FloatArray
from animdrive.deformer.nets import FrozenNets
from animdrive.deformer.product import FusedProduct
from animdrive.deformer.rig_check import check_ranges, check_rig, checked_values, rig_digest
from animdrive.deformer.sparse_morphs import (
    STORAGE,
    Cells,
    DenseMorphs,
    SparseMorphs,
    cut_cells,
    mirrored_cells,
    sparse_morphs,
    with_twins,
)
from animdrive.deformer.symmetry import Symmetry, symmetry_of
from animdrive.errors import InputError, WeightsError

if TYPE_CHECKING:  # torch is for training: a model that runs does not wait for it
    from animdrive.deformer.morph_basis import PatchBasis

Arrays = dict[str, npt.NDArray[Any]]
_LEAST_M = 2e-6
"""Blocks that never move skin by as much are left out."""
_BATCH = 256
"""Frames that are made at once."""
_NETS_BATCH = 8192
"""Frames that go through the nets at once: some 100 MB, however long the performance is."""


@dataclass(frozen=True)
class NeuralMorphConfig:
    """Settings of a `NeuralMorph`."""

    mode: str = "local"
    """"local" (a net per patch of skin) or "global" (one net)."""
    latent: int = 512
    """Learned morph targets of the whole face, twins included."""
    patches: int = 14
    """Patches, their twins not counted; "global" has one."""
    hidden: int = 96
    """Width of a net's two layers."""
    radius_m: float = 0.008
    """How far a patch reaches into its neighbours, metres. Too small shows as blocks."""
    influence_m: float = 1e-3
    """A patch hears a curve that moves its skin by more, metres."""
    regularization: float = 1e-4
    """How hard learned morphs are kept smooth, most of all the weak ones, 0..1; see
    `morph_basis.smoothed`."""
    contact: float = 0.3
    """How much the slit between lips counts beside the skin itself, 0 for not at all."""
    mirror: bool = True
    """Whether a symmetric rig learns its halves together."""
    batch: int = 256
    """Frames of a step."""
    storage: str = "int8"
    """How morphs are kept: int8, int16, fp16 or fp32."""

    def __post_init__(self) -> None:
        if self.mode not in ("local", "global"):
            raise InputError(f"mode is 'local' or 'global', got '{self.mode}'.")
        check_ranges(
            self,
            ("latent", 1, 4096),
            ("patches", 1, 256),
            ("hidden", 4, 2048),
            ("radius_m", 0.0, 1.0),
            ("influence_m", 0.0, 0.1),
            ("regularization", 0.0, 1.0),
            ("contact", 0.0, 100.0),
            ("batch", 1, 65536),
        )
        if self.storage not in STORAGE:
            raise InputError(f"storage is one of {', '.join(STORAGE)}, got '{self.storage}'.")


class NeuralMorph:
    """A trained deformer of one rig. C curves, V vertices, K learned morphs."""

    kind = "neural_morph"

    def __init__(
        self,
        rig: Rig,
        config: NeuralMorphConfig,
        nets: FrozenNets,
        own: SparseMorphs,
        *,
        patch: npt.NDArray[np.int32],
        rank: npt.NDArray[np.int32],
        bounds: FloatArray,
        symmetry: Symmetry | None,
    ) -> None:
        """Put together what training found.

        Args:
            rig: Whose.
            config: Settings it was made with.
            nets: A net per patch.
            own: The n stored morphs, without twins; the most moving ones first.
            patch: [n] which net's.
            rank: [n] which of its weights.
            bounds: [2, n] least and largest weight of training.
            symmetry: Of the rig, where patches have twins.
        """
        self.rig, self.config = rig, config
        self.names: tuple[str, ...] = rig.names
        self._nets, self._own, self._symmetry = nets, own, symmetry
        self._patch, self._rank, self._bounds = patch, rank, bounds
        partner = None if symmetry is None else symmetry.vertices.astype(np.int32)
        learned = own
        if partner is not None:
            learned = with_twins(own, mirrored_cells(own.cells, partner), len(patch))
        self._linear, self._learned = _linear_blocks(rig, own.cells), learned
        self._product = FusedProduct(rig.neutral.vertices, self._linear, _computable(learned))

    @property
    def latent(self) -> int:
        """K."""
        return len(self._patch) * (1 if self._symmetry is None else 2)

    @property
    def morph_names(self) -> tuple[str, ...]:
        """K names: "learned_000"..., twins behind the others."""
        return tuple(f"learned_{number:03d}" for number in range(self.latent))

    @property
    def bounds(self) -> FloatArray:
        """[2, K] least and largest weight."""
        return self._bounds if self._symmetry is None else np.tile(self._bounds, (1, 2))

    @property
    def runtime_bytes(self) -> int:
        """Bytes that are held to run, the rig's share of the blocks included."""
        nets = sum(array.nbytes for array in vars(self._nets).values())
        return int(self._product.nbytes + nets)

    @property
    def nets(self) -> FrozenNets:
        """The nets."""
        return self._nets

    @property
    def symmetry(self) -> Symmetry | None:
        """Where patches have twins: of the rig."""
        return self._symmetry

    @property
    def weight_of(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """[n] net and [n] output of each morph, twins not counted."""
        return self._patch, self._rank

    @property
    def blocks(self) -> tuple[SparseMorphs, SparseMorphs]:
        """The rig's own shapes, C columns, and the learned morphs, K columns, as blocks."""
        return self._linear, self._learned

    def morphs(self) -> FloatArray:
        """Return [K, V, 3] metres."""
        return self._learned.dense(self.latent, len(self.rig.neutral.vertices))

    def coefficients(self, values: npt.ArrayLike) -> FloatArray:
        """Return weights [T, K] for curve `values` [T, C], held in the range of training."""
        given = checked_values(values, len(self.names))
        if self._symmetry is None:
            return self._weights(given)
        # Both sides at one go: the second finds the nets in the nearest cache.
        weights = self._weights(np.concatenate([given, given[:, self._symmetry.curves]]))
        return np.concatenate([weights[: len(given)], weights[len(given) :]], axis=1)

    def run(self, values: npt.ArrayLike) -> FloatArray:
        """Return the skin [T, V, 3] metres for curve `values` [T, C].

        A frame does not depend on the others.

        Raises:
            ContractError: `values` is not [T, C].
        """
        given = checked_values(values, len(self.names))
        if len(given) <= _BATCH:
            return self._product(given, self.coefficients(given))
        skin = np.empty((len(given), *self.rig.neutral.vertices.shape), dtype=np.float32)
        for start in range(0, len(given), _BATCH):
            part = given[start : start + _BATCH]
            skin[start : start + _BATCH] = self._product(part, self.coefficients(part))
        return skin

    def truncated(self, latent: int) -> NeuralMorph:
        """Return the same model with about `latent` morphs, those that move most.

        Raises:
            InputError: it has not so many.
        """
        if not 1 <= latent <= self.latent:
            raise InputError(
                f"The model has {self.latent} learned morphs; {latent} were asked for."
            )
        count = max(1, round(latent / (1 if self._symmetry is None else 2)))
        keep = np.arange(len(self._patch)) < count
        most = int(self._rank[keep].max()) + 1
        nets = self._nets
        return NeuralMorph(
            self.rig,
            self.config,
            FrozenNets(
                nets.first, nets.first_bias, nets.second, nets.second_bias,
                np.ascontiguousarray(nets.last[:, :, :most]),
                np.ascontiguousarray(nets.direct[:, :, :most]),
                np.ascontiguousarray(nets.last_bias[:, :, :most]),
            ),
            self._own.kept(keep),
            patch=self._patch[keep],
            rank=self._rank[keep],
            bounds=np.ascontiguousarray(self._bounds[:, keep]),
            symmetry=self._symmetry,
        )  # fmt: skip

    def _weights(self, curves: FloatArray) -> FloatArray:
        held: FloatArray = np.empty((len(curves), len(self._patch)), dtype=np.float32)
        for start in range(0, len(curves), _NETS_BATCH):
            every = self._nets(curves[start : start + _NETS_BATCH])
            weights = every[self._patch, :, self._rank].T
            held[start : start + _NETS_BATCH] = np.minimum(
                np.maximum(weights, self._bounds[0]), self._bounds[1]
            )
        return held

    def stored(self) -> tuple[Arrays, dict[str, Any]]:
        """Return arrays and description as they go into a file."""
        own = self._own
        arrays: Arrays = {
            **self._nets.arrays(),
            "patch": self._patch.astype(np.int16),
            "rank": self._rank.astype(np.int16),
            "bounds": self._bounds.astype(np.float32),
            "vertices": own.cells.vertices,
            "starts": own.cells.starts,
            "column": own.column.astype(np.int16),
            "entry_starts": own.entry_starts,
            "scale": own.scale,
            "offset": own.offset.astype(np.int32),
            "data": own.data,
        }
        described = {
            "config": asdict(self.config),
            "names": list(self.names),
            "rig": rig_digest(self.rig),
            "symmetric": self._symmetry is not None,
        }
        return arrays, described

    @classmethod
    def from_stored(cls, rig: Rig, arrays: Arrays, described: dict[str, Any]) -> NeuralMorph:
        """Return the model of `stored`.

        Raises:
            InputError: it was made for another rig.
            WeightsError: the arrays do not hold together.
        """
        check_rig(rig, described, cls.kind)
        own = _stored_blocks(arrays, len(rig.neutral.vertices))
        moved = np.flatnonzero((rig.deltas != 0).any(axis=(0, 2)))
        if not np.isin(moved, own.cells.vertices).all():
            raise WeightsError("The model leaves out skin that the rig moves. Train it anew.")
        patch, rank = arrays["patch"].astype(np.int32), arrays["rank"].astype(np.int32)
        nets = FrozenNets.from_arrays(arrays)
        bounds = arrays["bounds"].astype(np.float32)
        count, _, width = nets.last.shape
        fits = (
            patch.ndim == rank.ndim == 1
            and bounds.shape == (2, len(patch))
            and len(patch) == len(rank)
            and nets.first.shape[:2] == (count, len(rig.names))
            and len(patch) > 0
            and 0 <= patch.min() <= patch.max() < count
            and 0 <= rank.min() <= rank.max() < width
            and (not len(own.column) or 0 <= own.column.min() <= own.column.max() < len(patch))
        )
        if not fits:
            raise WeightsError("The arrays of the model do not hold together. Train it anew.")
        symmetry = symmetry_of(rig) if described["symmetric"] else None
        if described["symmetric"] and symmetry is None:
            raise InputError("The model is of a symmetric face, but the rig is not symmetric.")
        config = NeuralMorphConfig(**described["config"])
        return cls(rig, config, nets, own, patch=patch, rank=rank, bounds=bounds, symmetry=symmetry)


def assembled(
    rig: Rig,
    config: NeuralMorphConfig,
    nets: FrozenNets,
    bases: list[PatchBasis],
    symmetry: Symmetry | None,
) -> NeuralMorph:
    """Return the model of trained `nets` and the morphs of their patches."""
    patch = np.concatenate([np.full(len(basis.morphs), g) for g, basis in enumerate(bases)])
    rank = np.concatenate([np.arange(len(basis.morphs)) for basis in bases])
    energy = np.concatenate([basis.energy for basis in bases])
    # Within a patch the order stands, so that truncation leaves a net its first weights.
    order = np.lexsort((rank, -energy))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    bounds = np.concatenate([basis.bounds for basis in bases], axis=1)
    first = 0
    groups = []
    # Cells for all that the rig moves, too: both products share one pass.
    moved = np.asarray((rig.deltas != 0).any(axis=(0, 2)))
    for basis in bases:
        columns = number[first : first + len(basis.morphs)]
        first += len(columns)
        most = np.abs(basis.bounds).max(axis=0)
        groups.append(DenseMorphs(columns.astype(np.int32), basis.vertices, basis.morphs, most))
        moved[basis.vertices] = True
    partner = None
    if symmetry is not None:
        partner = symmetry.vertices.astype(np.int32)
        moved |= moved[partner]
    places = rig.neutral.vertices.astype(np.float64)
    cells = cut_cells(places, np.flatnonzero(moved).astype(np.int32), partner)
    blocks = sparse_morphs(groups, cells, len(places), storage=config.storage, least_m=_LEAST_M)
    return NeuralMorph(
        rig,
        config,
        nets,
        blocks,
        patch=patch[order].astype(np.int32),
        rank=rank[order].astype(np.int32),
        bounds=np.ascontiguousarray(bounds[:, order]),
        symmetry=symmetry,
    )


def _linear_blocks(rig: Rig, cells: Cells) -> SparseMorphs:
    """Return the rig's own shapes as blocks of 16 bits, which are off by nothing that shows."""
    moved = np.flatnonzero((rig.deltas != 0).any(axis=(0, 2))).astype(np.int32)
    group = DenseMorphs(
        np.arange(len(rig.names), dtype=np.int32),
        moved,
        rig.deltas[:, moved],
        np.ones(len(rig.names), dtype=np.float32),
    )
    return sparse_morphs([group], cells, len(rig.neutral.vertices), storage="int16", least_m=1e-7)


def _computable(blocks: SparseMorphs) -> SparseMorphs:
    """Return blocks of numbers that a CPU multiplies: half floats become floats."""
    if blocks.data.dtype != np.float16:
        return blocks
    return replace(blocks, data=blocks.data.astype(np.float32))


def _stored_blocks(arrays: Arrays, vertices: int) -> SparseMorphs:
    """Return stored blocks; nothing in them points outside, whatever the file says."""
    cells = Cells(arrays["vertices"].astype(np.int32), arrays["starts"].astype(np.int32))
    column = arrays["column"].astype(np.int32)
    blocks = SparseMorphs(
        cells=cells,
        column=column,
        entry_starts=arrays["entry_starts"].astype(np.int32),
        offset=arrays["offset"].astype(np.int64),
        scale=arrays["scale"].astype(np.float32),
        flip=np.zeros(len(column), dtype=np.bool_),
        data=arrays["data"],
    )
    blocks.check(vertices)
    return blocks
