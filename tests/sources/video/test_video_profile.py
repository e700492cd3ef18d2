"""A person's profile: what is written is read, and nothing else is."""

import json

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.sources.video.fitting.person import Person
from animdrive.sources.video.profile import Profile, read_profile, write_profile


@pytest.fixture
def profile(head):
    rest = head.rig.neutral.vertices[head.landmarks] - head.head_pivot
    person = Person(rest, 0.052, 0.004, np.array([0.35, 0.33]), np.array([0.05, 0.06]))
    return Profile(
        person,
        ranges={"lips_apart": (0.0, 0.7), "yaw_rad": (-0.6, 0.5)},
        focal=1.1,
        found=("neutral", "open mouth"),
        missing=("closed eyes",),
    )


@pytest.fixture
def written(profile, tmp_path):
    path = tmp_path / "ich ä.json"
    write_profile(profile, path)
    return path


def test_what_is_written_is_read(profile, written):
    read = read_profile(written)
    np.testing.assert_allclose(read.person.neutral, profile.person.neutral, atol=1e-7)
    assert read.person.mouth_width == profile.person.mouth_width
    assert read.person.closed_gap == profile.person.closed_gap
    np.testing.assert_array_equal(read.person.open_eyes, profile.person.open_eyes)
    np.testing.assert_array_equal(read.person.closed_eyes, profile.person.closed_eyes)
    assert (read.focal, read.found, read.missing) == (1.1, profile.found, profile.missing)
    assert read.ranges == profile.ranges


def test_the_same_profile_gives_the_same_bytes(written, tmp_path):
    again = tmp_path / "again.json"
    write_profile(read_profile(written), again)
    assert again.read_bytes() == written.read_bytes()


def _without(name):
    return lambda document: document.pop(name)


def _with(name, value):
    return lambda document: document.__setitem__(name, value)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_with("format", "other"), '"format" is not "animdrive face profile"'),
        (_with("version", 2), "is a profile of version 2; this animdrive reads version 1"),
        (_with("extra", 1), '"extra" is unknown'),
        (_without("closed_gap"), '"closed_gap" is missing'),
        (_with("neutral_m", [[0, 0, 0]]), '"neutral_m" is not 478 x 3 numbers'),
        (_with("neutral_m", [[0, 0, 0]] * 478), '"neutral_m" is not the size of a face'),
        (_with("neutral_m", "many"), '"neutral_m" is not 478 x 3 numbers'),
        (_with("neutral_m", [[1], [1, 2]]), '"neutral_m" is not 478 x 3 numbers'),
        (_with("mouth_width_m", True), '"mouth_width_m" is not a number'),
        (_with("mouth_width_m", 5.0), '"mouth_width_m" is not within 0.01..0.2'),
        (_with("mouth_width_m", float("nan")), '"mouth_width_m" is not a number'),
        (_with("open_eyes", [0.3]), '"open_eyes" is not 2 numbers'),
        (_with("closed_eyes", [0.4, 0.1]), '"closed_eyes" are not below "open_eyes"'),
        (_with("focal", "long"), '"focal" is not a number'),
        (_with("focal", 99), '"focal" is not within 0.2..20'),
        (_with("ranges", {"ears": [0, 1]}), '"ranges" may hold lips_apart'),
        (_with("ranges", {"lips_apart": [1, 0]}), '"lips_apart" ends before it begins'),
        (_with("found", ["dancing"]), '"found" may hold neutral'),
    ],
)
def test_a_bad_file_is_told_in_one_line(written, spoil, message):
    document = json.loads(written.read_text())
    spoil(document)
    written.write_text(json.dumps(document))
    with pytest.raises(InputError) as caught:
        read_profile(written)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert written.name in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{", b"[1, 2]", b'"text"', b"[" * 100_000])
def test_what_is_no_json_object_is_no_profile(tmp_path, content):
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no profile"):
        read_profile(path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "p.json"
    path.write_bytes(b" " * 1_000_001)
    with pytest.raises(InputError, match="it is far too large"):
        read_profile(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="profile not found"):
        read_profile(tmp_path / "none.json")
