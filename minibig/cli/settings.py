"""The settings of a run: one table that the flags, the configuration file and the presets share.

A setting comes from the first of these that gives it: a flag, the configuration file, the preset,
the default in this table. Every value is checked against its row, wherever it comes from; whether
the values fit together is asked by the parts that use them.
"""

import argparse
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.backend import InputError

Settings = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """One row: a name, what kind of value it takes, the smallest one, and what it means."""

    name: str
    kind: type
    default: Any
    meaning: str
    least: float = -math.inf

    @property
    def flag(self) -> str:
        """The flag that gives it.

        >>> Setting("n_layers", int, 4, "blocks").flag
        '--n-layers'
        """
        return "--" + self.name.replace("_", "-")


TABLE = (
    Setting(
        "data",
        str,
        None,
        "a text file, a folder, a glob, a column of a table (rows.jsonl:text, rows.csv:text), or "
        "the name of a corpus: stdlib",
    ),
    Setting("errors", str, "strict", "strict, or replace: what to do with bytes that are no UTF-8"),
    Setting("validation_fraction", float, 0.1, "the part of the text, at its end, kept aside"),
    Setting(
        "tokenizer", str, "bpe", "characters, bpe, bpe-han, bpe-dialogue, or a folder with one"
    ),
    Setting("vocab_size", int, 2000, "tokens that bpe may learn, bytes included", 1),
    Setting("context_length", int, 128, "tokens that the model sees at once", 1),
    Setting("n_layers", int, 4, "blocks", 1),
    Setting("n_heads", int, 4, "attention heads", 1),
    Setting("d_model", int, 128, "width", 1),
    Setting("dropout", float, 0.0, "share of the activations dropped while learning", 0),
    Setting("steps", int, 1000, "optimizer steps", 1),
    Setting("batch_size", int, 16, "sequences in a batch", 1),
    Setting("accumulation", int, 1, "batches in a step", 1),
    Setting("optimizer", str, "adamw", "adamw, muon (for hidden matrices), or adafactor"),
    Setting("lr", float, 1e-3, "the highest learning rate; 30 times that for adafactor", 0),
    Setting("min_lr", float, 0.0, "the learning rate at the end", 0),
    Setting("warmup_steps", int, 50, "steps until the highest learning rate", 0),
    Setting("schedule", str, "cosine", "cosine, linear, constant or inverse_square_root"),
    Setting("weight_decay", float, 0.1, "decay of matrices; a 30th of it for adafactor", 0),
    Setting("betas", list, [0.9, 0.99], "the decay rates of adamw's and muon's moments", 0),
    Setting("clip", float, 1.0, "the largest norm of a gradient; 0 for any", 0),
    Setting("seed", int, 0, "the seed of everything random", 0),
    Setting(
        "evaluate_every", int, 250, "steps between two looks at the validation loss; 0 for never", 0
    ),
    Setting("evaluate_batches", int, 50, "the most batches of one such look; 0 for all", 0),
    Setting("checkpoint_every", int, 250, "steps between two checkpoints; 0 for never", 0),
    Setting("keep_checkpoints", int, 2, "checkpoints that are kept", 1),
    Setting("on_divergence", str, "stop", "stop, or roll_back: what to do at a loss of NaN"),
    Setting("rollback_factor", float, 0.5, "what the learning rate is multiplied by then", 0),
    Setting("max_rollbacks", int, 3, "how often that may happen", 1),
    Setting("sample_every", int, 500, "steps between two samples; 0 for never", 0),
    Setting("sample_prompt", str, None, "what samples begin with (without it: a new line)"),
    Setting("sample_length", int, 100, "tokens of a sample", 1),
    Setting("device", str, None, "cpu, cuda, cuda:1 ... or auto (MINIBIG_DEVICE, or else cpu)"),
)
# Learning rates as multiples of AdamW's. A step of Adafactor is a part of the weight, and weights
# begin at about 0.02; of 10, 30 and about 50, tried with two presets, 30 learned well with both.
_RATES = {"adamw": 1, "muon": 1, "adafactor": 30}
BY_NAME = {setting.name: setting for setting in TABLE}
_KINDS = {int: "a whole number", float: "a number", str: "a text", list: "a pair of numbers"}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """A flag for every setting; one that is not given leaves no trace in the result."""
    group = parser.add_argument_group("settings")
    for setting in TABLE:
        default = setting.default
        shown = " ".join(map(str, default)) if isinstance(default, list) else default
        group.add_argument(
            setting.flag,
            dest=f"setting_{setting.name}",
            type=float if setting.kind is list else setting.kind,
            nargs=2 if setting.kind is list else None,
            default=argparse.SUPPRESS,
            metavar={int: "N", float: "X", str: "TEXT", list: "X"}[setting.kind],
            help=setting.meaning + (f" ({shown})" if shown is not None else ""),
        )


