import numpy as np

from animdrive.sources.video.indices import RIGID
from animdrive.sources.video.tracking.shots import CutFinder, people_of_shots, shots_of
from animdrive.sources.video.tracking.sightings import cuts_among


def scene(rng, level=0.5):
    """A picture of large patches."""
    patches = rng.uniform(0, 255, (6, 8, 3)) * level
    return np.repeat(np.repeat(patches, 30, axis=0), 30, axis=1)


def film(rng, *parts):
    """Frames [N] of scenes that pan, each (scene, frames), with sensor noise."""
    frames = []
    for picture, count in parts:
        for index in range(count):
            moved = np.roll(picture, 2 * index, axis=1)
            noisy = moved + rng.normal(0, 3, moved.shape)
            frames.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return frames


def found(frames):
    finder = CutFinder()
    told = [finder.step(frame) for frame in frames]
    return np.flatnonzero(finder.cuts).tolist(), np.flatnonzero(told).tolist()


def test_cuts_are_found_where_they_are(rng):
    frames = film(rng, (scene(rng), 20), (scene(rng), 9), (scene(rng), 12))
    assert found(frames) == ([20, 29], [20, 29])


def test_panning_and_fading_are_no_cuts(rng):
    picture = scene(rng)
    frames = film(rng, (picture, 25))
    faded = [(frame * (1 - index / 24)).astype(np.uint8) for index, frame in enumerate(frames)]
    assert found(frames)[0] == []
    assert found(faded)[0] == []


def test_a_flash_is_no_cut(rng):
    frames = film(rng, (scene(rng), 20))
    frames[11] = np.full_like(frames[11], 250)
    cuts, told = found(frames)
    assert cuts == []
    assert told == [11, 12]  # the tracker looks anew all the same


def test_one_frame_per_second_is_not_one_cut_after_another(rng):
    frames = []
    for index in range(12):
        picture = scene(np.random.default_rng(5), 0.8)
        frames.append(np.roll(picture, 35 * index, axis=1).astype(np.uint8))
    assert len(found(frames)[0]) <= 1


def test_shots_lie_between_cuts():
    cuts = np.zeros(10, dtype=bool)
    cuts[[0, 4, 7]] = True
    assert shots_of(10, cuts) == [slice(0, 4), slice(4, 7), slice(7, 10)]
    assert shots_of(3, np.zeros(3, dtype=bool)) == [slice(0, 3)]


def test_a_cut_in_a_frame_without_a_face_counts_at_the_next_with_one():
    cuts = np.array([0, 0, 1, 0, 0, 1, 0], dtype=bool)
    seen = np.array([1, 1, 0, 1, 1, 1, 1], dtype=bool)
    assert cuts_among(cuts, seen).tolist() == [False, False, True, False, True, False]
    assert not cuts_among(cuts, np.zeros(7, dtype=bool)).size


def test_shots_of_one_face_are_told_from_those_of_another(rng):
    one = rng.normal(0, 0.05, (478, 3))
    other = one.copy()
    other[list(RIGID)] += rng.normal(0, 0.002, (len(RIGID), 3))
    noise = rng.normal(0, 5e-4, (260, 478, 3))
    shots = [slice(0, 60), slice(60, 120), slice(120, 180), slice(180, 200), slice(200, 260)]
    faces = [one, other, one, other, other]
    head = noise.copy()
    for shot, face in zip(shots, faces, strict=True):
        head[shot] += face
    labels = people_of_shots(head, shots)
    assert [int(labels[shot.start]) for shot in shots] == [0, 1, 0, 1, 1]
    assert all(len(set(labels[shot])) == 1 for shot in shots)


def test_shots_that_are_all_short_are_taken_for_one_face(rng):
    head = rng.normal(0, 0.05, (20, 478, 3))
    assert not people_of_shots(head, [slice(0, 10), slice(10, 20)]).any()
