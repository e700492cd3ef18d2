"""The elements of the tissue: sound, symmetric, on bone or against the mucosa."""

import numpy as np
import pytest

from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology
from animdrive.tissue.assembly import jaw_share
from animdrive.tissue.bones import mandible_of, soft_tissue_depth
from animdrive.tissue.embed import embedded
from animdrive.tissue.mesh import MM, build_mesh


@pytest.fixture(scope="module")
def topology():
    return load_topology()


@pytest.fixture(scope="module")
def skin(topology):
    return load_head().rig.neutral.vertices[: topology.counts[-1]].astype(np.float64)


@pytest.fixture(scope="module")
def mesh(skin, topology):
    share = jaw_share(load_head(), skin, mandible_of(load_head()))
    return build_mesh(skin, topology, depth=soft_tissue_depth(skin, topology), jaw_share=share)


def both(mesh, topology):
    """Return [N] the mirror partner of every node."""
    mirror = topology.mirror[: mesh.skin_count]
    return np.concatenate([mirror, mirror + mesh.skin_count])


def test_every_element_has_a_volume_and_all_nodes_finite_places(mesh):
    assert np.isfinite(mesh.nodes).all()
    assert mesh.volumes(mesh.nodes).min() > 0
    assert len(mesh.tets) > 0.98 * 3 * len(mesh.skin_faces)


def test_nodes_elements_and_their_roles_are_mirror_images(mesh, topology):
    mirror = both(mesh, topology)
    np.testing.assert_allclose(mesh.nodes[mirror] * [-1, 1, 1], mesh.nodes, atol=1e-3)
    known = {tuple(sorted(tet)) for tet in mesh.tets.tolist()}
    assert {tuple(sorted(mirror[tet].tolist())) for tet in mesh.tets} == known
    np.testing.assert_array_equal(mesh.fixed[mirror], mesh.fixed)


def test_tissue_is_thick_where_faces_are_and_thin_where_they_are(mesh, topology):
    cheek, forehead, lid = 280, 10, 386
    assert mesh.depth[cheek] > 1.5 * mesh.depth[forehead]
    assert mesh.depth[lid] < 3
    assert mesh.depth[mesh.depth > 0].max() < 20


def test_lips_and_cheeks_are_whole_from_skin_to_mucosa(mesh, topology):
    one, other = mesh.ties
    tied = np.unique(one.indices) - mesh.skin_count
    for landmark in (0, 17, 291, 61):  # the middle of both lips and the corners
        ring = topology.faces[1][(topology.faces[1] == landmark).any(1)].ravel()
        assert np.isin(ring, tied).any()
    np.testing.assert_allclose(np.asarray(other.sum(1)).ravel(), 1, atol=1e-9)
    gap = np.linalg.norm((one - other) @ mesh.nodes, axis=1)
    assert np.median(gap) < 2.5


def test_bone_holds_the_forehead_and_not_the_cheeks_middle(mesh):
    bone = mesh.bone[mesh.skin_count :]
    assert bone[10] == 1
    assert bone[187] < 0.5 or bone[205] < 0.5
    assert bone[0] == 0


def test_a_place_in_the_tissue_is_a_blend_of_nodes_near_it(mesh):
    skin = mesh.nodes[: mesh.skin_count]
    chosen = np.array([280, 425, 10, 152, 330])
    depth = 0.4 * (mesh.nodes[chosen + mesh.skin_count] - skin[chosen])
    blend = embedded(mesh, skin[chosen] + depth)
    np.testing.assert_allclose(np.asarray(blend.sum(1)).ravel(), 1, atol=1e-9)
    away = np.linalg.norm(blend @ mesh.nodes - (skin[chosen] + depth), axis=1)
    assert away.max() < 0.8


def test_a_wider_head_has_wider_tissue(skin, topology):
    wide = skin * [1.1, 1, 1]
    share = np.zeros(len(skin))
    mesh = build_mesh(wide, topology, depth=np.full(len(skin), 8 * MM), jaw_share=share)
    assert mesh.volumes(mesh.nodes).min() > 0
    assert np.ptp(mesh.nodes[:, 0]) > 1.05 * np.ptp(skin[:, 0]) / MM * 0.99
