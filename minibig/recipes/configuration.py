"""Configuration files: settings by name in JSON, or in TOML if the name ends in .toml."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from minibig.backend import InputError
from minibig.data import CORPORA
from minibig.files import StorageError, parse_json, read_text
from minibig.recipes.settings import TAKEN_FROM_START
from minibig.recipes.text import BPE_KINDS
from minibig.settings import Settings, places, types_of

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


def changed_by_file(settings: _S, path: Path | None, flags: Mapping[str, Any] | None = None) -> _S:
    """The settings, changed as a configuration file says, and then as flags do.

    Raises:  InputError as `changed` and `check_use` do; one of the file names it.
    """
    content = {} if path is None else read_configuration(path)
    try:
        settings = settings.changed(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    settings = settings.changed(flags or {})
    check_use({**content, **(flags or {})}, settings)
    return settings


def check_use(given: Mapping[str, Any], settings: Settings) -> None:
    """Refuse settings that were given and would do nothing beside the others."""
    for name, value in given.items():
        inner = getattr(settings, name, None)
        if isinstance(value, Mapping) and isinstance(inner, Settings):
            check_use(value, inner)
    names, values = _single_names(given, type(settings)), settings.flat()
    for useless, reason in _without_use(values):
        if idle := [name for name in useless if name in names]:
            is_are, them = ("is", "it") if len(idle) == 1 and idle != ["betas"] else ("are", "them")
            listed = " and ".join([*filter(None, [", ".join(idle[:-1])]), idle[-1]])
            raise InputError(
                f"{listed} {is_are} given, and would do nothing: {reason}. Leave {them} out."
            )


def _without_use(values: Mapping[str, Any]) -> Iterator[tuple[Sequence[str], str]]:
    """Names of settings that have no effect beside others, and why."""
    if values.get("from_") is not None:
        reason = f"a run that starts from {values['from_']} has its sizes and its tokenizer"
        yield TAKEN_FROM_START, f"{reason}; leave out --from to choose others"
    if values.get("tokenizer", "bpe") not in BPE_KINDS:
        kinds = ", ".join(BPE_KINDS)
        yield ("vocab_size",), f"only {kinds} learn it; the tokenizer is {values['tokenizer']}"
    if values.get("optimizer") == "adafactor":
        yield ("betas",), "they are of adamw and muon; adafactor has none"
    if values.get("on_divergence") == "stop":
        reason = "the run stops at a loss of NaN, unless on_divergence is roll_back"
        yield ("rollback_factor", "max_rollbacks"), reason
    if values.get("data") in CORPORA:
        yield ("errors",), f"all of the corpus {values['data']} is UTF-8"
    if values.get("prompt") == "":
        yield ("errors",), "there is no prompt that could hold such bytes"
    if values.get("temperature") == 0:
        reason = "at temperature 0 the likeliest token is always taken"
        yield ("seed", "top_k", "top_p", "n_sequences"), reason
    if values.get("sample_every") == 0:
        yield ("sample_prompt", "sample_length"), "sample_every = 0 is for no samples"


def _single_names(given: Mapping[str, Any], kind: type[Settings]) -> set[str]:
    """The single settings that are given, also those in groups, as `places` finds them."""
    names: set[str] = set()
    known, kinds = places(kind), types_of(kind)
    for name, value in given.items():
        if name in known:
            names.add(name)
        elif isinstance(value, Mapping) and name in kinds:
            inside = _single_names(value, kinds[name])
            names |= {inner for inner in inside if known[inner][:1] == (name,)}
    return names
