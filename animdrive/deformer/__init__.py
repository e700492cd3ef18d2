"""Curves to skin: the linear rig, and deformers that learned from captures what it misses."""

from animdrive.registry import Registry

MODELS = Registry(
    "deformer model",
    {
        "neural_morph": "animdrive.deformer.neural_morph:NeuralMorph",
        "vertex_delta": "animdrive.deformer.vertex_delta:VertexDelta",
        "nearest_neighbour": "animdrive.deformer.nearest_neighbour:NearestNeighbour",
        "cloth": "animdrive.deformer.cloth:Cloth",
        "linear": "animdrive.deformer.linear:LinearDeformer",
    },
)
"""Every way from curves to skin. See `animdrive.deformer.model_file` for what a row needs."""

TRAINERS = Registry(
    "trainer",
    {
        "neural_morph": "animdrive.deformer.neural_morph_training:train_neural_morph",
        "vertex_delta": "animdrive.deformer.vertex_delta_training:train_vertex_delta",
        "nearest_neighbour": (
            "animdrive.deformer.nearest_neighbour_training:train_nearest_neighbour"
        ),
        "cloth": "animdrive.deformer.cloth_training:train_cloth",
    },
)
"""What trains each model: ``(data, *, config, loop, checkpoint, device, progress, report)``."""

CONFIGS = Registry(
    "deformer model",
    {
        "neural_morph": "animdrive.deformer.neural_morph:NeuralMorphConfig",
        "vertex_delta": "animdrive.deformer.vertex_delta:VertexDeltaConfig",
        "nearest_neighbour": "animdrive.deformer.nearest_neighbour:NearestNeighbourConfig",
        "cloth": "animdrive.deformer.cloth:ClothConfig",
    },
)
"""The settings of each model."""
