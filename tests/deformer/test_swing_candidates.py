import numpy as np
from small import small_data
from test_cloth import swinging_data

from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.swing import edges_among
from animdrive.deformer.swing_candidates import averaged, candidates
from animdrive.deformer.swing_nets import Films


def films_of(data):
    places = LinearDeformer(data.rig).run(data.curves)[:, data.moving]
    head = np.tile(np.eye(4, dtype=np.float32), (len(places), 1, 1))
    return Films(places, data.offsets, head if data.head is None else data.head)


def found(films, data, least=0.05):
    edges = edges_among(data.moving, data.rig.neutral.faces)
    return candidates(films, [t for t in data.takes if not t.held_out], edges, least=least)


def test_all_that_swings_is_found():
    data = swinging_data()
    assert len(found(films_of(data), data, least=0.5)) == len(data.moving)


def test_still_skin_among_it_is_not():
    """Half of the swinging skin is replaced by noise, which answers to nothing."""
    data = swinging_data()
    films = films_of(data)
    noise = np.random.default_rng(0).normal(0, 1e-3, films.missed.shape).astype(np.float32)
    left = data.rig.neutral.vertices[data.moving, 0] > 0.02
    missed = np.where(left[None, :, None], noise, films.missed)
    chosen = found(Films(films.places, missed, films.head), data, least=0.2)
    far = data.rig.neutral.vertices[data.moving, 0] > 0.06  # beyond the margin of neighbours
    assert far.any()
    assert not np.intersect1d(chosen, np.flatnonzero(far)).size
    assert np.isin(np.flatnonzero(~left), chosen).all()


def test_noise_alone_swings_nowhere():
    data = small_data()
    films = films_of(data)
    noise = np.random.default_rng(0).normal(0, 1e-3, films.missed.shape).astype(np.float32)
    assert not len(found(Films(films.places, noise, films.head), data, least=0.2))


def test_nothing_missed_is_nothing_to_find():
    data = small_data()
    films = films_of(data)
    assert not len(found(Films(films.places, 0 * films.missed, films.head), data))


def test_a_mean_is_of_a_mass_and_its_neighbours():
    edges = np.array([[0, 1], [1, 2]], dtype=np.int32)
    np.testing.assert_allclose(averaged(np.array([3.0, 0, 6, 5]), edges), [1.5, 3, 3, 5])
