"""Safetensors files from anywhere: a broken rule is refused, an odd file is opened exactly."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig import storage
from minibig.storage import StorageError, load_tensors, metadata, tensor_files

from .format_files import GOOD, HOSTILE, ODD, raw

LIBRARY_OPENS = {  # what is refused here although the library opens it
    "a name that comes twice",
    "a name twice with other bytes",
    "a name twice, once escaped",
    "a metadata key that comes twice",
    "a field that is unknown",
    "a tensor that is a list",
    "8-bit floats",
    "8-bit floats of the other kind",
    "4-bit floats",
    "an empty tensor that NumPy cannot hold",
    "65 axes",
    "100,000 axes",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_breaks_a_rule_is_refused_with_the_reason(name, tmp_path):
    content, words = HOSTILE[name]
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=words) as caught:
        load_tensors(path)
    assert type(caught.value) is StorageError
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500 + len(str(path))


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_that_keeps_every_rule_is_opened_exactly(name, tmp_path):
    content, expected, words = ODD[name]
    path = tmp_path / "odd.safetensors"
    path.write_bytes(content)
    arrays = load_tensors(path)
    assert metadata(path) == words and arrays.keys() == expected.keys()
    for key, array in expected.items():
        assert (arrays[key].shape, arrays[key].dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(arrays[key], array)
        assert arrays[key].flags.writeable


def test_the_corpus_is_as_large_as_it_claims():
    assert len(HOSTILE) >= 60 and len(ODD) >= 20


CHILD = """
import re, sys, time
from minibig.storage import StorageError, load_tensors
for path in sys.argv[1:]:
    start = time.process_time()
    try:
        load_tensors(path)
    except StorageError:
        pass
    else:
        raise SystemExit(f"{path} was opened")
    if time.process_time() - start > 1:
        raise SystemExit(f"{path} took more than a second")
peak = int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
raise SystemExit(f"{peak} kB" if peak > 200_000 else 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_refusing_a_file_takes_under_a_second_and_200_megabytes(tmp_path):
    paths = []
    for i, (content, _) in enumerate(HOSTILE.values()):
        paths.append(tmp_path / f"{i}.safetensors")
        paths[-1].write_bytes(content)
    result = subprocess.run(
        [sys.executable, "-c", CHILD, *paths],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and read as Linux does it")
def test_a_mutated_header_is_opened_exactly_or_refused_and_costs_little(amount):
    """In a process that may take little memory and time; any other exception ends it."""
    program = Path(__file__).with_name("mutated_headers.py")
    count = amount(3_000, 100_000)
    result = subprocess.run(
        [sys.executable, program, str(count)],
        capture_output=True, text=True, check=False, timeout=1800,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    refused, opened = map(int, re.search(r"(\d+) refused, (\d+) opened", result.stdout).groups())
    assert refused + opened == count and refused > 0.8 * count and opened > 0
    print(result.stdout, end="")


@pytest.mark.parametrize("name", sorted(LIBRARY_OPENS))
def test_what_the_library_opens_and_we_refuse_is_known(name, tmp_path):
    """The library's own sentence is not the reason of these; ours says more."""
    (tmp_path / "a").write_bytes(HOSTILE[name][0])
    with pytest.raises(StorageError, match=r"comes twice|exactly|NumPy|invalid offset|too large"):
        load_tensors(tmp_path / "a")


mutations = st.lists(
    st.tuples(st.integers(0, len(GOOD) - 1), st.sampled_from([None, *range(256)])), max_size=4
)


def opened(folder, content):
    """The entries of the file, or None if it is refused."""
    path = folder / "a"
    path.write_bytes(content)
    try:
        with tensor_files.open_tensors(path) as file:
            return {name: file.read(name) for name in file.entries}
    except StorageError:
        return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mutants")


@given(mutations, st.binary(max_size=3))
def test_a_mutated_file_is_opened_or_refused_and_nothing_else(folder, mutations, tail):
    content = bytearray(GOOD)
    for position, value in mutations:
        content[position % len(content)] = 32 if value is None else value
    content += tail
    arrays = opened(folder, content)
    if arrays is not None:
        length = int.from_bytes(content[:8], "little")
        [entry] = json.loads(content[8 : 8 + length]).values()
        start, stop = entry["data_offsets"]
        assert stop - start == len(content) - 8 - length and len(arrays) == 1


@given(st.binary(max_size=64), st.integers(0, 64))
def test_any_bytes_as_a_header_are_opened_or_refused(folder, header, size):
    arrays = opened(folder, raw(header, bytes(size)))
    assert not arrays and (arrays is None or size == 0)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_large_header_costs_little(tmp_path):
    """One letter beyond the basic plane makes a text four times as large; escapes are short."""
    files = {
        "astral": raw(
            b'{"__metadata__": {"a": "' + "\U0001d11e".encode() + b"x" * 9_000_000 + b'"}}'
        ),
        "escapes": raw(b'{"__metadata__": {"a": "' + rb"\u00e9" * 1_500_000 + b'"}}'),
        "too long": raw(b" " * 10_000_001),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    result = subprocess.run(
        [sys.executable, "-c", LARGE, tmp_path], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


LARGE = """
import re, sys, time
from pathlib import Path
from minibig.storage import StorageError, metadata
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
before = peak()
start = time.process_time()
for name in ("astral", "escapes", "too long"):
    try:
        found = metadata(Path(sys.argv[1], name))
        assert name != "too long" and len(found["a"]) > 1_000_000
    except StorageError as error:
        assert name == "too long" and "more than 10,000,000" in str(error)
if peak() - before > 200_000 or time.process_time() - start > 2:
    raise SystemExit(f"{peak() - before} kB, {time.process_time() - start:.1f} s")
"""


def small_gpt():
    config = mb.models.GPTConfig(vocab_size=5, context_length=4, n_layers=1, n_heads=1, d_model=4)
    return mb.models.GPT(config)


@pytest.mark.parametrize("given", ["a\0b", b"folder", 3, None, "x" * 5000, "x/" * 3000])
def test_what_is_no_path_is_refused_everywhere(given):
    model = small_gpt()
    for use in (
        mb.load,
        lambda path: mb.save(model, path),
        load_tensors,
        metadata,
        lambda path: storage.save_tensors(path, {}),
        storage.load_checkpoint,
        lambda path: storage.save_checkpoint(path, {}, {"step": 1}),
        storage.list_checkpoints,
    ):
        with pytest.raises(mb.InputError):
            use(given)


@pytest.mark.parametrize("checked", [True, False])
def test_endless_weights_are_refused_before_their_checksum_is_taken(tmp_path, checked):
    mb.save(small_gpt(), tmp_path)
    if not checked:
        (tmp_path / "minibig_checksums.json").unlink()
    with (tmp_path / "model.safetensors").open("r+b") as file:
        size = file.seek(0, 2)
        file.truncate(2**40)
    with pytest.raises(StorageError, match=rf"its header describes a file of {size:,}\. Restore"):
        mb.load(tmp_path)


def test_an_endless_configuration_is_refused_before_its_checksum_is_taken(tmp_path):
    mb.save(small_gpt(), tmp_path)
    with (tmp_path / "config.json").open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(StorageError, match="at most 10,000,000"):
        mb.load(tmp_path)
