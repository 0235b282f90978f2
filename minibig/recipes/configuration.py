"""Configuration files: settings by name in JSON, or in TOML if the name ends in .toml."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from minibig.backend import InputError
from minibig.files import StorageError, parse_json, read_text
from minibig.settings import Settings

_S = TypeVar("_S", bound=Settings)
_LIMIT = 1_000_000  # bytes of a file


def read_configuration(path: Path) -> dict[str, Any]:
    """The settings in a file: JSON, or TOML if its name ends in .toml.

    Raises:  InputError if the file cannot be read, or holds something else.
    """
    text = read_text(path, _LIMIT).removeprefix("\ufeff")
    is_toml = path.suffix == ".toml"
    try:
        content = tomllib.loads(text) if is_toml else parse_json(text.encode())
    except (ValueError, RecursionError, StorageError) as error:
        kind = "TOML" if is_toml else "JSON (TOML must end in .toml)"
        raise InputError(f"{path} is not {kind}: {str(error).rstrip('.')}.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold settings by name; got {type(content).__name__}.")
    return content


def changed_by_file(settings: _S, path: Path | None) -> _S:
    """The settings, changed as a configuration file says; its mistakes are told with its name."""
    if path is None:
        return settings
    content = read_configuration(path)
    try:
        settings = settings.changed(content)
        check_use(content, settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return settings


def check_use(given: Mapping[str, Any], settings: Settings) -> None:
    """Refuse a setting that was given and would do nothing."""
    for name, value in given.items():
        inner = getattr(settings, name, None)
        if isinstance(value, Mapping) and isinstance(inner, Settings):
            check_use(value, inner)
    if "betas" in given and settings.flat().get("optimizer") == "adafactor":
        raise InputError(
            "betas are of adamw and muon; adafactor has none. Leave them out, or choose another "
            "optimizer."
        )
