"""Tensors in safetensors files: written durably, and read with every field of the header checked.

    8 bytes    N, little-endian
    N bytes    {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...,
                "__metadata__": {"key": "text", ...}}
    the rest   the tensors, little-endian, in C order, without holes and without overlap

The library `safetensors` writes the files and validates those that are read: every tensor has
exactly the bytes of its shape, and every byte belongs to one tensor. Four things are added here: a
key that comes twice is refused, a header has a limit, BF16, which NumPy does not have, is widened
to float32, and the bytes are brought to the disk before a file gets its name.

Source:  https://github.com/huggingface/safetensors, README, "Format".
"""

import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import safetensors
from safetensors.numpy import save_file

from minibig.autograd import Tensor
from minibig.backend import Array, InputError, Shape, checks, is_array, plain, to_numpy
from minibig.backend.checks import shown, text
from minibig.files import (
    MAX_JSON_BYTES,
    StorageError,
    Whole,
    check_shape,
    new_path,
    open_regular,
    parse_json,
)

PICKLES = (".bin", ".ckpt", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth")
CONVERSION = (
    'python -c "import sys, torch, safetensors.torch as s; '
    "s.save_file({k: v.clone() for k, v in torch.load(sys.argv[1], weights_only=True).items()}, "
    "'model.safetensors', {'format': 'pt'})\" "
)
_METADATA = "__metadata__"
_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "BF16": "<u2",
    "U32": "<u4", "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
    "C64": "<c8",
}  # fmt: skip
_WRITTEN = {np.dtype(code) for name, code in _DTYPES.items() if name != "BF16"}
_FIELDS = {"dtype", "shape", "data_offsets"}
_PLACES = {"__metadata__?": object, ...: {"data_offsets": [Whole(0, 2**63 - 1)], ...: object}}
_MAX_RANK = 64  # NumPy's own limit
_MAX_SIZE = 2**63 - 1
_CHUNK = 1 << 20  # numbers of BF16 that are widened at once


@dataclass(frozen=True)
class Entry:
    """What the header says of one tensor; `start` counts from the beginning of the file."""

    kind: str
    shape: Shape
    start: int

    @property
    def dtype(self) -> "np.dtype[Any]":
        """The dtype of the array that is read."""
        return np.dtype("f4" if self.kind == "BF16" else _DTYPES[self.kind]).newbyteorder("=")


class TensorFile:
    """A safetensors file that is open: `entries` says what is in it, `read` gives one tensor."""

    def __init__(
        self, path: Path, file: BinaryIO, entries: dict[str, Entry], metadata: dict[str, str]
    ) -> None:
        self.path = path
        self.entries = entries
        self.metadata = metadata
        self._file = file

    def read(self, name: str) -> Array:
        """The tensor of this name, as a NumPy array of its own."""
        entry = self.entries[name]
        try:
            self._file.seek(entry.start)
            if entry.kind == "BF16":
                return self._widened(entry)
            data = np.empty(entry.shape, _DTYPES[entry.kind])
            self._fill(data)
            if entry.kind == "BOOL":
                np.not_equal(data.view(np.uint8), 0, out=data)  # any byte but 0 means true
            return data.astype(entry.dtype, copy=False)
        except EOFError:
            reason = f"it ended within tensor {shown(name)} while it was read"
            raise StorageError(_unusable(self.path, reason)) from None
        except MemoryError:
            raise StorageError(
                f"{self.path} is too large for the memory: tensor {shown(name)} has shape "
                f"{entry.shape}."
            ) from None

    def _widened(self, entry: Entry) -> Array:
        """A BF16 number is the upper half of a float32; a part at a time, to save memory."""
        wide = np.empty(entry.shape, np.uint32)
        flat = wide.reshape(-1)
        for start in range(0, flat.size, _CHUNK):
            part = flat[start : start + _CHUNK]
            data = np.empty(part.shape, "<u2")
            self._fill(data)
            part[:] = data
            part <<= 16
        return wide.view(np.float32)

    def _fill(self, data: Array) -> None:
        room = data.reshape(-1).view(np.uint8).data
        if self._file.readinto(room) != len(room):  # type: ignore[attr-defined]
            raise EOFError


def save_tensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Tensor | Array],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write arrays or tensors by name into a safetensors file, whole or not at all.

    The file at `path` is replaced only when the new one is complete and on the disk.

    Raises:  StorageError if the file cannot be written; InputError for what is no array, has a
             dtype that the format lacks, or a name or metadata other than texts.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_tensors(f"{folder}/a.safetensors", {"w": np.ones(2)}, {"made by": "hand"})
    ...     load_tensors(f"{folder}/a.safetensors"), metadata(f"{folder}/a.safetensors")
    ({'w': array([1., 1.])}, {'made by': 'hand'})
    """
    if isinstance(path, Mapping) or not isinstance(tensors, Mapping):
        raise InputError("save_tensors takes a path and a dict of tensors: save_tensors(path, {}).")
    with new_path(checks.path("path", path)) as unfinished:
        write_tensors(unfinished, tensors, metadata)


def load_tensors(path: str | os.PathLike[str]) -> dict[str, Array]:
    """All tensors of a safetensors file by name; nothing in the file is ever executed.

    They are NumPy arrays of their own; BF16 becomes float32, which is exact.

    Raises:  StorageError, and no other error, for whatever is wrong with the file.
    """
    with open_tensors(path) as file:
        return {name: file.read(name) for name in file.entries}


def metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The metadata of a safetensors file; no tensor is read.

    Raises:  StorageError, and no other error, for whatever is wrong with the file.
    """
    with open_tensors(path) as file:
        return file.metadata


