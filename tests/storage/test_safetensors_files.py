"""Tensor files: what was saved comes back bit for bit, here and in the reference's reader."""

import os
import struct

import numpy as np
import pytest
from fake_cupy import fake_cupy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minibig as mb
from minibig.storage import StorageError, load_tensors, save_tensors

from .format_files import GOOD, ONES

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = texts.filter(lambda name: name != "__metadata__")
DTYPES = ["?", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8", "c8", ">f4", ">i8"]
PICKLES = ["bin", "ckpt", "joblib", "npy", "npz", "pickle", "pkl", "pt", "pth", "PT"]


def collections_of(dtypes):
    shapes = hnp.array_shapes(min_dims=0, min_side=0, max_side=4)
    arrays = st.sampled_from(dtypes).flatmap(lambda dtype: hnp.arrays(dtype, shapes))
    return st.dictionaries(names, arrays, max_size=5)


def assert_same(found, expected):
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype.newbyteorder("=")
    assert found.tobytes() == expected.astype(found.dtype).tobytes()


@given(tensors=collections_of(DTYPES), metadata=st.dictionaries(texts, texts, max_size=3))
def test_what_is_saved_is_loaded_bit_for_bit(tmp_path_factory, tensors, metadata):
    path = tmp_path_factory.mktemp("tensors") / "a.safetensors"
    save_tensors(path, tensors, metadata)
    found, found_metadata = load_tensors(path)
    assert found_metadata == metadata and found.keys() == tensors.keys()
    for name, array in tensors.items():
        assert_same(found[name], array)


@pytest.mark.oracle
@given(tensors=collections_of(["f2", "f4", "f8"]))
def test_the_reference_writes_the_same_bytes_and_reads_ours(tmp_path_factory, tensors):
    reference = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    path = tmp_path_factory.mktemp("tensors") / "a.safetensors"
    native = {n: np.asarray(a.astype(a.dtype.newbyteorder("="))) for n, a in tensors.items()}
    save_tensors(path, native, {"format": "np"})
    assert path.read_bytes() == reference.save(native, {"format": "np"})
    found = reference.load_file(path)
    assert found.keys() == native.keys()
    for name, array in found.items():
        assert_same(array, native[name])


@pytest.mark.oracle
@given(tensors=collections_of([dtype for dtype in DTYPES if dtype != "c8"]))
def test_the_reference_reads_every_dtype_we_write(tmp_path_factory, tensors):
    reference = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    path = tmp_path_factory.mktemp("tensors") / "a.safetensors"
    save_tensors(path, tensors)
    found = reference.load_file(path)
    assert found.keys() == tensors.keys()
    for name, array in found.items():
        assert_same(array, tensors[name])


@pytest.mark.oracle
def test_bfloat16_is_widened_as_pytorch_widens_it(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    reference = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    every = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(torch.bfloat16)
    reference.save_file({"w": every}, tmp_path / "a.safetensors")
    found = load_tensors(tmp_path / "a.safetensors")[0]["w"]
    np.testing.assert_array_equal(found, every.float().numpy())


def test_tensors_are_saved_like_arrays(tmp_path):
    x = mb.tensor([1.0, 2.0], requires_grad=True)
    save_tensors(tmp_path / "a", {"x": x, "y": x * 2})
    found = load_tensors(tmp_path / "a")[0]
    assert found["x"].tolist() == [1.0, 2.0] and found["y"].tolist() == [2.0, 4.0]


def test_arrays_on_a_device_are_saved_like_those_on_the_cpu(tmp_path):
    with fake_cupy():
        x = mb.tensor([1.0, 2.0])
        save_tensors(tmp_path / "cpu", {"x": x})
        save_tensors(tmp_path / "cuda", {"x": x.to("cuda")})
    assert (tmp_path / "cpu").read_bytes() == (tmp_path / "cuda").read_bytes()


def test_views_and_reversed_arrays_are_saved_in_c_order(tmp_path):
    base = np.arange(24, dtype="float32").reshape(4, 6)
    views = {"t": base.T, "r": base[::-1, ::-2], "b": np.broadcast_to(base[0], (3, 6))}
    save_tensors(tmp_path / "a", views)
    found = load_tensors(tmp_path / "a")[0]
    for name, view in views.items():
        assert_same(found[name], view)


def test_equal_contents_give_equal_bytes_in_whatever_order_they_come(tmp_path):
    tensors = {"b": np.ones(3), "a": np.ones(3, "float32"), "c": np.ones(2)}
    save_tensors(tmp_path / "1", tensors, {"x": "1", "y": "2"})
    save_tensors(tmp_path / "2", dict(reversed(tensors.items())), {"y": "2", "x": "1"})
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_a_loaded_array_is_its_own_and_writable(tmp_path):
    save_tensors(tmp_path / "a", {"w": np.ones(3)})
    first, second = load_tensors(tmp_path / "a")[0]["w"], load_tensors(tmp_path / "a")[0]["w"]
    first += 1
    assert second.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("cut", range(0, len(GOOD)))
def test_a_truncated_file_is_refused(tmp_path, cut):
    (tmp_path / "a").write_bytes(GOOD[:cut])
    with pytest.raises(StorageError, match="not a usable safetensors file"):
        load_tensors(tmp_path / "a")


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(GOOD)
    monkeypatch.setattr(os, "fstat", lambda descriptor: os.stat(tmp_path / "long"))
    (tmp_path / "long").write_bytes(GOOD)
    (tmp_path / "a").write_bytes(GOOD[:-3])
    with pytest.raises(StorageError, match="ended within tensor 'w'"):
        load_tensors(tmp_path / "a")


def test_a_tensor_beyond_the_memory_is_refused(tmp_path, monkeypatch):
    def no_memory(*arguments):
        raise MemoryError

    (tmp_path / "a").write_bytes(GOOD)
    monkeypatch.setattr(np, "empty", no_memory)
    with pytest.raises(StorageError, match="too many for the memory"):
        load_tensors(tmp_path / "a")


@pytest.mark.parametrize("suffix", PICKLES)
def test_pickles_are_refused_unopened_with_the_way_to_convert_them(tmp_path, suffix):
    path = tmp_path / f"model.{suffix}"
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(StorageError, match=rf"is not opened\..*weights_only=True.*{suffix}$"):
        load_tensors(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a")
    with pytest.raises(StorageError, match="is not a regular file"):
        load_tensors(tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "words"), [("absent", "No such file"), (".", "is not a regular file")]
)
def test_what_is_no_file_is_refused(tmp_path, name, words):
    with pytest.raises(StorageError, match=words):
        load_tensors(tmp_path / name)


@pytest.mark.parametrize(
    ("tensors", "metadata", "error", "words"),
    [
        ({"w": [1.0]}, {}, TypeError, "tensor 'w' must be an array; got list"),
        ({"w": 1.0}, {}, TypeError, "tensor 'w' must be an array; got float"),
        ({1: np.ones(1)}, {}, TypeError, "tensor names must be str; got int"),
        ({"w": np.array([None])}, {}, StorageError, "tensor 'w' has dtype object"),
        ({"w": np.array(["a"])}, {}, StorageError, "tensor 'w' has dtype <U1"),
        ({"w": np.ones(1, "complex128")}, {}, StorageError, "has dtype complex128"),
        ({"w": np.ones(1, "datetime64[s]")}, {}, StorageError, "has dtype datetime64"),
        ({"w": np.ones(1, "longdouble")}, {}, StorageError, "tensor 'w' has dtype"),
        ({"__metadata__": np.ones(1)}, {}, StorageError, "no tensor can be called __metadata__"),
        ({"\ud800": np.ones(1)}, {}, StorageError, "half a surrogate pair"),
        ({}, {"a": 1}, TypeError, "metadata must map str to str; got int"),
        ({}, {1: "a"}, TypeError, "metadata must map str to str; got int"),
        ({}, {"a": "\udc00"}, StorageError, "half a surrogate pair"),
    ],
)
def test_what_cannot_be_saved_leaves_the_old_file(tmp_path, tensors, metadata, error, words):
    save_tensors(tmp_path / "a", {"old": np.ones(2)})
    with pytest.raises(error, match=words):
        save_tensors(tmp_path / "a", tensors, metadata)
    assert list(load_tensors(tmp_path / "a")[0]) == ["old"]
    assert os.listdir(tmp_path) == ["a"]


def test_the_corpus_is_built_on_a_good_file(tmp_path):
    (tmp_path / "a").write_bytes(GOOD)
    assert load_tensors(tmp_path / "a")[0]["w"].tolist() == list(struct.unpack("<2f", ONES))
