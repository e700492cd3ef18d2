"""Scans with foreign triangles become the rig's own vertices again."""

import numpy as np
import pytest
from foreign_mesh import Foreign

from animdrive.capture.alignment import aligned
from animdrive.capture.closest import Surface, closest_weights, face_normals
from animdrive.capture.registration import Registration, Scan
from animdrive.capture.wrap import neutral_frame, wrap_cache, wrap_scans
from animdrive.capture.wrap_shell import Landmarks, seen_vertices
from animdrive.deformer.linear import LinearDeformer
from animdrive.errors import InputError
from animdrive.rig.head import load_head
from animdrive.rig.lod import character_at
from animdrive.rig.normals import vertex_normals

MM = 1e-3
CURVES = ("jawOpen", "mouthSmileLeft", "eyeBlinkRight", "browInnerUp")


@pytest.fixture(scope="module")
def low():
    return character_at(load_head(), "low")


@pytest.fixture(scope="module")
def truth(low):
    """Curves [N, C] and a skin [N, V, 3] that differs from the linear rig: cheeks bulge."""
    values = np.zeros((4, 52), np.float32)
    for step, name in enumerate(CURVES):
        values[:, low.rig.names.index(name)] = np.linspace(0, 0.5 + 0.1 * step, 4)
    skin = LinearDeformer(low.rig).run(values)
    normals = vertex_normals(low.rig.neutral.vertices, low.rig.neutral.faces)
    for side in ("cheek_left", "cheek_right"):
        middle = low.rig.neutral.vertices[low.regions[side]].mean(axis=0)
        near = np.linalg.norm(low.rig.neutral.vertices - middle, axis=1)
        bulge = 4 * MM * np.exp(-((near / 0.02) ** 2))
        bulge[low.part("ear_left").vertices.start :] = 0  # nothing but skin
        skin += np.linspace(0, 1, 4)[:, None, None] * (bulge[:, None] * normals)[None]
    return values, skin.astype(np.float32)


@pytest.fixture(scope="module")
def scanned(low, truth):
    """Faces and points [N, S, 3] of the seen skin with foreign triangles."""
    shell = np.isin(low.rig.neutral.faces, seen_vertices(low)).all(axis=1)
    rest = low.rig.neutral.vertices.astype(np.float64)
    foreign = Foreign(rest, low.rig.neutral.faces[shell], np.random.default_rng(0), slide=0.2)
    return foreign.faces, foreign.posed(truth[1].astype(np.float64))


@pytest.fixture(scope="module")
def wrapped(low, truth, scanned):
    return wrap_cache(scanned[1], scanned[0], low, values=truth[0])


def apart_mm(low, found, truth, region=None):
    skin = low.part("skin").vertices if region is None else low.regions[region]
    return np.linalg.norm(found[:, skin] - truth[:, skin], axis=-1) / MM


def test_a_cache_of_foreign_triangles_becomes_the_rig_s_vertices(low, truth, wrapped):
    values, skin = truth
    assert apart_mm(low, wrapped.vertices, skin).mean() < 0.3
    linear = LinearDeformer(low.rig).run(values)
    for side in ("cheek_left", "cheek_right"):
        off = apart_mm(low, wrapped.vertices, skin, side)[-1].mean()
        assert off < 0.25 * apart_mm(low, linear, skin, side)[-1].mean()
    figures = wrapped.finding.figures
    assert figures["surface_median_mm"] < 0.1
    assert figures["surface_p99_mm"] < 1.0
    assert figures["neutral_frame"] == 0
    assert not wrapped.missing.any()
    assert not wrapped.finding.severe


def test_wrapping_folds_no_more_than_the_truth(low, truth, wrapped):
    own = low.rig.neutral.faces[low.part("skin").faces]
    turned = [
        (face_normals(np.float64(found), own) * face_normals(np.float64(true), own)).sum(axis=1)
        for found, true in zip(wrapped.vertices, truth[1], strict=True)
    ]
    assert (np.array(turned) < -0.2).mean() < 0.003


def test_hidden_parts_follow_the_curves_that_the_skin_shows(low, truth, scanned):
    skin = truth[1]
    faces, points = scanned
    wrapped = wrap_cache(points, faces, low)  # no curves given: the skin alone tells
    for name in ("teeth_lower", "teeth_upper", "eye_left"):
        run = low.part(name).vertices
        way = np.linalg.norm(skin[-1, run] - skin[0, run], axis=1).mean() / MM
        off = np.linalg.norm(wrapped.vertices[-1, run] - skin[-1, run], axis=1).mean() / MM
        assert off <= 0.15 * way + 0.05, name
    lower = low.part("teeth_lower").vertices
    assert np.linalg.norm(skin[-1, lower] - skin[0, lower], axis=1).mean() > 3 * MM


