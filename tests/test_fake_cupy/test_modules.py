"""The modules: synchronisations, random numbers, devices, installation; one whole computation."""

import importlib.util
import operator
import sys
import types

import numpy as np
import pytest
from fake_cupy import fake_cupy, install, uninstall


def matrix():
    return np.arange(6, dtype=np.float32).reshape(2, 3)


WAITS = {
    "get": lambda cp, x: x.get(),
    "item": lambda cp, x: x.item(),
    "bool": lambda cp, x: bool(x),
    "float": lambda cp, x: float(x.sum()),
    "int": lambda cp, x: int(x.sum()),
    "tolist": lambda cp, x: x.tolist(),
    "asnumpy": lambda cp, x: cp.asnumpy(x),
    "mask": lambda cp, x: x[x > 0],
    "unique": lambda cp, x: cp.unique(x),
    "nonzero": lambda cp, x: x.nonzero(),
    "where": lambda cp, x: cp.where(x),
    "synchronize": lambda cp, x: cp.cuda.Device(0).synchronize(),
}


@pytest.mark.parametrize("name", WAITS)
def test_each_synchronisation_is_recorded_once_by_its_name(fake, name):
    WAITS[name](fake, fake.ones(1))
    assert fake.synchronisations == [name]


@pytest.mark.parametrize("name", WAITS)
def test_each_synchronisation_raises_while_capturing(fake, name):
    x = fake.ones(1)
    with fake.capturing(), pytest.raises(RuntimeError, match=f"{name} waits for the device"):
        WAITS[name](fake, x)
    assert fake.synchronisations == []


def test_capturing_ends_with_its_block(fake):
    with pytest.raises(ZeroDivisionError), fake.capturing():
        raise ZeroDivisionError
    assert fake.ones(1).item() == 1


def test_computing_does_not_synchronise(fake):
    with fake.capturing():
        x = fake.asarray(matrix())
        y = fake.where(x @ x.T > 0, 1.0, 2.0)[0, fake.asarray([0])]
        y += fake.concatenate([y, y]).sum(axis=0, keepdims=True)
        repr(y)
    assert fake.synchronisations == []


def test_forget_clears_the_record(fake):
    fake.ones(1).item()
    fake.forget()
    assert fake.synchronisations == []


def test_asnumpy_of_a_host_array_does_not_synchronise(fake):
    host = matrix()
    assert fake.asnumpy(host) is host
    assert fake.synchronisations == []


@pytest.mark.parametrize("convert", [bool, int, float])
def test_conversions_give_the_value(cp, convert):
    assert convert(cp.asarray(3.5)) == convert(3.5)


def test_the_truth_of_many_values_is_ambiguous(cp):
    with pytest.raises(ValueError, match="ambiguous"):
        bool(cp.ones(2))


def test_random_numbers_repeat_and_are_not_numpys(cp):
    first = cp.random.default_rng(3).random(8)
    assert np.array_equal(first.get(), cp.random.default_rng(3).random(8).get())
    for bit_generator in (np.random.PCG64(3), np.random.Philox(3)):
        assert not np.array_equal(first.get(), np.random.Generator(bit_generator).random(8))


@pytest.mark.parametrize("name", ["normal", "choice", "permutation", "shuffle", "spawn", "bytes"])
def test_generators_lack_most_of_numpys_methods(cp, name):
    with pytest.raises(AttributeError, match=name):
        getattr(cp.random.default_rng(0), name)


def test_generators_draw_in_single_precision(cp):
    assert cp.random.default_rng(0).standard_normal(4, dtype=np.float32).dtype == np.float32


def test_there_is_a_device_and_arrays_know_it(cp):
    assert cp.cuda.is_available()
    assert cp.cuda.runtime.getDeviceCount() >= 1
    with cp.cuda.Device(0):
        assert cp.ones(1).device.id == 0
    assert cp.ones(1).device == cp.cuda.Device(0)


def test_a_device_that_does_not_exist_cannot_be_used(cp):
    with pytest.raises(cp.cuda.runtime.CUDARuntimeError, match="invalid device"):
        cp.cuda.Device(cp.cuda.runtime.getDeviceCount()).use()


def test_arrays_are_made_on_the_current_device(two_devices):
    with two_devices.cuda.Device(1):
        x = two_devices.ones(1)
        with two_devices.cuda.Device(0):
            assert two_devices.ones(1).device.id == 0
        assert (x + 1).device.id == 1
    assert two_devices.ones(1).device.id == 0
    assert x.T.device.id == 1


