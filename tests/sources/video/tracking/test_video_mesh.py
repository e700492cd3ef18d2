import numpy as np
import pytest

from animdrive.sources.video.indices import (
    EYE_CORNERS_LEFT,
    EYE_CORNERS_RIGHT,
    IRIS_LEFT,
    IRIS_RIGHT,
    MIRROR,
    MOUTH_CORNERS,
)
from animdrive.sources.video.tracking.mesh import POINTS, AttentionMesh, Detectors, _points_of
from animdrive.sources.video.tracking.pictures import cut_out


def serialized(points, *, visibility=False):
    from mediapipe.framework.formats import landmark_pb2

    message = landmark_pb2.NormalizedLandmarkList()
    for x, y, z in points:
        message.landmark.add(x=x, y=y, z=z, **({"visibility": 0.5} if visibility else {}))
    return message.SerializeToString()


@pytest.mark.parametrize("visibility", [False, True])
def test_landmarks_are_read_from_the_wire_as_through_the_message(rng, visibility):
    points = rng.normal(size=(POINTS, 3)).astype(np.float32)
    np.testing.assert_array_equal(_points_of(serialized(points, visibility=visibility)), points)


def test_the_mirror_is_its_own_inverse_and_swaps_the_sides():
    mirror = np.array(MIRROR)
    assert sorted(MIRROR) == list(range(POINTS))
    np.testing.assert_array_equal(mirror[mirror], np.arange(POINTS))
    assert mirror[IRIS_LEFT[0]] == IRIS_RIGHT[0]
    assert tuple(mirror[list(EYE_CORNERS_LEFT)]) == EYE_CORNERS_RIGHT
    assert mirror[MOUTH_CORNERS[0]] == MOUTH_CORNERS[1]
    assert mirror[4] == 4  # the tip of the nose


def test_the_mirror_is_that_of_the_head(mirrored_landmarks):
    np.testing.assert_array_equal(MIRROR, mirrored_landmarks)


def test_a_mirrored_face_has_mirrored_landmarks_and_less_noise(portrait, rng):
    detectors, single, both = Detectors(), AttentionMesh(mirrored=False), AttentionMesh()
    try:
        (face,) = detectors.find(portrait)
        square = cut_out(portrait, face.region, 192)
        one, sure = both.see(square, 0)
        other, _ = both.see(np.ascontiguousarray(square[:, ::-1]), 0)
        assert sure > 0.9
        turned = other[list(MIRROR)] * (-1, 1, 1) + (1, 0, 0)
        np.testing.assert_allclose(one, turned, atol=1e-4)

        def noise(mesh):
            seen = []
            for _ in range(12):
                noisy = np.clip(square + rng.normal(0, 8, square.shape), 0, 255)
                seen.append(mesh.see(noisy.astype(np.uint8), 0)[0])
            return np.std(seen, axis=0)[:, :2].mean()

        assert noise(both) < 0.9 * noise(single)
        assert both.see(np.full_like(square, 90), 0) == (None, pytest.approx(0, abs=0.05))
    finally:
        for network in (detectors, single, both):
            network.close()
