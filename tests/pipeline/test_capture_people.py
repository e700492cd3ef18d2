import pickle

import numpy as np
import pytest

import animdrive.weights
from animdrive.contract.stages import SimulatorFactory
from animdrive.errors import InputError, WeightsError
from animdrive.pipeline.capture_people import FaceSimulator, character_of, simulator_of
from animdrive.rig.head import load_head


def test_the_linear_simulator_is_the_rig():
    simulator = simulator_of("linear", ())()
    head = load_head()
    values = np.zeros((2, 52), np.float32)
    values[1, head.rig.names.index("jawOpen")] = 0.5
    rest, opened = simulator.frames(values)
    np.testing.assert_array_equal(rest, head.rig.neutral.vertices)
    expected = head.rig.neutral.vertices + 0.5 * head.rig.delta("jawOpen")
    np.testing.assert_allclose(opened, expected, atol=1e-6)


def test_a_factory_is_small_goes_to_other_processes_and_says_what_it_depends_on():
    factory = simulator_of("linear", (0.5, -1.0))
    assert isinstance(factory, SimulatorFactory)
    assert len(pickle.dumps(factory)) < 1000
    assert pickle.loads(pickle.dumps(factory)) == factory  # noqa: S301 - our own
    assert factory.settings["head_shape"] == [0.5, -1.0]
    assert len(factory.settings["weights"]["head"]) == 64
    assert FaceSimulator("tissue").weights == ("head", "tissue")


def test_no_shape_is_the_head_that_ships():
    assert character_of(()) is load_head()


def test_an_unknown_simulator_and_a_tissue_without_its_file_are_told(monkeypatch):
    with pytest.raises(InputError, match=r"Unknown simulator 'magic'. Known: tissue, linear"):
        simulator_of("magic", ())
    monkeypatch.setattr(animdrive.weights, "manifest", dict)
    with pytest.raises(WeightsError, match="No shipped file 'head'"):
        _ = FaceSimulator("tissue").settings
