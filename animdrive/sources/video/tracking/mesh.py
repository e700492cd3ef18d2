"""MediaPipe's networks: the attention mesh on one square of a picture, and the face detectors.

The mesh is that of Grishchenko et al. (2020), "Attention Mesh: High-fidelity Face Mesh Prediction
in Real-time"; its 478 points are 468 of the skin and 5 for each iris. It is run here on squares
that we cut out ourselves, so that a face may be small, huge, dark, lie on its side or be one of
several; MediaPipe's own graph would look for the square by itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from animdrive.errors import BackendError
from animdrive.sources.video.indices import MIRROR
from animdrive.sources.video.timing.timeline import eased
from animdrive.sources.video.tracking.pictures import Picture, Points, Region
from animdrive.sources.video.tracking.quiet import QuietUntilFound, quiet_stderr

POINTS = 478
"""Landmarks of one face: 468 of the skin, 5 of the right iris, 5 of the left one."""

_RECORD = 17
"""Bytes of a landmark in protobuf's wire format: tag, length, then three tagged floats."""

_GRAPH = """
input_stream: "image"
input_stream: "roi"
node {
  calculator: "ConstantSidePacketCalculator"
  output_side_packet: "PACKET:with_attention"
  options: {
    [mediapipe.ConstantSidePacketCalculatorOptions.ext]: { packet { bool_value: true } }
  }
}
node {
  calculator: "FaceLandmarkCpu"
  input_stream: "IMAGE:image"
  input_stream: "ROI:roi"
  input_side_packet: "WITH_ATTENTION:with_attention"
  output_stream: "LANDMARKS:landmarks"
}
"""
_AGREES, _DIFFERS = 0.020, 0.060
"""How far landmarks of a square and of its mirror image lie apart, on average, in widths of the
face: of real faces up to 0.02, more where they are blurred; upside down it is 0.06."""
_ONE_SIDED = 0.2
"""What is left of the score where no face is seen in the mirror."""
_PRESENCE = "facelandmarkcpu__face_presence_score"
"""The network's own score, a stream inside the subgraph."""


class Mesh(Protocol):
    """A square of a picture to landmarks."""

    side_px: int
    """How wide the squares are that it takes."""
    margin: float
    """How wide a square it wants, in widths of the face."""
    follows: bool
    """Whether it remembers the last square itself; then squares should seldom move."""

    def see(self, square: Picture, time_s: float) -> tuple[Points | None, float]:
        """Return [478, 3] shares of the square's side, or None, and how sure it is, 0..1."""
        ...

    def restart(self) -> None:
        """Forget what was seen before; the next square shows something else."""
        ...

    def close(self) -> None:
        """Let go of the network."""
        ...


class AttentionMesh:
    """The mesh of MediaPipe's Face Mesh. It sees each square anew, and remembers none."""

    side_px = 192
    margin = 1.5
    follows = False

    def __init__(self, *, confidence: float = 0.5, mirrored: bool = True) -> None:
        """Start the network.

        Args:
            confidence: How sure it must be of a face to tell its landmarks, 0..1.
            mirrored: Whether to look at each square in a mirror, too, and to take the mean: a
                quarter less noise, and both halves of a face are treated alike, for twice the
                time. Where both differ, the network is guessing, and the score is lowered.
        """
        self._partner = np.array(MIRROR)
        self._time = 0
        with quiet_stderr():
            # One graph for each side of the mirror: they run at the same time.
            self._graphs = [_Graph(confidence) for _ in range(2 if mirrored else 1)]
            # The graphs start, and talk, in threads of their own; this waits for them.
            self._looks(np.zeros((self.side_px, self.side_px, 3), np.uint8))
        self._calls = QuietUntilFound()

    def see(self, square: Picture, time_s: float) -> tuple[Points | None, float]:
        """Return the landmarks in a square; see `Mesh.see`."""
        with self._calls:
            (points, presence), *mirrored = self._looks(square)
            self._calls.found = self._calls.found or points is not None
        if points is None or not mirrored:
            return points, presence
        other, other_presence = mirrored[0]
        if other is None:
            return points, _ONE_SIDED * presence
        other = other[self._partner]
        other[:, 0] = 1.0 - other[:, 0]
        width = float(np.linalg.norm(points[454, :2] - points[234, :2]))
        apart = float(np.linalg.norm((points - other)[:, :2], axis=1).mean()) / max(width, 1e-6)
        agreement = 1.0 - eased(np.array((apart - _AGREES) / (_DIFFERS - _AGREES)))
        return 0.5 * (points + other), min(presence, other_presence) * float(agreement)

    def _looks(self, square: Picture) -> list[tuple[Points | None, float]]:
        """Return what each graph sees, the second in the mirror."""
        self._time += 1
        for graph, picture in zip(self._graphs, (square, square[:, ::-1]), strict=False):
            graph.show(np.ascontiguousarray(picture), self._time)
        return [graph.seen() for graph in self._graphs]

    def restart(self) -> None:
        """Do nothing: nothing is remembered."""

    def close(self) -> None:
        """Stop the graphs."""
        with quiet_stderr():
            for graph in self._graphs:
                graph.close()


