from dataclasses import replace

import numpy as np
import pytest

from animdrive.contract import CurveTrack
from animdrive.contract.capture import CapturedTake, Take
from animdrive.errors import InputError
from animdrive.rig.head import load_head
from animdrive.tissue.difference import (
    REGIONS,
    DifferenceTable,
    Tally,
    curves_at,
    differences,
    face_regions,
)


@pytest.fixture(scope="module")
def head():
    return load_head()


def test_every_region_is_there_and_sits_on_both_sides_alike(head):
    regions = face_regions(head)
    assert tuple(regions) == tuple(REGIONS)
    places = head.rig.neutral.vertices
    for name, index in regions.items():
        assert len(index) > 40, name
        x = places[index, 0]
        assert abs(x.mean()) < 0.002, name
        assert abs((x > 1e-4).sum() - (x < -1e-4).sum()) <= 0.1 * len(index), name


def test_glabella_lies_between_the_brows_and_the_fold_between_nose_and_mouth(head):
    regions, places = face_regions(head), head.rig.neutral.vertices
    middle = {name: places[index].mean(axis=0) for name, index in regions.items()}
    assert middle["nose"][1] < middle["glabella"][1] < middle["forehead"][1]
    assert middle["lips"][1] < middle["nasolabial"][1] < middle["nose"][1] + 0.01
    assert np.abs(places[regions["glabella"], 0]).max() < 0.03
    side = np.abs(places[regions["nasolabial"], 0])
    assert 0.008 < np.median(side) < 0.045
    inside = head.regions["mouth_inside"]
    assert not np.intersect1d(regions["nasolabial"], inside).size


def test_a_face_without_landmarks_or_regions_is_told(head):
    with pytest.raises(InputError, match="no MediaPipe landmarks"):
        face_regions(replace(head, landmarks=np.zeros(0, np.int32)))
    few = {name: index for name, index in head.regions.items() if name != "nose"}
    with pytest.raises(InputError, match="no region 'nose'"):
        face_regions(replace(head, regions=few))


def test_a_tally_agrees_with_numpy(rng):
    values = rng.gamma(1.0, 2.0, 50_000)
    tally = Tally()
    for chunk in np.array_split(values, 7):
        tally.add(chunk)
    figures = tally.figures()
    assert figures["mean"] == pytest.approx(values.mean(), abs=1e-3)
    assert figures["p95"] == pytest.approx(np.quantile(values, 0.95), abs=0.02)
    assert figures["max"] == pytest.approx(values.max(), abs=1e-3)
    assert tally.quantile(0.5) == pytest.approx(np.median(values), abs=0.02)
    assert Tally().figures() == {"mean": 0.0, "p95": 0.0, "max": 0.0}


def test_curves_between_frames_lie_between_them():
    track = CurveTrack(("a",), 10.0, np.array([[0.0], [1.0], [0.5]], np.float32))
    at = curves_at(track, np.array([-1.0, 0.0, 0.05, 0.1, 0.175, 9.0]))
    np.testing.assert_allclose(at[:, 0], [0, 0, 0.5, 1, 0.625, 0.5], atol=1e-6)
    on_frames = curves_at(track, track.times_s)
    np.testing.assert_array_equal(on_frames, track.values)


def test_a_known_offset_is_measured_where_it_is_and_holes_count_as_nothing(head):
    rest = head.rig.neutral.vertices
    values = np.zeros((20, 52), np.float32)
    skin = np.repeat(rest[None], 20, axis=0)
    nose = face_regions(head)["nose"]
    skin[10:, nose, 2] += np.float32(0.002)
    missing = np.zeros(skin.shape[:2], bool)
    missing[15:, nose] = True
    take = CapturedTake(
        take=Take("still", "random", "train", CurveTrack(head.rig.names, 30.0, values)),
        vertices=skin,
        times_s=np.arange(20) / 30,
        head_transform=np.tile(np.eye(4), (20, 1, 1)),
        missing=missing,
    )
    table = DifferenceTable(head)
    for _, linear, apart in differences(
        take, lambda v: np.repeat(rest[None], len(v), axis=0), np.arange(52)
    ):
        assert linear.shape == (len(apart), *rest.shape)
        table.add("random", apart)
    rows = {(row.kind, row.region): row for row in table.rows()}
    assert rows["random", "nose"].max_mm == pytest.approx(2.0, abs=1e-3)
    assert rows["random", "nose"].mean_mm == pytest.approx(2.0 * 5 / 20, abs=1e-3)
    assert rows["all", "nose"].mean_mm == rows["random", "nose"].mean_mm
    assert rows["random", "neck"].max_mm == 0