def given_flags(arguments: argparse.Namespace) -> Settings:
    """The settings among the arguments of a command."""
    prefix = "setting_"
    named = {key: value for key, value in vars(arguments).items() if key.startswith(prefix)}
    return {key.removeprefix(prefix): value for key, value in named.items()}


def merged(*layers: Mapping[str, Any]) -> Settings:
    """The defaults, overridden by each layer in turn, and checked.

    The rates of the layers before one that chooses another optimizer were not meant for it, and
    are changed into what it needs; weight_decay so that each step takes off as much as before.

    >>> settings = merged({"n_layers": 6, "lr": 0.01}, {"n_layers": 2})
    >>> settings["n_layers"], settings["lr"], settings["clip"]
    (2, 0.01, 1.0)
    """
    result = {setting.name: setting.default for setting in TABLE}
    for layer in layers:
        given = {name: checked(name, value) for name, value in layer.items()}
        if given.get("optimizer", result["optimizer"]) != result["optimizer"]:
            _adapt_rates(result, given["optimizer"])
        result.update(given)
    return result


def _adapt_rates(settings: Settings, optimizer: str) -> None:
    """Change the rates that were meant for another optimizer into those of this one."""
    factor = _RATES.get(optimizer, 1) / _RATES.get(settings["optimizer"], 1)
    for name, wanted in (("lr", factor), ("min_lr", factor), ("weight_decay", 1 / factor)):
        settings[name] = float(f"{wanted * settings[name]:.12g}")  # as people write such numbers


def check_use(given: Settings, settings: Settings) -> None:
    """Refuse a setting that was given and would do nothing.

    >>> check_use({"betas": [0.9, 0.95]}, {"optimizer": "adafactor"})
    Traceback (most recent call last):
    minibig.backend.errors.InputError: betas are of adamw and muon; adafactor has none. Leave them \
out, or choose another optimizer.
    """
    if "betas" in given and settings["optimizer"] == "adafactor":
        raise InputError(
            "betas are of adamw and muon; adafactor has none. Leave them out, or choose another "
            "optimizer."
        )


def read_configuration(path: str) -> Settings:
    """The settings in a file: JSON, or TOML if its name ends in .toml.

    Raises:  InputError if the file cannot be read, or names a setting that does not exist.
    """
    return _all_checked(path, _content(path))


def read_two_configurations(path: str, second: str) -> tuple[Settings, Settings]:
    """The settings in a file, and those in its table `second`, which are for another run.

    Raises:  InputError as `read_configuration` does.
    """
    content = _content(path)
    table = content.pop(second, {})
    if not isinstance(table, dict):
        raise InputError(f"{path}: {second} must be a table of settings; got {table!r}.")
    return _all_checked(path, content), _all_checked(f"{path}: {second}", table)


def _content(path: str) -> dict[str, Any]:
    import json
    import tomllib

    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        content = tomllib.loads(text) if path.endswith(".toml") else json.loads(text)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} must be UTF-8 text; byte {error.start} is not.") from error
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.endswith(".toml") else "JSON (TOML must end in .toml)"
        raise InputError(f"{path} is not {kind}: {error}.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold settings by name; got {type(content).__name__}.")
    return content


def _all_checked(source: str, content: dict[str, Any]) -> Settings:
    try:
        return {name: checked(name, value) for name, value in content.items()}
    except InputError as error:
        raise InputError(f"{source}: {error}") from error


def checked(name: str, value: Any) -> Any:
    """The value of a setting, if it is of the right kind and not too small.

    >>> checked("n_layer", 4)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: there is no setting n_layer; did you mean n_layers?
    """
    if name not in BY_NAME:
        near = difflib.get_close_matches(name.replace("-", "_"), BY_NAME, n=1, cutoff=0)
        raise InputError(f"there is no setting {name}; did you mean {near[0]}?")
    setting = BY_NAME[name]
    if setting.kind is list:
        values = list(value) if isinstance(value, list | tuple) and len(value) == 2 else [None]
        return [_number(setting, each) for each in values]
    if setting.kind is str:
        if not isinstance(value, str) or not value:
            raise InputError(f"{name} must be a text; got {value!r}.")
        return value
    return _number(setting, value)


def _number(setting: Setting, value: Any) -> int | float:
    whole = setting.kind is int
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise InputError(f"{setting.name} must be {_KINDS[setting.kind]}; got {value!r}.")
    if not math.isfinite(value) or value < setting.least:
        least = f" of at least {setting.least}" if setting.least > -math.inf else ""
        raise InputError(f"{setting.name} must be {_KINDS[setting.kind]}{least}; got {value}.")
    return value if whole else float(value)
