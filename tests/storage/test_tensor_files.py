"""Tensor files: what was saved comes back bit for bit, here and in the reference's reader."""

import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from fake_cupy import fake_cupy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minibig as mb
from minibig.backend import InputError
from minibig.storage import StorageError, load_tensors, metadata, save_tensors, tensor_files

from .format_files import GOOD, ONES, raw

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = texts.filter(lambda name: name != "__metadata__")
keys = texts.filter(bool)
DTYPES = ["?", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8", "c8", ">f4", ">i8"]
ONE = np.ones(1, "int8")
PICKLES = ["bin", "ckpt", "joblib", "npy", "npz", "pickle", "pkl", "pt", "pth", "PT"]


def collections_of(dtypes):
    shapes = hnp.array_shapes(min_dims=0, min_side=0, max_side=4)
    arrays = st.sampled_from(dtypes).flatmap(lambda dtype: hnp.arrays(dtype, shapes))
    return st.dictionaries(names, arrays, max_size=5)


def assert_same(found, expected):
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype.newbyteorder("=")
    assert found.tobytes() == expected.astype(found.dtype).tobytes()


@given(tensors=collections_of(DTYPES), words=st.dictionaries(keys, texts, max_size=3))
def test_what_is_saved_is_loaded_bit_for_bit(tmp_path_factory, tensors, words):
    path = tmp_path_factory.mktemp("tensors") / "a.safetensors"
    save_tensors(path, tensors, words)
    found = load_tensors(path)
    assert metadata(path) == words and found.keys() == tensors.keys()
    for name, array in tensors.items():
        assert_same(found[name], array)


@pytest.mark.oracle
def test_bfloat16_is_widened_as_pytorch_widens_it(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    reference = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    every = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(torch.bfloat16)
    reference.save_file({"w": every}, tmp_path / "a.safetensors")
    found = load_tensors(tmp_path / "a.safetensors")["w"]
    np.testing.assert_array_equal(found, every.float().numpy())


def test_tensors_are_saved_like_arrays(tmp_path):
    x = mb.tensor([1.0, 2.0], requires_grad=True)
    save_tensors(tmp_path / "a", {"x": x, "y": x * 2})
    found = load_tensors(tmp_path / "a")
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
    found = load_tensors(tmp_path / "a")
    for name, view in views.items():
        assert_same(found[name], view)


def test_equal_contents_give_equal_bytes_in_whatever_order_they_come(tmp_path):
    tensors = {"b": np.ones(3), "a": np.ones(3, "float32"), "c": np.ones(2)}
    save_tensors(tmp_path / "1", tensors, {"format": "pt"})
    save_tensors(tmp_path / "2", dict(reversed(tensors.items())), {"format": "pt"})
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_a_loaded_array_is_its_own_and_writable(tmp_path):
    save_tensors(tmp_path / "a", {"w": np.ones(3)})
    first, second = load_tensors(tmp_path / "a")["w"], load_tensors(tmp_path / "a")["w"]
    first += 1
    assert second.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("cut", range(0, len(GOOD)))
def test_a_truncated_file_is_refused(tmp_path, cut):
    (tmp_path / "a").write_bytes(GOOD[:cut])
    with pytest.raises(StorageError, match="not a usable safetensors file"):
        load_tensors(tmp_path / "a")


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "a"
    save_tensors(path, {"w": np.ones(10_000)})
    with (
        pytest.raises(StorageError, match="ended within tensor 'w'"),
        tensor_files.open_tensors(path) as file,
    ):
        os.truncate(path, 70_000)
        file.read("w")


def test_a_file_that_is_replaced_while_it_is_opened_is_refused(tmp_path, monkeypatch):
    """What was validated would be another file than the one that is read."""
    path = tmp_path / "a"
    path.write_bytes(GOOD)
    real = tensor_files.safetensors.safe_open

    def late(*arguments):
        (tmp_path / "b").write_bytes(GOOD)
        os.replace(tmp_path / "b", path)
        return real(*arguments)

    monkeypatch.setattr(tensor_files.safetensors, "safe_open", late)
    with pytest.raises(StorageError, match="was replaced while it was read"):
        load_tensors(path)


def test_a_tensor_beyond_the_memory_is_refused(tmp_path, monkeypatch):
    def no_memory(*arguments):
        raise MemoryError

    (tmp_path / "a").write_bytes(GOOD)
    monkeypatch.setattr(np, "empty", no_memory)
    with pytest.raises(StorageError, match="too large for the memory: tensor 'w'"):
        load_tensors(tmp_path / "a")


def test_one_tensor_can_be_read_alone(tmp_path):
    save_tensors(tmp_path / "a", {"w": np.ones((2, 3)), "b": np.arange(4, dtype="int8")})
    with tensor_files.open_tensors(tmp_path / "a") as file:
        assert {name: (entry.shape, entry.dtype) for name, entry in file.entries.items()} == {
            "w": ((2, 3), np.dtype("float64")), "b": ((4,), np.dtype("int8"))
        }  # fmt: skip
        assert file.read("b").tolist() == [0, 1, 2, 3]


def test_a_long_bfloat16_tensor_is_widened_part_by_part(tmp_path, monkeypatch):
    values = np.arange(1000, dtype="<u2")
    entry = {"dtype": "BF16", "shape": [10, 100], "data_offsets": [0, 2000]}
    (tmp_path / "a").write_bytes(raw(json.dumps({"w": entry}), values.tobytes()))
    monkeypatch.setattr(tensor_files, "_CHUNK", 7)
    found = load_tensors(tmp_path / "a")["w"]
    assert found.shape == (10, 100) and found.dtype == np.float32
    np.testing.assert_array_equal(found.view("u4") >> 16, values.reshape(10, 100))


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("kind", ["F32", "BF16"])
def test_loading_takes_little_more_memory_than_the_weights(tmp_path, kind):
    size = 40_000_000 if kind == "F32" else 20_000_000
    entry = {"dtype": kind, "shape": [10_000_000], "data_offsets": [0, size]}
    (tmp_path / "a").write_bytes(raw(json.dumps({"w": entry}), bytes(size)))
    result = subprocess.run(
        [sys.executable, "-c", LOADING, tmp_path / "a"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


LOADING = """
import re, sys
from minibig.storage import load_tensors
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
before = peak()
assert load_tensors(sys.argv[1])["w"].nbytes == 40_000_000
if peak() - before > 1.2 * 40_000_000:
    raise SystemExit(f"{(peak() - before) / 1e6:.0f} MB for 40 MB")
"""


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
        ({"w": [1.0]}, {}, InputError, "tensor 'w' must be an array; got list"),
        ({"w": 1.0}, {}, InputError, "tensor 'w' must be an array; got float"),
        ({1: np.ones(1)}, {}, InputError, "the name of a tensor must be a text; got 1"),
        ({"w": np.array([None])}, {}, StorageError, "tensor 'w' has dtype object"),
        ({"w": np.array(["a"])}, {}, StorageError, "tensor 'w' has dtype <U1"),
        ({"w": np.ones(1, "complex128")}, {}, StorageError, "has dtype complex128"),
        ({"w": np.ones(1, "datetime64[s]")}, {}, StorageError, "has dtype datetime64"),
        ({"w": np.ones(1, "longdouble")}, {}, StorageError, "tensor 'w' has dtype"),
        ({"__metadata__": np.ones(1)}, {}, InputError, "no tensor can be called __metadata__"),
        ({"\ud800": np.ones(1)}, {}, InputError, "must be a text that can be written as UTF-8"),
        ({}, {"a": 1}, InputError, "metadata must be a text; got 1"),
        ({}, {1: "a"}, InputError, "metadata must be a text that is not empty; got 1"),
        ({}, {"a": "\udc00"}, InputError, "must be a text that can be written as UTF-8"),
        ({str(i): ONE for i in range(72_000)}, {}, StorageError, "more than 500,000 values"),
    ],
)
def test_what_cannot_be_saved_leaves_the_old_file(tmp_path, tensors, metadata, error, words):
    save_tensors(tmp_path / "a", {"old": np.ones(2)})
    with pytest.raises(error, match=words):
        save_tensors(tmp_path / "a", tensors, metadata)
    assert list(load_tensors(tmp_path / "a")) == ["old"]
    assert os.listdir(tmp_path) == ["a"]


def test_the_corpus_is_built_on_a_good_file(tmp_path):
    (tmp_path / "a").write_bytes(GOOD)
    assert load_tensors(tmp_path / "a")["w"].tolist() == list(struct.unpack("<2f", ONES))


def test_a_boolean_is_true_for_any_byte_but_0(tmp_path):
    header = b'{"b":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}}'
    path = tmp_path / "b.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes([0, 1, 2, 255]))
    found = load_tensors(path)["b"]
    assert found.view(np.uint8).tolist() == [0, 1, 1, 1] and found.dtype == bool


@given(collections_of(DTYPES), st.binary(max_size=3))
def test_a_file_is_as_long_as_its_header_describes(tmp_path_factory, tensors, more):
    path = tmp_path_factory.mktemp("length") / "a.safetensors"
    save_tensors(path, tensors, {"made by": "hand"})
    tensor_files.check_length(path)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + more)
    if more:
        expected = f"has {size + len(more):,} bytes, and its header describes a file of {size:,}\\."
        with pytest.raises(StorageError, match=expected):
            tensor_files.check_length(path)


@pytest.mark.parametrize(
    "header",
    [b"", b"{", b"[]", b'{"a": 1}', b'{"a": {"data_offsets": [-1, 4]}}', b'{"a": {}}',
     b'{"a": {"data_offsets": []}}', b'{"a": {"data_offsets": "4"}}', b'{"__metadata__": 3}'],
)  # fmt: skip
def test_a_header_that_cannot_be_read_describes_no_tensors(tmp_path, header):
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    tensor_files.check_length(path)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(StorageError, match=rf"describes a file of {8 + len(header)}\."):
        tensor_files.check_length(path)
