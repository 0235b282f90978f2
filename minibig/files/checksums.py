"""Checksums: what a file was when it was written, so that not one bit of it can flip unnoticed.

The SHA-256 of a file of tensors stands in a JSON file beside it. That one is *sealed*: it holds the
SHA-256 of its own payload, and its bytes must be the very ones that minibig writes for it.

    minibig_checksums.json     of a model's config.json and model.safetensors

A folder without checksums, from elsewhere or of an older minibig, is loaded unchecked.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.files.durable import StorageError, open_regular, read_file
from minibig.files.strict_json import MAX_JSON_BYTES, parse_json

CHECKSUMS = "minibig_checksums.json"


@dataclass(frozen=True)
class Seal:
    """The format of a sealed file: its name, and its version; older ones are read as well.

    >>> seal = Seal("example", 1)
    >>> json.loads(seal.sealed({"a": 1}))["payload"]
    {'a': 1}
    """

    name: str
    version: int

    def sealed(self, payload: dict[str, Any]) -> bytes:
        """The one text that stands for a payload, with its checksum."""
        return self._sealed(payload, self.version)

    def read(self, path: Path) -> dict[str, Any]:
        """The payload of a sealed file, if every bit of the file is as it was written.

        Raises:  StorageError if one is not, or a newer version of minibig wrote the file.
        """
        data = read_file(path, MAX_JSON_BYTES)
        try:
            sealed = parse_json(data)
        except StorageError as error:
            raise StorageError(f"{path} is damaged: {error}.") from None
        if not isinstance(sealed, dict) or sealed.get("format") != self.name:
            raise StorageError(
                f'{path} must have "format" {self.name!r}; it is damaged or another file.'
            )
        version = sealed.get("version")
        if type(version) is not int or not 1 <= version <= self.version:
            readable = "1" if self.version == 1 else f"1 to {self.version}"
            raise StorageError(
                f"{path} has format version {version!r}, and this minibig reads {readable}. "
                "Upgrade minibig; or the file is damaged."
            )
        payload = sealed.get("payload")
        if not isinstance(payload, dict) or data != self._sealed(payload, version):
            raise StorageError(f"{path} is damaged: its bytes are not the ones that were written.")
        return payload

    def _sealed(self, payload: dict[str, Any], version: int) -> bytes:
        text = json.dumps(payload, indent=1, sort_keys=True, allow_nan=False)
        sealed = {
            "format": self.name,
            "version": version,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "payload": payload,
        }
        return json.dumps(sealed, indent=1, sort_keys=True, allow_nan=False).encode() + b"\n"


_SEAL = Seal("minibig checksums", 1)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with open_regular(path) as (file, _):
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(files: dict[str, Path]) -> bytes:
    """The content of minibig_checksums.json for files that will have these names.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a")
    ...     _ = path.write_bytes(b"abc")
    ...     print(json.loads(checksums({"b": path}))["payload"]["b"][:16])
    ba7816bf8f01cfea
    """
    return _SEAL.sealed({name: digest(path) for name, path in files.items()})


def check_files(folder: Path, names: Sequence[str]) -> None:
    """Refuse a folder of which a file is not what it was, if it has checksums.

    A file that is not there at all is left to those who look for it.

    Raises:  StorageError that names the file, what was expected and what to do.
    """
    expected = _expected(folder, names)
    for name in names:
        if expected and os.path.lexists(folder / name):
            found = digest(folder / name)
            if found == expected[name]:
                continue
            if _expected(folder, names) != expected:  # replaced while it was read
                return check_files(folder, names)
            raise StorageError(
                f"{folder / name} is not what was written: its SHA-256 must be "
                f"{expected[name][:16]}…; got {found[:16]}…. If it was changed on purpose, delete "
                f"{folder / CHECKSUMS}, and the folder is no longer checked; otherwise it is "
                "damaged: restore a copy of it."
            )


def _expected(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """The checksum of each of the files, or none at all."""
    path = folder / CHECKSUMS
    if not os.path.lexists(path):
        return {}
    try:
        payload = _SEAL.read(path)
        if payload.keys() == set(names) and all(isinstance(x, str) for x in payload.values()):
            return payload
        raise StorageError(f"{path} must hold the checksums of {' and '.join(names)}.")
    except StorageError as error:
        raise StorageError(
            f"{error} Restore a copy of it; or delete it, and the folder is no longer checked."
        ) from None
