"""The header of a safetensors file: every broken rule is refused, every odd file opened exactly."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.storage import StorageError, load_tensors
from minibig.storage.safetensors_format import DTYPES, build_header, header_length, parse_header

from .format_files import GOOD, HOSTILE, ODD

REFERENCE_OPENS = {  # stated in the module's docstring: what we refuse and the reference may open
    "a name that comes twice",
    "a name twice with other bytes",
    "a name twice, once escaped",
    "a metadata key that comes twice",
    "metadata that is null",
    "a field that is unknown",
    "a tensor that is a list",
    "a bool that is 2",
    "8-bit floats",
    "8-bit floats of the other kind",
    "4-bit floats",
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
    content, expected, metadata = ODD[name]
    path = tmp_path / "odd.safetensors"
    path.write_bytes(content)
    arrays, found = load_tensors(path)
    assert found == metadata and arrays.keys() == expected.keys()
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


def test_the_corpus_is_as_large_as_it_should_be():
    assert len(HOSTILE) >= 60 and len(ODD) >= 20


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


@pytest.mark.oracle
@pytest.mark.parametrize("name", HOSTILE)
def test_the_reference_refuses_the_same_files(name):
    safetensors = pytest.importorskip("safetensors", reason="safetensors is not installed")
    try:
        safetensors.deserialize(HOSTILE[name][0])
    except safetensors.SafetensorError:
        return
    assert name in REFERENCE_OPENS


@pytest.mark.oracle
@pytest.mark.parametrize("name", ODD)
def test_the_reference_opens_the_same_files(name):
    safetensors = pytest.importorskip("safetensors", reason="safetensors is not installed")
    tensors = dict(safetensors.deserialize(ODD[name][0]))
    assert {key: list(a.shape) for key, a in ODD[name][1].items()} == {
        key: list(tensor["shape"]) for key, tensor in tensors.items()
    }


mutations = st.lists(
    st.tuples(st.integers(0, len(GOOD) - 1), st.sampled_from([None, *range(256)])), max_size=4
)


@given(mutations, st.binary(max_size=3))
def test_a_mutated_file_is_opened_or_refused_and_nothing_else(mutations, tail):
    content = bytearray(GOOD)
    for position, value in mutations:
        content[position % len(content)] = 32 if value is None else value
    content += tail
    try:
        length = header_length(bytes(content[:8]), len(content))
        entries, _ = parse_header(bytes(content[8 : 8 + length]), len(content) - 8 - length)
    except StorageError:
        return
    assert sum(entry.stop - entry.start for entry in entries) == len(content) - 8 - length


@given(st.binary(max_size=64), st.integers(0, 64))
def test_any_bytes_as_a_header_are_opened_or_refused(header, size):
    try:
        entries, _ = parse_header(header, size)
    except StorageError:
        return
    assert not entries and size == 0


shapes = st.lists(st.integers(0, 5), max_size=4).map(tuple)
described = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"])).filter(lambda n: n != "__metadata__"),
    st.tuples(st.sampled_from(sorted(DTYPES)), shapes),
    max_size=5,
)
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(described, st.dictionaries(texts, texts, max_size=3))
def test_a_header_that_is_built_says_what_it_was_built_from(tensors, metadata):
    sized = {
        name: (dtype, shape, int(np.prod(shape, dtype=int)) * DTYPES[dtype].itemsize)
        for name, (dtype, shape) in tensors.items()
    }
    content = build_header(sized, metadata)
    total = sum(size for _, _, size in sized.values())
    assert header_length(content[:8], len(content) + total) == len(content) - 8
    assert len(content) % 8 == 0
    entries, found = parse_header(content[8:], total)
    assert found == metadata
    assert {e.name: (e.dtype, e.shape, e.stop - e.start) for e in entries} == sized


def test_a_header_that_could_not_be_read_is_not_written():
    with pytest.raises(StorageError, match="more than 500,000 values"):
        build_header({f"{i}": ("F32", (), 4) for i in range(100_000)}, {})