def test_unit_and_axes_are_found(low, scanned):
    points = scanned[1][0]
    turn = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0.0]])
    found = aligned(points * 100 @ turn + [3.0, 50.0, 2.0], low.rig.neutral.vertices)
    assert found.unit == "cm"
    assert not found.still
    back = found(points * 100 @ turn + [3.0, 50.0, 2.0])
    assert np.linalg.norm(back - points, axis=1).max() < 2 * MM
    assert found.scale == pytest.approx(1, abs=0.01)


def test_a_larger_head_is_told_and_keeps_its_size(low):
    rest = low.rig.neutral.vertices.astype(np.float64)
    middle = rest.mean(axis=0)
    found = aligned((rest - middle) * 1.06 + middle + [0.4, 0, 0], rest)
    assert found.unit == "m"
    assert found.scale == pytest.approx(1.06, abs=0.02)
    assert np.ptp(found(rest), axis=0) == pytest.approx(np.ptp(rest @ found.rotation.T, axis=0))


def test_a_scan_in_place_is_not_moved(low):
    rest = low.rig.neutral.vertices.astype(np.float64)
    assert aligned(rest + np.random.default_rng(0).normal(0, 0.2 * MM, rest.shape), rest).still


def test_scans_that_change_topology_are_followed(low, truth):
    values, skin = truth
    shell = np.isin(low.rig.neutral.faces, seen_vertices(low)).all(axis=1)
    rest = low.rig.neutral.vertices.astype(np.float64)
    scans = []
    for number, frame in enumerate(skin.astype(np.float64)):
        other = Foreign(
            rest, low.rig.neutral.faces[shell], np.random.default_rng(number), slide=0.2
        )
        scans.append((other.posed(frame), other.faces))
    stages = []
    wrapped = wrap_scans(scans, low, values=values, progress=lambda s, d: stages.append((s, d)))
    apart = apart_mm(low, wrapped.vertices, skin)
    linear = LinearDeformer(low.rig).run(values)
    assert apart.mean() < 0.4
    for side in ("cheek_left", "cheek_right"):
        off, before = (apart_mm(low, v, skin, side)[-1].mean() for v in (wrapped.vertices, linear))
        assert off < 0.5 * before
    assert wrapped.finding.figures["surface_median_mm"] < 0.1
    assert wrapped.finding.figures["surface_p99_mm"] < 1.0
    assert stages[-1] == ("wrap", 1.0)


def test_another_face_is_told_and_landmarks_hold(low, scanned):
    faces, points = scanned
    other = points[:1] * [1.12, 0.94, 1.0]
    at = low.landmarks[[1, 61, 291]]
    places = low.rig.neutral.vertices[at] * np.float32([1.12, 0.94, 1.0])
    held = wrap_cache(other, faces, low, landmarks=Landmarks(at, places))
    assert held.finding.severe
    assert "another face or pose" in held.finding.line
    goal = aligned(other[0], low.rig.neutral.vertices[seen_vertices(low)])(places)
    assert np.linalg.norm(held.vertices[0, at] - goal, axis=1).max() < 1.0 * MM


def test_a_take_that_never_rests_is_told(low, truth, scanned):
    faces, points = scanned
    finding = wrap_cache(points[-1:], faces, low, values=truth[0][-1:]).finding
    assert finding.severe
    assert finding.figures["curves_there"] == pytest.approx(truth[0][-1].sum(), abs=0.01)
    assert "no frame is near rest" in finding.line
    assert "begin takes at rest" in finding.line


def test_the_frame_nearest_to_rest():
    assert neutral_frame(np.array([[0.4, 0.1], [0.0, 0.1], [0.3, 0.3]])) == 1
    assert neutral_frame(None) == 0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p, f: (p[0], f), r"must be \[N, S, 3\] points"),
        (lambda p, f: (p, f[:0]), r"has no triangles, and points alone cannot be wrapped"),
        (lambda p, f: (p[:, :100], f), r"has 100 vertices, but a face names vertex"),
        (lambda p, f: (np.where(p > p.max() - 1e-9, np.nan, p), f), r"not finite numbers\. Clean"),
    ],
)
def test_what_is_no_scan_is_refused(low, scanned, spoil, message):
    faces, points = scanned
    points, faces = spoil(points[:1], faces)
    with pytest.raises(InputError, match=message):
        wrap_cache(points, faces, low)


