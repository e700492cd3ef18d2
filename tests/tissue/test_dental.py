"""Teeth and gums as solids."""

from dataclasses import replace

import numpy as np
import pytest
from exact import Surface

from animdrive.contract import Mesh
from animdrive.errors import ContractError
from animdrive.rig.head import load_head
from animdrive.tissue.dental import dental_bodies, dental_body

MM = 1e-3


@pytest.fixture(scope="module")
def bodies():
    return dental_bodies(load_head())


def part_surface(name):
    head = load_head()
    part = head.part(name)
    faces = head.rig.neutral.faces[part.faces] - part.vertices.start
    return Surface(head.rig.neutral.vertices[part.vertices], faces)


def test_both_sides_are_exactly_alike(bodies):
    for body in bodies:
        np.testing.assert_array_equal(body.grid, body.grid[::-1])
        points = np.random.default_rng(0).uniform(
            [-0.03, -0.058, -0.06], [0.03, 0.002, 0], (500, 3)
        )
        distance, normal = body.sample(points)
        other, turned = body.sample(points * [-1, 1, 1])
        np.testing.assert_allclose(distance, other, atol=1e-12)
        clear = np.linalg.norm(points[:, :1], axis=1) > 1e-6
        np.testing.assert_allclose(normal[clear] * [-1, 1, 1], turned[clear], atol=1e-6)


def test_spacing_is_fine(bodies):
    assert all(body.spacing <= 0.8 * MM for body in bodies)


@pytest.mark.parametrize("which", [0, 1])
def test_every_tooth_and_gum_vertex_is_covered(bodies, which):
    body = bodies[which]
    head = load_head()
    for name in ("teeth", "gums"):
        run = head.part(f"{name}_{body.jaw}").vertices
        distance, _ = body.sample(head.rig.neutral.vertices[run])
        assert np.percentile(distance, 95) < 0.35 * MM
        assert distance.max() < 0.6 * MM


@pytest.mark.parametrize("which", [0, 1])
def test_what_lies_deep_in_a_tooth_or_gum_lies_in_the_solid_on_the_middle_plane_too(bodies, which):
    body = bodies[which]
    rng = np.random.default_rng(5)
    for name in ("teeth", "gums"):
        surface = part_surface(f"{name}_{body.jaw}")
        low, high = surface.vertices.min(0), surface.vertices.max(0)
        low[2] += 5 * MM  # behind the gum's open ends inside and outside mean nothing
        points = rng.uniform(low, high, (4000, 3))
        points[:3000, 0] = 0
        found = surface.nearest(points, reach=0.05)
        deep = (found.distance < -0.5 * MM) & ~found.rim
        assert deep.sum() > 50
        assert name == "teeth" or deep[:3000].sum() > 100  # between the incisors is no tooth
        assert (body.sample(points[deep])[0] < 0).all()


@pytest.mark.parametrize("which", [0, 1])
def test_before_the_teeth_the_distance_is_the_true_one(bodies, which):
    body = bodies[which]
    teeth, gums = part_surface(f"teeth_{body.jaw}"), part_surface(f"gums_{body.jaw}")
    rng = np.random.default_rng(2)
    front = rng.uniform([-0.012, -0.040, -0.009], [0.012, -0.020, 0.0], (500, 3))
    truth = np.minimum(
        teeth.nearest(front, reach=0.05).distance, gums.nearest(front, reach=0.05).distance
    )
    found = body.sample(front)[0]
    clear = (truth > 0.5 * MM) & (truth < 6 * MM)  # beyond the grid it is only a bound
    assert clear.sum() > 100
    # Hulls close the gaps between crowns, so the solid is a little nearer, never further off.
    assert (found - truth)[clear].max() < 0.25 * MM
    assert np.median(np.abs(found - truth)[clear]) < 0.35 * MM


def test_the_gap_between_two_teeth_is_closed(bodies):
    body = bodies[0]
    head = load_head()
    teeth = head.rig.neutral.vertices[head.part("teeth_upper").vertices].astype(np.float64)
    near = teeth[(np.abs(teeth[:, 0]) < 9 * MM)]
    between = np.array([[0.0, np.median(near[:, 1]), np.median(near[:, 2])]])
    assert body.sample(between)[0][0] < 0


def test_the_normal_is_the_gradient_of_the_distance(bodies):
    for body in bodies:
        rng = np.random.default_rng(3)
        limit = (np.array(body.grid.shape) - 1) * body.spacing
        points = body.origin + rng.uniform(0.05, 0.95, (2000, 3)) * limit
        distance, normal = body.sample(points)
        h = 1e-8
        slope = np.column_stack(
            [(body.sample(points + h * e)[0] - distance) / h for e in np.eye(3)]
        )
        length = np.linalg.norm(slope, axis=1)
        good = length > 0.3
        assert good.mean() > 0.9
        np.testing.assert_allclose(slope[good] / length[good, None], normal[good], atol=2e-3)
        np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-9)


def test_walking_out_along_the_normal_leaves_the_solid(bodies):
    body = bodies[1]
    rng = np.random.default_rng(4)
    points = rng.uniform([-0.02, -0.036, -0.02], [0.02, -0.028, -0.008], (3000, 3))
    distance, normal = body.sample(points)
    shallow = (distance < -0.1 * MM) & (distance > -1.0 * MM)
    out = points[shallow] - (distance[shallow, None] - 0.1 * MM) * normal[shallow]
    for _ in range(4):
        distance, normal = body.sample(out)
        out = out - np.minimum(distance - 0.05 * MM, 0)[:, None] * normal
    assert shallow.sum() > 50
    assert np.mean(body.sample(out)[0] > -0.02 * MM) > 0.97


def test_far_away_the_distance_keeps_growing(bodies):
    body = bodies[0]
    way = np.array([[0, -0.03, z] for z in (0.0, 0.01, 0.05, 0.2)])
    distance = body.sample(way)[0]
    assert (np.diff(distance) > 0).all()
    assert distance[-1] == pytest.approx(0.2 + 0.007, abs=0.004)


def test_a_character_without_separate_teeth_is_told():
    head = load_head()
    part = head.part("teeth_upper")
    faces = head.rig.neutral.faces.copy()
    corner = part.vertices.start
    faces[part.faces] = [corner, corner + 1, corner + 2]
    mesh = Mesh(head.rig.neutral.vertices, faces, head.rig.neutral.uv)
    vertices = head.rig.neutral.vertices
    lone = replace(head, rig=replace(head.rig, neutral=replace(mesh, vertices=vertices)))
    with pytest.raises(ContractError, match="at least two separate teeth"):
        dental_body(lone, "upper")
