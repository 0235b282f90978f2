"""Devices: their names, what is refused, and arrays that go there and back."""

import numpy as np
import pytest
from fake_cupy import fake_cupy

import minibig as mb
from minibig.backend import CPU, Device, device_of, is_array, namespace, to_device, to_numpy


def named(name=None):
    return mb.device(name)


@pytest.mark.parametrize(
    "name", ["gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:1", "CPU", 3, 0, "cuda:1:2", b"cpu"]
)
def test_an_unknown_name_is_refused(name):
    with pytest.raises(mb.InputError, match=f'device must be "cpu".*got {name!r}'):
        named(name)


def test_the_environment_sets_the_default(monkeypatch):
    assert named() == CPU
    monkeypatch.setenv("MINIBIG_DEVICE", "cuda:1")
    with fake_cupy(devices=2):
        assert named() == Device("cuda", 1)
        assert mb.zeros((2,)).device == Device("cuda", 1)
    assert named("cpu") == CPU


def test_cuda_fails_loudly_without_cupy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    with pytest.raises(mb.InputError, match=r'"cuda" cannot be used: CuPy is not installed.*pip'):
        named("cuda")
    assert named("auto") == CPU


def test_cuda_fails_loudly_without_a_driver_or_with_too_large_a_number(monkeypatch):
    with fake_cupy(devices=2) as cupy:
        with pytest.raises(mb.InputError, match=r"has 2 CUDA device\(s\). Use a number below 2"):
            named("cuda:2")
        monkeypatch.setattr(cupy.cuda, "is_available", lambda: False)
        with pytest.raises(mb.InputError, match=r"no CUDA driver or GPU.*nvidia-smi"):
            named("cuda")
        assert named("auto") == CPU


def test_auto_takes_the_gpu_that_is_there():
    with fake_cupy():
        assert named("auto") == Device("cuda", 0)


def test_arrays_go_to_a_device_and_back(device):
    x = np.arange(6.0).reshape(2, 3)
    there = to_device(x, named(device))
    assert device_of(there) == named(device)
    assert is_array(there)
    assert namespace(there).__name__ == ("numpy" if device == "cpu" else "cupy")
    assert to_device(there, named(device)) is there
    np.testing.assert_array_equal(to_numpy(there), x)


def test_arrays_go_from_one_gpu_to_another_whatever_their_layout():
    with fake_cupy(devices=2):
        x = mb.tensor(np.arange(6.0).reshape(2, 3), device="cuda:0")
        for y in (x, x.T, x[:, ::2]):
            moved = y.to("cuda:1")
            assert moved.device == Device("cuda", 1)
            np.testing.assert_array_equal(moved.numpy(), y.numpy())


def test_the_gradient_goes_back_where_it_came_from():
    with fake_cupy():
        x = mb.tensor([1.0, 2.0], requires_grad=True)
        (x.to("cuda") * 3.0).sum().backward()
        assert x.grad.device == CPU
        assert x.grad.tolist() == [3, 3]


@pytest.mark.parametrize("value", [[1.0], "text", None, {}])
def test_what_is_no_array_has_no_namespace(value):
    assert not is_array(value)
    with pytest.raises(TypeError, match=f"got {type(value).__name__}. Wrap it: mb.tensor"):
        namespace(value)


def test_names_print_as_they_are_asked_for():
    assert [str(Device("cuda", 1)), str(CPU)] == ["cuda:1", "cpu"]


@pytest.mark.parametrize("kind", [np.matrix, np.memmap, np.recarray])
def test_a_subclass_of_an_array_becomes_a_plain_array(kind, tmp_path):
    given = np.array([[1.0, 2.0], [3.0, 4.0]]).view(kind) if kind is not np.memmap else None
    if given is None:
        given = np.memmap(tmp_path / "a", np.float64, "w+", shape=(2, 2))
        given[:] = [[1, 2], [3, 4]]
    x = mb.tensor(given)
    assert type(x.data) is type((x * x).data) is type(mb.exp(given)) is np.ndarray
    assert (x * x).tolist() == (x * given).tolist() == (given * x).tolist() == [[1, 4], [9, 16]]
    assert mb.embedding(x, mb.tensor([1])).tolist() == [[3, 4]]


def test_a_masked_array_is_refused_wherever_it_can_come_in():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    parameter = mb.nn.Parameter(np.zeros(2))
    for use in (
        mb.tensor,
        mb.nn.Parameter,
        parameter.assign,
        lambda x: mb.ones(2) * x,
        lambda x: mb.sum(x),
        lambda x: mb.ones(2)[x.astype("int64")],
        lambda x: mb.take(mb.ones(3), x.astype("int64")),
        lambda x: mb.nn.Embedding(5, 2)(x.astype("int64")),
        lambda x: mb.nn.LayerNorm(2).load_state_dict({"weight": x, "bias": x}),
    ):
        with pytest.raises(mb.InputError, match="masked array"):
            use(masked)
    assert parameter.tolist() == [0, 0]


def test_foreign_byte_order_and_more_than_64_bits():
    x = mb.tensor(np.arange(4.0, dtype=">f4").reshape(2, 2))
    assert x.dtype == mb.float32
    assert mb.nn.Linear(2, 3)(x).dtype == mb.float32
    assert mb.tensor(np.arange(3, dtype=">i2")).dtype == np.int16
    assert mb.nn.Parameter(np.ones(2, ">f8")).dtype == mb.float64
    if np.dtype(np.longdouble).itemsize > 8:
        with pytest.raises(mb.InputError, match="within 64 bits"):
            mb.tensor(np.ones(2, np.longdouble))