def test_curves_that_do_not_fit_are_refused(low, scanned):
    faces, points = scanned
    with pytest.raises(InputError, match=r"Curves for wrapping must be \[4, 52\], got \[3, 52\]"):
        wrap_cache(points, faces, low, values=np.zeros((3, 52)))
    with pytest.raises(InputError, match=r"There is no scan to wrap"):
        wrap_scans([], low)
    with pytest.raises(InputError, match=r"There are 1 scans, but 2 frames of curves"):
        wrap_scans([(points[0], faces)], low, values=np.zeros((2, 52)))
    with pytest.raises(InputError, match=r"more scans than the 1 frames of curves"):
        wrap_scans([(points[0], faces)] * 2, low, values=np.zeros((1, 52)))


def test_something_else_than_a_head_is_refused(low):
    flat = np.array([[0, 0, 0], [0.3, 0, 0], [0, 0, 0.3]])
    with pytest.raises(InputError, match=r"The scan of frame 0 cannot be wrapped: it covers \d %"):
        wrap_cache(flat[None], np.array([[0, 1, 2]]), low)


def test_closest_points_of_triangles_against_a_fine_grid():
    rng = np.random.default_rng(3)
    corners, points = rng.standard_normal((60, 3, 3)), 2 * rng.standard_normal((60, 3))
    weights = closest_weights(points, corners)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights >= 0).all()
    place = np.einsum("pc,pcx->px", weights, corners)
    distance = np.linalg.norm(points - place, axis=1)
    steps = np.stack(np.meshgrid(*[np.linspace(0, 1, 41)] * 2), axis=-1).reshape(-1, 2)
    steps = steps[steps.sum(axis=1) <= 1]
    grid = np.column_stack([1 - steps.sum(axis=1), steps])
    sampled = np.einsum("gc,pcx->pgx", grid, corners)
    least = np.linalg.norm(points[:, None] - sampled, axis=2).min(axis=1)
    assert (distance <= least + 1e-12).all()
    assert (least - distance).max() < 0.1


def test_closest_points_on_a_mesh_agree_with_every_triangle(low):
    mesh = low.rig.neutral
    rng = np.random.default_rng(4)
    points = mesh.vertices[:3000:40] + rng.normal(0, 2 * MM, (75, 3))
    found = Surface(mesh.vertices, mesh.faces).closest(points)
    corners = mesh.vertices.astype(np.float64)[mesh.faces]
    for point, distance in zip(points, found.distance, strict=True):
        weights = closest_weights(point, corners)
        place = np.einsum("fc,fcx->fx", weights, corners)
        assert distance == pytest.approx(np.linalg.norm(place - point, axis=1).min(), abs=1e-5)


def test_the_other_lip_is_not_found():
    sheet = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1]], np.float64)
    both = np.concatenate([sheet, sheet + np.array([0, 0.01, 0])])
    up = np.array([[0, 2, 1], [1, 2, 3]])
    surface = Surface(both, np.concatenate([up, up[:, ::-1] + 4]))
    asked = np.array([[0.3, 0.009, 0.3]])
    nearest = surface.closest(asked)
    facing = surface.closest(asked, normals=np.array([[0.0, 1.0, 0.0]]))
    assert nearest.points[0, 1] == pytest.approx(0.01)
    assert facing.points[0, 1] == pytest.approx(0.0)
    away = surface.closest(asked, normals=np.array([[1.0, 0.0, 0.0]]))
    assert np.isinf(away.distance).all()


def test_a_mesh_onto_itself_stays():
    head = character_at(load_head(), "low")
    run = head.part("skin")
    rest = head.rig.neutral.vertices[run.vertices].astype(np.float64)
    faces = head.rig.neutral.faces[run.faces]
    fit = Registration(rest, faces).fit(Scan(rest, faces), rest)
    np.testing.assert_allclose(fit.vertices, rest, atol=1e-9)
    # The rim of the neck ends there, so its vertices are not believed.
    assert fit.seen.mean() > 0.95


def test_what_is_not_known_follows_its_neighbours():
    head = character_at(load_head(), "low")
    run = head.part("skin")
    rest = head.rig.neutral.vertices[run.vertices].astype(np.float64)
    known = np.ones(len(rest), dtype=bool)
    known[head.regions["chin"]] = False
    filler = Registration(rest, head.rig.neutral.faces[run.faces]).filler(known)
    shift = np.array([0.004, -0.002, 0.001])
    np.testing.assert_allclose(filler(rest, rest + shift), rest + shift, atol=5e-6)
