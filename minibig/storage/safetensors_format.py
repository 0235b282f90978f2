"""The safetensors format: a length, a JSON header, and the bytes of all tensors in one row.

    8 bytes    N, little-endian
    N bytes    {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...,
                "__metadata__": {"key": "text", ...}}
    the rest   the tensors, little-endian, in C order, without holes and without overlap

A file comes from anywhere, so `parse_header` believes nothing: when it returns, every tensor has
exactly the bytes that its shape needs, and every byte of the file belongs to one tensor. The
reference implementation lets a few things pass that are refused here: a key that comes twice,
fields that the format does not know, an entry written as a list. So are three that NumPy cannot
hold or that cost too much: numbers of 8 and fewer bits, more than 64 axes, and more than about
70,000 tensors in one file, whose header alone would take hundreds of megabytes.

Source:  https://github.com/huggingface/safetensors, README, "Format".
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from minibig.backend import Shape
from minibig.files.durable import StorageError
from minibig.files.strict_json import MAX_JSON_BYTES, parse_json

METADATA = "__metadata__"

DTYPES = {
    "BOOL": np.dtype("?"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),  # the upper half of a float32
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "F32": np.dtype("<f4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
    "C64": np.dtype("<c8"),
}
_WITHOUT_NUMPY = ("F4", "F6_E2M3", "F6_E3M2", "F8_E4M3", "F8_E5M2", "F8_E8M0")
_FIELDS = {"dtype", "shape", "data_offsets"}
_MAX_RANK = 64  # NumPy's own limit
_MAX_SIZE = 2**63 - 1


@dataclass(frozen=True)
class Entry:
    """One tensor of a file: its place counts from the end of the header."""

    name: str
    dtype: str
    shape: Shape
    start: int
    stop: int


def header_length(prefix: bytes, file_size: int) -> int:
    """N, from the first 8 bytes of a file.

    Raises:  StorageError if the file cannot hold a header of that length, or none may have it.
    """
    if len(prefix) < 8:
        raise StorageError(f"it has {len(prefix)} bytes, and its header's length alone takes 8")
    length = int.from_bytes(prefix, "little")
    if length > MAX_JSON_BYTES:
        raise StorageError(f"its header would have {length:,} bytes, more than {MAX_JSON_BYTES:,}")
    if length > file_size - 8:
        raise StorageError(f"its header would have {length:,} bytes, of {file_size:,} in all")
    return length


def parse_header(header: bytes, data_size: int) -> tuple[list[Entry], dict[str, str]]:
    """The tensors in the order of their bytes, and the metadata.

    Raises:  StorageError with the reason why the file is not valid.

    >>> parse_header(b'{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}', 8)
    ([Entry(name='w', dtype='F32', shape=(2,), start=0, stop=8)], {})
    """
    fields = parse_json(header)
    if not isinstance(fields, dict):
        raise StorageError(f"its header is not a JSON object but {_kind(fields)}")
    metadata = fields.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise StorageError("its metadata must map texts to texts")
    entries = [_entry(name, value) for name, value in fields.items()]
    entries.sort(key=lambda entry: (entry.start, entry.stop))
    end = 0
    for entry in entries:
        if entry.start != end:
            problem = "a hole before" if entry.start > end else "an overlap at"
            raise StorageError(f"there is {problem} tensor {_short(entry.name)}, byte {end:,}")
        end = entry.stop
    if end != data_size:
        raise StorageError(f"its tensors need {end:,} bytes, and it holds {data_size:,}")
    return entries, metadata


def build_header(arrays: dict[str, tuple[str, Shape, int]], metadata: dict[str, str]) -> bytes:
    """The length and the header for tensors (dtype, shape, bytes) that follow in this order.

    Spaces at its end let the tensors begin at a multiple of 8.
    """
    fields: dict[str, Any] = {METADATA: metadata} if metadata else {}
    start = 0
    for name, (dtype, shape, size) in arrays.items():
        offsets = [start, start + size]
        fields[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
        start += size
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    parse_header(text, start)  # whatever we write, we must be able to read
    return len(text).to_bytes(8, "little") + text


def _entry(name: str, value: Any) -> Entry:
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise StorageError(f"tensor {_short(name)} must have exactly dtype, shape and data_offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if isinstance(dtype, str) and dtype in _WITHOUT_NUMPY:
        raise StorageError(
            f"tensor {_short(name)} is {dtype}, for which NumPy has no type; convert it to F32"
        )
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise StorageError(f"tensor {_short(name)} has the unknown dtype {_short(dtype)}")
    if not _are_sizes(shape):
        raise StorageError(f"the shape of tensor {_short(name)} must be a list of sizes")
    if len(shape) > _MAX_RANK:
        raise StorageError(
            f"tensor {_short(name)} has {len(shape):,} axes; NumPy allows {_MAX_RANK}"
        )
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise StorageError(f"the data_offsets of tensor {_short(name)} must be [start, stop]")
    _check_length(name, dtype, shape, *offsets)
    return Entry(name, dtype, tuple(shape), *offsets)


def _check_length(name: str, dtype: str, shape: list[int], start: int, stop: int) -> None:
    """Python's own integers: NumPy's product wraps at 2⁶⁴, and the wrapped size may look right."""
    itemsize = DTYPES[dtype].itemsize
    if math.prod(size for size in shape if size) * itemsize > _MAX_SIZE:
        raise StorageError(f"the shape {shape} of tensor {_short(name)} is too large")
    if stop - start != math.prod(shape) * itemsize:
        raise StorageError(
            f"tensor {_short(name)} of shape {shape} and dtype {dtype} cannot lie in bytes "
            f"{start:,} to {stop:,}"
        )


def _are_sizes(values: Any) -> bool:
    """A list of integers from 0 to 2⁶³ − 1; to Python, True and 1.0 would be equal to 1."""
    return isinstance(values, list) and all(type(v) is int and 0 <= v <= _MAX_SIZE for v in values)


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."
