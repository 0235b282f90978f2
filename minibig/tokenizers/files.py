"""The files of a tokenizer: its settings, what belongs to them, and the checksums of all.

    tokenizer_settings.json    "kind" names the tokenizer; by this file a folder is recognised
    tokenizer_checksums.json   SHA-256 of every file, so that not one bit can flip unnoticed

A folder without checksums, of an older minibig or from elsewhere, is read unchecked. A folder keeps
the tokenizer that it has: another one is not saved over it.
"""

import json
import os
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from minibig.backend.checks import path, shown
from minibig.backend.errors import InputError
from minibig.files import StorageError, check_files, parse_json, read_file, read_json, write_files

SETTINGS_FILE = "tokenizer_settings.json"
CHECKSUMS_FILE = "tokenizer_checksums.json"
MOST_BYTES = 10_000_000  # of a file; the largest vocabularies in use take 6 MB


def read_settings(
    folder: str | PathLike[str], kinds: Sequence[str], files: Sequence[str] = ()
) -> dict[str, Any]:
    """The settings of the tokenizer in a folder, which must be of one of the kinds.

    `files` are the others that a tokenizer of this kind has; all of them are checked.

    Raises:  InputError if there is none of these kinds, or a file is not what was written.
    """
    folder = path("folder", folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Give the folder a tokenizer was saved to.")
    file = folder / SETTINGS_FILE
    if not os.path.lexists(file):
        raise InputError(
            f"{folder} holds no tokenizer: {SETTINGS_FILE} is missing. load_tokenizer(folder) "
            "knows where else to look; ByteLevelBPE.from_files reads other files."
        )
    settings: dict[str, Any] = read_json(file, MOST_BYTES, dict)
    if settings.get("kind") not in kinds:
        raise InputError(
            f'{file} must have "kind" {" or ".join(map(repr, kinds))}; '
            f"got {shown(settings.get('kind'))}. load_tokenizer(folder) reads every kind."
        )
    if len(kinds) == 1:
        for name in files:
            if os.path.lexists(folder / name):
                read_file(folder / name, MOST_BYTES)  # an endless one has no checksum
        check_files(folder, [SETTINGS_FILE, *files], CHECKSUMS_FILE)
    return settings


def write_tokenizer(
    folder: str | PathLike[str],
    settings: Mapping[str, object],
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Write the files of a tokenizer and their checksums into a folder.

    Raises:  InputError if there is another tokenizer in the folder, or one that would no longer be
             found: that of a run, or of the model in the folder.
    """
    folder = path("folder", folder)
    content = (json.dumps(settings, indent=2) + "\n").encode()
    contents = {SETTINGS_FILE: content, **(files or {})}
    for name, each in contents.items():
        _refuse_too_large(name, each)
    _refuse_another(folder, contents)
    if not _has_tokenizer(folder):
        for place in _hidden_by(folder):
            if _has_tokenizer(place):
                raise InputError(
                    f"{place} holds the tokenizer that {folder} was made with; one in {folder} "
                    "would be taken in its place. Choose another folder."
                )
    write_files(folder, contents, CHECKSUMS_FILE)


def _refuse_too_large(name: str, content: bytes) -> None:
    """Refuse to write what `load` would refuse to read."""
    try:
        if len(content) > MOST_BYTES:
            raise StorageError(f"it has {len(content):,} bytes, more than {MOST_BYTES:,}")
        if name.endswith(".json"):
            parse_json(content)
    except StorageError as error:
        raise InputError(f"this tokenizer is too large to be saved: of {name}, {error}.") from None


def _refuse_another(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Refuse to write over a file that holds something else."""
    for name, content in contents.items():
        file = folder / name
        if not os.path.lexists(file):
            continue
        try:
            same = read_file(file, MOST_BYTES) == content
        except StorageError:
            same = False
        if not same:
            raise InputError(
                f"{folder} holds another tokenizer already: its {name} differs. Choose another "
                "folder, or remove the old tokenizer first."
            )


def _hidden_by(folder: Path) -> list[Path]:
    """Where a tokenizer lies that is looked for after one in the folder itself."""
    beside = folder.absolute().parent / "tokenizer"
    is_model = (folder / "config.json").exists()
    return [folder / "tokenizer", *([beside] if is_model else [])]


def _has_tokenizer(folder: Path) -> bool:
    return os.path.lexists(folder / SETTINGS_FILE)