def test_work_on_another_device_than_the_current_raises(two_devices):
    with two_devices.cuda.Device(1):
        x = two_devices.ones(3)
    y = two_devices.zeros(3, int)
    for work in (
        lambda: x + 1,
        lambda: operator.iadd(x, 1),
        lambda: x.sum(),
        lambda: x + y,
        lambda: operator.setitem(y, slice(None), x),
        lambda: x[y],
        lambda: y[x.view(np.int64)],
    ):
        with pytest.raises(ValueError, match="different"):
            work()


def test_asarray_copies_to_the_current_device(two_devices):
    x = two_devices.asarray(matrix())
    with two_devices.cuda.Device(1):
        y = two_devices.asarray(x)
        with pytest.raises(NotImplementedError, match="non-contiguous array between devices"):
            two_devices.asarray(x[:, 1:])
    assert (x.device.id, y.device.id) == (0, 1)
    assert np.array_equal(y.get(), matrix())


def test_installing_makes_the_fake_importable():
    module = install()
    try:
        import cupy
        import cupy.cuda
        import cupyx

        assert cupy is module is sys.modules["cupy"]
        assert cupyx is sys.modules["cupyx"]
        assert importlib.util.find_spec("cupy") is not None
    finally:
        uninstall()


def test_uninstalling_restores_what_was_there(monkeypatch):
    before, part = types.ModuleType("cupy"), types.ModuleType("cupy.part")
    monkeypatch.setitem(sys.modules, "cupy", before)
    monkeypatch.setitem(sys.modules, "cupy.part", part)
    with fake_cupy() as outer:
        assert "cupy.part" not in sys.modules
        with fake_cupy():
            pass
        assert sys.modules["cupy"] is outer
    assert sys.modules["cupy"] is before
    assert sys.modules["cupy.part"] is part
    assert "cupyx" not in sys.modules or sys.modules["cupyx"].__name__ == "cupyx"


def test_nothing_is_left_where_there_was_nothing(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] in ("cupy", "cupyx")]:
        monkeypatch.delitem(sys.modules, name)
    with fake_cupy():
        pass
    assert not [name for name in sys.modules if name.split(".")[0] in ("cupy", "cupyx")]


def test_uninstalling_twice_raises():
    with pytest.raises(RuntimeError, match="needs an install"):
        uninstall()


def test_installing_forgets_earlier_synchronisations():
    with fake_cupy() as module:
        module.ones(1).item()
    with fake_cupy() as module:
        assert module.synchronisations == []


def test_get_array_module_tells_the_two_apart(cp):
    assert cp.get_array_module(np.ones(1), cp.ones(1)) is cp
    assert cp.get_array_module(np.ones(1), 1.0) is np


def mlp_step(xp, x, labels, w1, b1, w2, b2):
    """The loss of a network with one hidden layer, its gradients, and one step of descent."""
    hidden = xp.maximum(x @ w1 + b1, 0)
    logits = hidden @ w2 + b2
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities = shifted - xp.log(xp.exp(shifted).sum(axis=-1, keepdims=True))
    rows = xp.arange(len(x))
    loss = -log_probabilities[rows, labels].mean()
    g_logits = xp.exp(log_probabilities)
    xp.add.at(g_logits, (rows, labels), -1.0)
    g_logits /= len(x)
    g_hidden = (g_logits @ w2.T) * (hidden > 0)
    gradients = (x.T @ g_hidden, g_hidden.sum(axis=0), hidden.T @ g_logits, g_logits.sum(axis=0))
    updated = [w - 0.1 * g for w, g in zip((w1, b1, w2, b2), gradients, strict=True)]
    return [loss, *gradients, *updated]


def mlp_inputs():
    draw = np.random.default_rng(0).standard_normal
    shapes = [(8, 5), (5, 16), (16,), (16, 4), (4,)]
    x, *weights = (draw(shape).astype(np.float32) for shape in shapes)
    return [x, np.arange(8) % 4, *weights]


def test_a_training_step_is_the_same_to_the_bit_and_never_waits(fake):
    expected = mlp_step(np, *mlp_inputs())
    with fake.capturing():
        results = mlp_step(fake, *map(fake.asarray, mlp_inputs()))
    for result, value in zip(results, expected, strict=True):
        assert isinstance(result, fake.ndarray)
        assert result.dtype == np.float32
        assert result.get().tobytes() == np.asarray(value).tobytes()


def test_a_training_step_agrees_within_rounding(cp):
    expected = mlp_step(np, *mlp_inputs())
    results = mlp_step(cp, *map(cp.asarray, mlp_inputs()))
    for result, value in zip(results, expected, strict=True):
        assert np.allclose(result.get(), value, rtol=1e-4, atol=1e-6)
