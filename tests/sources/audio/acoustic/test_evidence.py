"""What speaks for a phone."""

import numpy as np
import pytest
from posteriors import Heard, frames
from small_network import babble, small_network

from animdrive.sources.audio.acoustic.evidence import Evidence, Place, english_index, senones_of
from animdrive.sources.audio.acoustic.features import features_of


def test_shares_are_floored_so_that_no_frame_rules_a_phone_out():
    phones = Heard(frames("SIL*2 AA*3"), sure=0.999_999).of_phones(0, 5)
    assert phones["AA"][4] == pytest.approx(0, abs=1e-3)
    assert phones["M"][4] == pytest.approx(np.log(1e-4))


@pytest.mark.parametrize(
    ("said", "also"), [("DX", ("T", "D")), ("EY", ("e",)), ("SH", ("ɕ", "ʂ")), ("AA", ("a",))]
)
def test_a_sound_speaks_for_its_neighbours(said, also):
    phones = Heard([said]).of_phones(0, 1)
    for symbol in (said, *also):
        assert phones[symbol][0] == pytest.approx(np.log(0.9), abs=0.02)
    assert phones["M"][0] < np.log(0.02)
    for symbol in also:  # but not they for it
        assert Heard([symbol]).of_phones(0, 1)[said][0] < np.log(0.02)


def test_a_stretch_is_a_part_of_the_whole():
    heard = Heard(frames("SIL*4 AA*4 M*4"))
    places = [Place("SIL"), Place("M"), Place("AA")]
    whole = heard.of_places(places, 0, 12)
    assert whole.shape == (12, 9)
    np.testing.assert_array_equal(heard.of_places(places, 3, 9), whole[3:9])
    np.testing.assert_array_equal(whole[:, 3], whole[:, 5])


def test_it_is_what_the_network_says_of_the_sound(rng):
    network, sound = small_network(rng), babble(rng, 0.3)
    evidence = Evidence(sound, english=False, network=network)
    assert len(evidence) == 30
    np.testing.assert_array_equal(
        evidence.log_posteriors, network.log_posteriors(features_of(sound))
    )


class TestEnglish:
    @pytest.fixture(autouse=True)
    def _needs_the_english_model(self):
        pytest.importorskip("pocketsphinx", reason="the English model comes with pocketsphinx")

    def test_every_symbol_has_a_nearest_phone(self):
        from animdrive.sources.audio.acoustic.gaussians import load_gaussians
        from animdrive.sources.audio.language.inventory import SYMBOLS

        names = load_gaussians().phones
        near = {symbol: names[english_index(symbol)] for symbol in SYMBOLS}
        assert near["AA"] == "AA"
        assert near["DX"] == "D"
        assert near["Q"] == "SIL"
        assert near["tɕ"] == "CH"
        assert all(near[name] == name for name in names if name in SYMBOLS)

    def test_states_are_of_the_phone_in_its_context(self):
        from animdrive.sources.audio.acoustic.gaussians import load_gaussians

        model = load_gaussians()
        one = senones_of(Place("AE", "K", "T", False, False))
        other = senones_of(Place("AE", "M", "N", False, False))
        for states in (one, other):
            assert (model.phone_of_senone[states] == model.phones.index("AE")).all()
        assert (one != other).any()
        index = model.phones.index
        row = model.triphones[0, index("AE"), index("K"), index("T")]
        np.testing.assert_array_equal(one, model.senones[row])

    def test_an_unknown_context_is_none(self):
        from animdrive.sources.audio.acoustic.gaussians import load_gaussians

        model = load_gaussians()
        silence = model.senones[model.phones.index("SIL")]
        np.testing.assert_array_equal(senones_of(Place("SIL", "AA", "M")), silence)

    def test_both_opinions_are_summed(self, rng):
        from animdrive.sources.audio.acoustic.evidence import NETWORK_WEIGHT
        from animdrive.sources.audio.acoustic.gaussians import load_gaussians

        evidence = Evidence(babble(rng, 0.2), english=True, network=small_network(rng))
        place = Place("M", "AA", "SIL", False, True)
        every = np.ones((20, len(load_gaussians().phones)), dtype=bool)
        senones = evidence.of_senones(0, 20, every)[:, senones_of(place)]
        network = evidence.of_phones(0, 20)["M"][:, None]
        np.testing.assert_allclose(
            evidence.of_places([place], 0, 20), senones + NETWORK_WEIGHT * network, atol=1e-2
        )

    def test_what_was_asked_before_changes_nothing(self, rng):
        network, sound = small_network(rng), babble(rng, 0.4)
        asked = [Place("M", "AA", "SIL", False, True), Place("AA"), Place("M", "S", "T")]

        def fresh(places, first, end):
            return Evidence(sound, english=True, network=network).of_places(places, first, end)

        evidence = Evidence(sound, english=True, network=network)
        for places, first, end in (
            (asked[:1], 0, 40),
            (asked, 0, 40),
            (asked[::-1], 0, 40),
            (asked[1:], 5, 31),
            (asked, 0, 40),
        ):
            np.testing.assert_allclose(
                evidence.of_places(places, first, end), fresh(places, first, end), atol=1e-3
            )