class _Graph:
    """MediaPipe's subgraph of the mesh, shown one square after the other."""

    def __init__(self, confidence: float) -> None:
        self._graph, self._roi, self._packets = _mesh_graph(confidence)
        self._results: dict[str, Any] = {}
        for stream in ("landmarks", _PRESENCE):
            self._graph.observe_output_stream(stream, self._results.__setitem__, False)
        self._graph.start_run()

    def show(self, square: Picture, time: int) -> None:
        """Begin to look at a square."""
        from mediapipe.python import packet_creator
        from mediapipe.python._framework_bindings.image_frame import ImageFormat

        self._results.clear()
        image = packet_creator.create_image_frame(square, image_format=ImageFormat.SRGB)
        self._graph.add_packet_to_input_stream("image", image.at(time))
        self._graph.add_packet_to_input_stream("roi", self._roi.at(time))

    def seen(self) -> tuple[Points | None, float]:
        """Return [478, 3] shares of the square's side, or None, and the network's score."""
        self._graph.wait_until_idle()
        packet, score = self._results.get("landmarks"), self._results.get(_PRESENCE)
        presence = 0.0 if score is None else float(self._packets.get_float(score))
        if packet is None:
            return None, presence
        points = _points_of(self._packets._packet_getter._get_serialized_proto(packet))
        return (points if np.isfinite(points).all() else None), presence

    def close(self) -> None:
        """Stop the graph."""
        self._graph.close()


def _points_of(raw: bytes) -> Points:
    """Return [478, 3] from a serialized NormalizedLandmarkList.

    Read as fixed records, twenty times as fast as through the message's Python objects; a list
    that is laid out in another way is read through those.
    """
    if len(raw) == POINTS * _RECORD and raw[:3] == b"\x0a\x0f\x0d":
        records = np.frombuffer(raw, dtype=np.uint8).reshape(POINTS, _RECORD)
        if (records[:, [0, 1, 2, 7, 12]] == (0x0A, 0x0F, 0x0D, 0x15, 0x1D)).all():
            numbers = np.stack([records[:, 3:7], records[:, 8:12], records[:, 13:17]], axis=1)
            return np.ascontiguousarray(numbers).view("<f4")[..., 0].astype(np.float32)
    from mediapipe.framework.formats import landmark_pb2

    read = landmark_pb2.NormalizedLandmarkList.FromString(raw)
    return np.array([(point.x, point.y, point.z) for point in read.landmark], dtype=np.float32)


def _mesh_graph(confidence: float) -> tuple[Any, Any, Any]:
    """Return the graph, the packet of its region (the whole square), and the packets' reader."""
    mediapipe = load_mediapipe()
    from google.protobuf import text_format
    from mediapipe.calculators.core import constant_side_packet_calculator_pb2  # noqa: F401
    from mediapipe.calculators.util import thresholding_calculator_pb2
    from mediapipe.framework import calculator_pb2
    from mediapipe.framework.formats import rect_pb2
    from mediapipe.python import packet_creator, packet_getter
    from mediapipe.python._framework_bindings import (
        calculator_graph,
        resource_util,
        validated_graph_config,
    )

    resource_util.set_resource_dir(str(Path(mediapipe.__file__).parents[1]))
    validated = validated_graph_config.ValidatedGraphConfig()
    validated.initialize(
        graph_config=text_format.Parse(_GRAPH, calculator_pb2.CalculatorGraphConfig())
    )
    config = calculator_pb2.CalculatorGraphConfig.FromString(validated.binary_config)
    for node in config.node:
        if node.calculator == "ThresholdingCalculator":
            options = thresholding_calculator_pb2.ThresholdingCalculatorOptions.ext
            node.options.Extensions[options].threshold = confidence
    graph = calculator_graph.CalculatorGraph(graph_config=config)
    whole = rect_pb2.NormalizedRect(x_center=0.5, y_center=0.5, width=1.0, height=1.0)
    return graph, packet_creator.create_proto(whole), packet_getter


@dataclass(frozen=True)
class Detection:
    """A face that a detector found."""

    region: Region
    """The square about it, 1.5 times as wide as its box and upright with its eyes."""
    score: float
    """How sure the detector is, 0..1."""


class Detectors:
    """The detectors for near and for far faces (Bazarevsky et al. 2019, "BlazeFace")."""

    def __init__(self, *, confidence: float = 0.5) -> None:
        with quiet_stderr():
            detection = load_mediapipe().solutions.face_detection
            self._networks = [
                detection.FaceDetection(model_selection=far, min_detection_confidence=confidence)
                for far in (0, 1)
            ]
            for network in self._networks:
                network.process(np.zeros((64, 64, 3), np.uint8))

    def close(self) -> None:
        """Stop the graphs."""
        with quiet_stderr():
            for network in self._networks:
                network.close()

    def find(self, picture: Picture) -> list[Detection]:
        """Return the faces in a picture, the surest first, each once."""
        found = [one for network in self._networks for one in _detections(network, picture)]
        found.sort(key=lambda one: -one.score)
        kept: list[Detection] = []
        for one in found:
            if all(one.region.share_in(other.region) < 0.4 for other in kept):
                kept.append(one)
        return kept


def _detections(network: Any, picture: Picture) -> list[Detection]:
    height, width = picture.shape[:2]
    found = []
    for one in network.process(picture).detections or ():
        box = one.location_data.relative_bounding_box
        right, left = one.location_data.relative_keypoints[:2]
        side = 1.5 * max(box.width * width, box.height * height)
        if not (np.isfinite(side) and side >= 8):
            continue
        angle = np.arctan2((left.y - right.y) * height, (left.x - right.x) * width)
        middle = (box.xmin + box.width / 2) * width, (box.ymin + box.height / 2) * height
        found.append(Detection(Region(*middle, side, float(angle)), float(one.score[0])))
    return found


def load_mediapipe() -> Any:
    """Return the package, told to keep its log to itself.

    Raises:
        BackendError: it is not installed.
    """
    # Both must stand before the first import; what is logged later than that is caught on the way.
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import mediapipe
    except ImportError as error:
        raise BackendError(
            "Tracking a face needs mediapipe, which is not installed: pip install mediapipe."
        ) from error
    return mediapipe
