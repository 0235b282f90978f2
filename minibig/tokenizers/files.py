"""The files of a tokenizer: UTF-8 text and JSON, read with suspicion.

A tokenizer folder is recognised by its `tokenizer_settings.json`, whose "kind" names the tokenizer.
Files come from elsewhere, so whatever is wrong with one is an InputError that names the file.
"""

import json
import os
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any

from minibig.backend.errors import InputError

SETTINGS_FILE = "tokenizer_settings.json"


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, line ends as "\\n"."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} must be UTF-8 text; byte {error.start} is not. Is it another file?"
        ) from error


def read_json_object(path: Path) -> dict[str, Any]:
    """The one JSON object of a file, keys unique.

    Python's reader alone would keep the last of two equal keys, and give up on deep nesting with
    an error of its own.
    """
    text = read_text(path)
    try:
        content = json.loads(text, object_pairs_hook=_unique_keys)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno} is not JSON: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not usable JSON: {error}.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a JSON object; got {type(content).__name__}.")
    return content


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key!r} stands there twice")
        result[key] = value
    return result


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file with "\\n" line ends; an earlier file is replaced whole or not at all."""
    unfinished = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(unfinished, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def read_settings(folder: str | PathLike[str], kinds: tuple[str, ...]) -> dict[str, Any]:
    """The settings of the tokenizer in a folder, which must be of one of the kinds."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Give the folder a tokenizer was saved to.")
    path = folder / SETTINGS_FILE
    if not path.is_file():
        raise InputError(
            f"{folder} holds no tokenizer: {SETTINGS_FILE} is missing. Give a folder that save() "
            "wrote; read a bare vocab.json and merges.txt with ByteLevelBPE.from_files."
        )
    settings = read_json_object(path)
    if settings.get("kind") not in kinds:
        raise InputError(
            f'{path} must have "kind" {" or ".join(map(repr, kinds))}; '
            f"got {settings.get('kind')!r}. load_tokenizer(folder) reads every kind."
        )
    return settings


def write_settings(folder: str | PathLike[str], **settings: object) -> None:
    """Write the settings file of a tokenizer, its "kind" among the settings."""
    write_text(Path(folder) / SETTINGS_FILE, json.dumps(settings, indent=2) + "\n")