@contextmanager
def open_tensors(path: str | os.PathLike[str]) -> Iterator[TensorFile]:
    """A safetensors file whose header is validated, to read what is needed of it."""
    path = checks.path("path", path)
    refuse_pickle(path)
    with open_regular(path) as (file, _):
        try:
            entries, words = _header(file, path)
        except StorageError as error:
            raise StorageError(_unusable(path, str(error))) from None
        yield TensorFile(path, file, entries, words)


def check_length(path: Path) -> None:
    """Refuse a file that is longer than its header describes, whose checksum might take for ever.

    A header that cannot be read describes no tensors.

    Raises:  StorageError with both lengths.
    """
    with open_regular(path) as (file, size):
        length = int.from_bytes(file.read(8), "little")
        described = 8 + length
        try:
            fields = parse_json(file.read(min(length, MAX_JSON_BYTES)))
            check_shape(path, fields, _PLACES)
            entries = [entry for name, entry in fields.items() if name != _METADATA]
            described += max((n for entry in entries for n in entry["data_offsets"]), default=0)
        except StorageError:
            pass  # no tensors
    if size > described:
        raise StorageError(
            f"{path} is damaged: it has {size:,} bytes, and its header describes a file of "
            f"{described:,}. Restore a copy of it."
        )


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor | Array], metadata: Mapping[str, str] | None = None
) -> None:
    """What `save_tensors` does, for a path that others bring to the disk and rename."""
    host = {name: _on_host(name, tensor) for name, tensor in tensors.items()}
    words = {text("metadata", key): text("metadata", value, empty=True)
             for key, value in (metadata or {}).items()}  # fmt: skip
    try:
        save_file(host, path, words or None)
    except safetensors.SafetensorError as error:
        if number := re.search(r"\(os error (\d+)\)", str(error)):
            raise OSError(int(number[1]), os.strerror(int(number[1]))) from None
        raise StorageError(f"the tensors cannot be written: {error}.") from None
    with open_regular(path) as (file, _):
        _header(file, path)  # what is written must be possible to read


def refuse_pickle(path: Path) -> None:
    """Raise if the path has the name of a format that may hold programs, and say what to do."""
    if path.suffix.lower() in PICKLES:
        raise StorageError(
            f"{path} may hold a pickle, which is a program, and is not opened. If you trust it, "
            f"convert it where PyTorch is installed: {CONVERSION}{path.name}"
        )


def _unusable(path: Path, reason: str) -> str:
    return f"{path} is not a usable safetensors file: {reason}."


def _header(file: BinaryIO, path: Path) -> tuple[dict[str, Entry], dict[str, str]]:
    """The entries of a file, in the order of their bytes, and its metadata.

    Raises:  StorageError with the reason why the file is not valid.
    """
    length = int.from_bytes(file.read(8), "little")
    if length > MAX_JSON_BYTES:
        raise StorageError(f"its header would have {length:,} bytes, more than {MAX_JSON_BYTES:,}")
    header = file.read(length)
    try:
        with safetensors.safe_open(os.fspath(path), "np"):
            pass
    except (safetensors.SafetensorError, OSError) as error:
        reason = str(error).removeprefix("Error while deserializing header: ")
        raise StorageError(reason[:200]) from None
    if not os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
        raise StorageError("it was replaced while it was read")
    fields = parse_json(header)
    words = fields.pop(_METADATA, None) or {}
    entries = {name: _entry(name, value, 8 + length) for name, value in fields.items()}
    return dict(sorted(entries.items(), key=lambda item: item[1].start)), words


def _entry(name: str, value: Any, data: int) -> Entry:
    """What a header says of a tensor, if the library took it and NumPy can hold it."""
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise StorageError(f"tensor {shown(name)} must have exactly dtype, shape and data_offsets")
    kind, shape = value["dtype"], value["shape"]
    if kind not in _DTYPES:
        raise StorageError(
            f"tensor {shown(name)} is {kind}, for which NumPy has no type; convert it to F32"
        )
    if len(shape) > _MAX_RANK:
        raise StorageError(
            f"tensor {shown(name)} has {len(shape):,} axes; NumPy allows {_MAX_RANK}"
        )
    if math.prod(size for size in shape if size) > _MAX_SIZE // 8:  # only with a size of 0
        raise StorageError(f"the shape {shown(shape)} of tensor {shown(name)} is too large")
    return Entry(kind, tuple(shape), data + value["data_offsets"][0])


def _on_host(name: str, tensor: Any) -> Array:
    """The array as it goes into the file: on the CPU, in C order, little-endian."""
    if text("the name of a tensor", name, empty=True) == _METADATA:
        raise InputError(f"no tensor can be called {_METADATA}; the format uses that name.")
    array = tensor.data if isinstance(tensor, Tensor) else plain(tensor)
    if not is_array(array):
        raise InputError(f"tensor {shown(name)} must be an array; got {type(array).__name__}.")
    host = to_numpy(array)
    dtype = host.dtype.newbyteorder("<")
    if dtype not in _WRITTEN:
        raise StorageError(f"tensor {shown(name)} has dtype {host.dtype}, which safetensors lacks.")
    return np.asarray(host, dtype, order="C")
