import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.tissue.modes import corrective_modes, packed_modes, unpacked_modes


def residuals(rng, frames=300, vertices=40, strengths=(3.0, 1.0, 0.4)):
    """Return residuals of known directions, metres, and the directions."""
    directions = np.linalg.qr(rng.standard_normal((3 * vertices, len(strengths))))[0].T
    coefficients = rng.standard_normal((frames, len(strengths))) * strengths
    flat = (coefficients @ directions) * 0.001
    return flat.reshape(frames, vertices, 3).astype(np.float32), directions


def test_known_directions_are_found_in_their_order(rng):
    data, directions = residuals(rng)
    found = corrective_modes(np.array_split(data, 9), count=3)
    for mode, direction in zip(found.modes, directions, strict=True):
        unit = mode.ravel() / np.linalg.norm(mode)
        assert abs(unit @ direction) > 0.97
    assert (np.diff(found.share) < 0).all()
    assert found.share.sum() == pytest.approx(1.0, abs=1e-5)
    assert found.left_mm < 0.01 * found.residual_mm
    assert np.linalg.norm(found.modes[0]) == pytest.approx(0.003, rel=0.15)


def test_chunks_do_not_matter_and_agree_with_a_whole_decomposition(rng):
    data = rng.standard_normal((200, 30, 3)).astype(np.float32)
    data *= np.linspace(3, 0.2, 90).reshape(30, 3)
    whole = corrective_modes([data], count=10)
    parts = corrective_modes(np.array_split(data, 20), count=10)
    _, s, vt = np.linalg.svd(data.reshape(200, -1).astype(np.float64), full_matrices=False)
    exact = s[:10] ** 2 / (s**2).sum()
    np.testing.assert_allclose(whole.share, exact, rtol=1e-5)
    np.testing.assert_allclose(parts.share, exact, rtol=0.02)
    for mode, other, row in zip(whole.modes[:3], parts.modes[:3], vt, strict=False):
        assert mode.ravel() @ row * np.sign(mode.ravel() @ row) > 0.999 * np.linalg.norm(mode)
        assert mode.ravel() @ other.ravel() > 0.99 * np.linalg.norm(mode) * np.linalg.norm(other)


def test_signs_do_not_depend_on_the_data_s_sign(rng):
    data, _ = residuals(rng)
    first, flipped = corrective_modes([data], count=3), corrective_modes([-data], count=3)
    np.testing.assert_allclose(first.modes, flipped.modes, atol=1e-9)
    flat = first.modes.reshape(3, -1)
    assert (np.take_along_axis(flat, np.abs(flat).argmax(1)[:, None], 1) > 0).all()


def test_with_a_mirror_modes_are_even_or_odd(rng):
    data, _ = residuals(rng, strengths=(3.0, 1.0, 0.4, 0.2))
    mirror = np.arange(40)[::-1].copy()
    found = corrective_modes([data], count=6, mirror=mirror)
    for mode in found.modes:
        turned = mode[mirror] * [-1, 1, 1]
        cosine = (turned * mode).sum() / (mode * mode).sum()
        assert abs(cosine) == pytest.approx(1.0, abs=1e-3)


def test_packing_is_off_by_less_than_a_micrometre(rng):
    data, _ = residuals(rng)
    modes = corrective_modes([data], count=3)
    again = unpacked_modes(packed_modes(modes))
    np.testing.assert_allclose(again.modes, modes.modes, atol=1e-6)
    np.testing.assert_array_equal(again.share, modes.share)
    assert again.left_mm == pytest.approx(modes.left_mm, abs=1e-6)


def test_too_little_to_learn_from_is_told(rng):
    with pytest.raises(InputError, match="no frames to find modes in"):
        corrective_modes([])
    data, _ = residuals(rng)
    with pytest.raises(InputError, match="in 3 independent ways, fewer than the 5 modes"):
        corrective_modes([data.astype(np.float64)], count=5)
    data[3, 4] = np.inf
    with pytest.raises(InputError, match="not a finite number"):
        corrective_modes([data])
