"""Tensors in safetensors files, written durably and read with suspicion.

The data of such a file is plain bytes, so once `safetensors_format` has checked where each tensor
lies, reading one is a single call. The library of the same name is not needed for that: it would
open the file a second time after it was checked, cannot give NumPy a BF16 tensor, and writes
without bringing the bytes to the disk. The tests compare with it byte for byte.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import Array, is_array, to_numpy
from minibig.files.durable import StorageError, new_file, open_regular
from minibig.storage.safetensors_format import (
    DTYPES,
    METADATA,
    Entry,
    build_header,
    header_length,
    parse_header,
)

PICKLES = (".bin", ".ckpt", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth")
CONVERSION = (
    'python -c "import sys, torch, safetensors.torch as s; '
    "s.save_file({k: v.clone() for k, v in torch.load(sys.argv[1], weights_only=True).items()}, "
    "'model.safetensors', {'format': 'pt'})\" "
)
_NAMES = {dtype: name for name, dtype in DTYPES.items() if name != "BF16"}


def save_tensors(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Tensor | Array],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write arrays or tensors by name into a safetensors file, whole or not at all.

    The file at `path` is replaced only when the new one is complete and on the disk. Equal contents
    give equal bytes: wide dtypes come first, and then it goes by name.

    Raises:  StorageError if the file cannot be written, or not in this format; TypeError for what
             is no array, or metadata other than texts.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_tensors(f"{folder}/a.safetensors", {"w": np.ones(2)}, {"made by": "hand"})
    ...     load_tensors(f"{folder}/a.safetensors")
    ({'w': array([1., 1.])}, {'made by': 'hand'})
    """
    with new_file(Path(path)) as file:
        write_tensors(file, arrays, metadata)


def write_tensors(
    file: BinaryIO, arrays: Mapping[str, Tensor | Array], metadata: Mapping[str, str] | None = None
) -> None:
    """What `save_tensors` does, into a file that is open already."""
    host = {name: _little_endian(name, array) for name, array in arrays.items()}
    ordered = dict(sorted(host.items(), key=lambda item: (-item[1].itemsize, item[0])))
    described = {n: (_NAMES[a.dtype], a.shape, a.nbytes) for n, a in ordered.items()}
    file.write(build_header(described, _texts(metadata or {})))
    for array in ordered.values():
        file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def load_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """All arrays of a safetensors file, and its metadata; nothing in the file is ever executed.

    The arrays are NumPy arrays of their own; BF16 becomes float32, which is exact.

    Raises:  StorageError, and no other error, for whatever is wrong with the file.
    """
    path = Path(path)
    refuse_pickle(path)
    with open_regular(path) as (file, size):
        try:
            length = header_length(file.read(8), size)
            entries, metadata = parse_header(file.read(length), size - 8 - length)
            return {entry.name: _read(file, entry) for entry in entries}, metadata
        except StorageError as error:
            raise StorageError(f"{path} is not a usable safetensors file: {error}.") from None
        except MemoryError:
            raise StorageError(f"{path} has {size:,} bytes, too many for the memory.") from None


def refuse_pickle(path: Path) -> None:
    """Raise if the path has the name of a format that may hold programs, and say what to do."""
    if path.suffix.lower() in PICKLES:
        raise StorageError(
            f"{path} may hold a pickle, which is a program, and is not opened. If you trust it, "
            f"convert it where PyTorch is installed: {CONVERSION}{path.name}"
        )


def _little_endian(name: str, array: Any) -> Array:
    """The array as it goes into the file."""
    if not isinstance(name, str):
        raise TypeError(f"tensor names must be str; got {type(name).__name__}.")
    if name == METADATA:
        raise StorageError(f"no tensor can be called {METADATA}; the format uses that name.")
    _check_unicode(name)
    array = array.data if isinstance(array, Tensor) else array
    if not is_array(array):
        raise TypeError(f"tensor {name!r} must be an array; got {type(array).__name__}.")
    host = to_numpy(array)
    dtype = host.dtype.newbyteorder("<")
    if dtype not in _NAMES:
        raise StorageError(f"tensor {name!r} has dtype {host.dtype}, which safetensors lacks.")
    return host.astype(dtype, copy=False)


def _texts(metadata: Mapping[str, str]) -> dict[str, str]:
    for text in (*metadata.keys(), *metadata.values()):
        if not isinstance(text, str):
            raise TypeError(f"metadata must map str to str; got {type(text).__name__}.")
        _check_unicode(text)
    return dict(sorted(metadata.items()))


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StorageError(f"{text!r} holds half a surrogate pair, not valid Unicode.") from None


def _read(file: BinaryIO, entry: Entry) -> Array:
    """The tensor of an entry; the file stands at its first byte."""
    data = np.empty(entry.shape, DTYPES[entry.dtype])
    room = data.reshape(-1).view(np.uint8).data
    if file.readinto(room) != len(room):  # type: ignore[attr-defined]
        raise StorageError(f"it ended within tensor {entry.name!r} while it was read")
    if entry.dtype == "BF16":
        wide = data.astype(np.uint32)
        wide <<= 16
        return wide.view(np.float32)
    if entry.dtype == "BOOL" and (data.view(np.uint8) > 1).any():
        raise StorageError(f"tensor {entry.name!r} is BOOL and has bytes other than 0 and 1")
    return data if sys.byteorder == "little" else data.astype(data.dtype.newbyteorder("="))
