import numpy as np
import pytest
import torch
from small import small_model, small_track

from animdrive.deformer.on_torch import TorchNeuralMorph, throughput
from animdrive.errors import DeviceError, InputError

TEST = small_track(30, seed=9).values


@pytest.mark.parametrize(("precision", "off"), [("fp32", 1e-5), ("fp16", 2e-5), ("bf16", 2e-4)])
def test_a_device_makes_the_same_skin(precision, off):
    model = small_model()
    runner = TorchNeuralMorph(model, device="cpu", precision=precision)
    np.testing.assert_allclose(runner.run_numpy(TEST), model.run(TEST), atol=off)


def test_skin_can_be_written_in_place():
    model = small_model()
    runner = TorchNeuralMorph(model, device="cpu", precision="fp32")
    out = torch.zeros((len(TEST), len(model.rig.neutral.vertices), 3))
    made = runner.run(torch.from_numpy(TEST.copy()), out=out)
    assert made.data_ptr() == out.data_ptr()
    np.testing.assert_allclose(out.numpy(), model.run(TEST), atol=1e-5)


def test_an_unknown_precision_or_device_is_told(monkeypatch):
    with pytest.raises(InputError, match="precision is one of fp32, fp16, bf16, got 'int2'"):
        TorchNeuralMorph(small_model(), device="cpu", precision="int2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="No CUDA GPU was found"):
        TorchNeuralMorph(small_model())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_a_gpu_makes_the_same_skin():
    model = small_model()
    made = TorchNeuralMorph(model).run_numpy(TEST)
    np.testing.assert_allclose(made, model.run(TEST), atol=3e-5)
    assert throughput(model, batch=64, seconds=0.2)["per_second"] > 0
