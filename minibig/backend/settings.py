"""Settings: frozen dataclasses whose fields say what they mean and what they may be.

    @dataclass(frozen=True, kw_only=True)
    class Sampling(Settings):
        temperature: float = setting(1.0, "0 takes the likeliest token each time", least=0)

A setting is declared once, with its type, default, meaning and bounds. From the declaration come
the check of a value, the options of a command, configuration files, presets, `run.json` and the
tables of a report.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from minibig.backend import checks
from minibig.backend.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What is known of one setting besides its name, type and default."""

    meaning: str
    choices: tuple[Any, ...] | None = None
    bounds: dict[str, float] = field(default_factory=dict)


def setting(
    default: Any, meaning: str, *, choices: Any = None, **bounds: float
) -> Any:
    """A field of a `Settings` class; `bounds` are those of `checks.number`: least, above, ..."""
    known = Declaration(meaning=meaning, choices=choices and tuple(choices), bounds=bounds)
    return field(default=default, metadata={"setting": known})


def required(meaning: str, *, choices: Any = None, **bounds: float) -> Any:
    """A field of a `Settings` class that has no default."""
    return setting(MISSING, meaning, choices=choices, **bounds)


def group(kind: type["Settings"]) -> Any:
    """A field that holds other settings: those of `kind`, with the defaults of `kind`."""
    return field(default_factory=kind)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A record of settings. A value out of range, or of another type, is refused at once.

    Types of fields may be int, float, str, bool, Path, tuple[float, ...] of a fixed length, each
    of them also `| None`, and other `Settings`. Whole numbers become floats where floats are meant.

    >>> @dataclass(frozen=True, kw_only=True)
    ... class Walk(Settings):
    ...     steps: int = setting(10, "how far", least=1)
    >>> Walk(steps=0)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: steps must be a whole number of at least 1; got 0.
    >>> Walk.of({"step": 3})
    Traceback (most recent call last):
    minibig.backend.errors.InputError: Walk has no setting 'step'; did you mean steps?
    """

    def __post_init__(self) -> None:
        for name, kind in types_of(type(self)).items():
            value = _checked(name, getattr(self, name), kind, declaration(type(self), name))
            object.__setattr__(self, name, value)

    def to_json(self) -> dict[str, Any]:
        """The settings as plain numbers, texts, lists and dictionaries."""
        return {name: _plain(getattr(self, name)) for name in types_of(type(self))}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The settings that a dictionary names, such as one that `to_json` made.

        Raises:  InputError for a name that is none of the settings, or a value that is refused.
        """
        kinds = types_of(cls)
        for name in values:
            if name not in kinds:
                raise unknown(cls.__name__, name, kinds)
        needed = [n for n in kinds if declared(cls)[n].default is MISSING
                  and declared(cls)[n].default_factory is MISSING and n not in values]
        if needed:
            raise InputError(f"{cls.__name__} needs {', '.join(needed)}.")
        given = dict(values)
        for name, kind in kinds.items():
            if name in given and isinstance(given[name], Mapping) and _is_settings(kind):
                given[name] = kind.of(given[name])
        return cls(**given)


def unknown(what: str, name: Any, known: typing.Iterable[str]) -> InputError:
    """The error for a name that is not known, with the nearest one that is."""
    import difflib  # for an error only

    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
    return InputError(f"{what} has no setting {checks.shown(name)}; {hint}")


def types_of(kind: type[Any]) -> dict[str, Any]:
    """name -> type, in the order of declaration."""
    hints = typing.get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


def declared(kind: type[Any]) -> dict[str, "dataclasses.Field[Any]"]:
    """name -> dataclass field."""
    return {f.name: f for f in fields(kind)}


def declaration(kind: type[Settings], name: str) -> Declaration:
    """What is declared of a setting; nothing but its type for a field made otherwise."""
    found: Declaration = declared(kind)[name].metadata.get("setting") or Declaration(meaning="")
    return found


def optional(kind: Any) -> tuple[Any, bool]:
    """A type without `| None`, and whether None was allowed."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        inner = [k for k in typing.get_args(kind) if k is not type(None)]
        return (inner[0] if len(inner) == 1 else kind), True
    return kind, False


def _is_settings(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Settings)


def _plain(value: Any) -> Any:
    if isinstance(value, Settings):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, Path) else value


def _checked(name: str, value: Any, kind: Any, known: Declaration) -> Any:
    """The value in its type, or InputError."""
    kind, may_be_none = optional(kind)
    if value is None and may_be_none:
        return None
    if known.choices is not None:
        return checks.one_of(name, value, known.choices)
    bounds: Any = known.bounds
    if kind is bool:
        return checks.flag(name, value)
    if kind is int:
        return checks.whole(name, value, **bounds)
    if kind is float:
        return checks.number(name, value, **bounds)
    if kind is str:
        return checks.text(name, value, empty=True)
    if kind is Path:
        return Path(checks.text(name, str(value) if isinstance(value, Path) else value))
    if typing.get_origin(kind) is tuple:
        return _checked_tuple(name, value, typing.get_args(kind), known)
    return checks.instance(name, value, kind)


def _checked_tuple(name: str, value: Any, kinds: tuple[Any, ...], known: Declaration) -> Any:
    if not isinstance(value, tuple | list) or len(value) != len(kinds):
        raise checks.refuse(name, f"{len(kinds)} values", value)
    return tuple(_checked(name, v, k, known) for v, k in zip(value, kinds, strict=True))
