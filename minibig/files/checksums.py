"""Checksums: a file is compared with what was written, so that no flipped bit passes unnoticed.

Two ways. A JSON file can hold its own SHA-256 (`CheckedJson`). Other files of a folder have theirs
in a JSON file beside them, which is of the first kind:

    minibig_checksums.json     of a model's config.json and model.safetensors, for example

A folder without checksums, from elsewhere or of an older minibig, is loaded unchecked.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.files.durable import StorageError, make_folder, new_file, remove_file
from minibig.files.reading import open_regular, read_file
from minibig.files.strict_json import MAX_JSON_BYTES, parse_json

CHECKSUMS = "minibig_checksums.json"


@dataclass(frozen=True)
class CheckedJson:
    """A kind of JSON file that holds its own checksum: its name, and the version of its format.

    Its bytes must be the very ones that `content` gives for what is in it. Older versions are read
    as well. The checksum is that of the payload; from version 4 on, of the version and the payload.

    >>> kind = CheckedJson("example", 1)
    >>> json.loads(kind.content({"a": 1}))["payload"]
    {'a': 1}
    """

    name: str
    version: int

    def content(self, payload: dict[str, Any]) -> bytes:
        """The one text that stands for a payload, with its checksum."""
        return self._content(payload, self.version)

    def read(self, path: Path) -> dict[str, Any]:
        """The payload of such a file, if every bit of the file is as it was written.

        Raises:  StorageError if one is not, or a newer version of minibig wrote the file.
        """
        data = read_file(path, MAX_JSON_BYTES)
        try:
            found = parse_json(data)
        except StorageError as error:
            raise StorageError(f"{path} is damaged: {error}.") from None
        if not isinstance(found, dict) or found.get("format") != self.name:
            raise StorageError(
                f'{path} must have "format" {self.name!r}; it is damaged or another file.'
            )
        version = found.get("version")
        if type(version) is not int or not 1 <= version <= self.version:
            readable = "1" if self.version == 1 else f"1 to {self.version}"
            raise StorageError(
                f"{path} has format version {version!r}, and this minibig reads {readable}. "
                "Upgrade minibig; or the file is damaged."
            )
        payload = found.get("payload")
        if not isinstance(payload, dict) or data != self._content(payload, version):
            raise StorageError(f"{path} is damaged: its bytes are not the ones that were written.")
        return payload

    def _content(self, payload: dict[str, Any], version: int) -> bytes:
        text = json.dumps(payload, indent=1, sort_keys=True, allow_nan=False)
        covered = f"{version}\n{text}" if version > 3 else text  # a flipped bit makes 3 a 2
        whole = {
            "format": self.name,
            "version": version,
            "sha256": hashlib.sha256(covered.encode()).hexdigest(),
            "payload": payload,
        }
        return json.dumps(whole, indent=1, sort_keys=True, allow_nan=False).encode() + b"\n"


_KIND = CheckedJson("minibig checksums", 1)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with open_regular(path) as (file, _):
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums_of(files: dict[str, Path]) -> bytes:
    """The content of a file of checksums, for files that will have these names.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a")
    ...     _ = path.write_bytes(b"abc")
    ...     print(json.loads(checksums_of({"b": path}))["payload"]["b"][:16])
    ba7816bf8f01cfea
    """
    return _KIND.content({name: digest(path) for name, path in files.items()})


def write_files(folder: Path, contents: Mapping[str, bytes], sums: str = CHECKSUMS) -> None:
    """Write small files that belong together into `folder`, and their checksums in `sums`.

    A process that is killed can leave some of the files new and others old, and then no checksums.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_files(Path(folder), {"a.txt": b"1", "b.txt": b"2"}, "sums.json")
    ...     check_files(Path(folder), ["a.txt", "b.txt"], "sums.json")
    ...     sorted(os.listdir(folder))
    ['a.txt', 'b.txt', 'sums.json']
    """
    make_folder(folder)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    with ExitStack() as stack:
        stack.enter_context(new_file(folder / sums)).write(_KIND.content(digests))
        for name, data in contents.items():
            stack.enter_context(new_file(folder / name)).write(data)
        remove_file(folder / sums)  # on leaving, the last file is replaced first, the sums last


def check_files(folder: Path, names: Sequence[str], sums: str = CHECKSUMS) -> None:
    """Refuse a folder of which a file is not what it was, if it has checksums.

    A file that is not there at all is left to those who look for it.

    Raises:  StorageError that names the file, what was expected and what to do.
    """
    expected = _expected(folder, names, sums)
    for name in expected:
        if not os.path.lexists(folder / name):
            continue
        found = digest(folder / name)
        if found == expected[name]:
            continue
        if _expected(folder, names, sums) != expected:  # replaced while it was read
            return check_files(folder, names, sums)
        raise StorageError(
            f"{folder / name} is not what was written: its SHA-256 must be "
            f"{expected[name][:16]}…; got {found[:16]}…. If it was changed on purpose, delete "
            f"{folder / sums}, and the folder is no longer checked; otherwise it is damaged: "
            "restore a copy of it."
        )


def _expected(folder: Path, names: Sequence[str], sums: str) -> dict[str, str]:
    """The checksum of each of the files, or none at all."""
    path = folder / sums
    try:
        payload = _KIND.read(path)
        if payload.keys() == set(names) and all(isinstance(x, str) for x in payload.values()):
            return payload
        raise StorageError(f"{path} must hold the checksums of {' and '.join(names)}.")
    except StorageError as error:
        # It was not there when it was read; a process that saves may have brought it since.
        if isinstance(error.__cause__, FileNotFoundError) and not os.path.islink(path):
            return {}
        raise StorageError(
            f"{error} Restore a copy of it; or delete it, and the folder is no longer checked."
        ) from None
