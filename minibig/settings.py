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
from minibig.other_names import SETTINGS

_CHECKS: dict[type, Any] = {bool: checks.flag, int: checks.whole, float: checks.number}


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What is known of one setting besides its name, type and default."""

    meaning: str
    choices: tuple[Any, ...] | None = None
    bounds: dict[str, float] = field(default_factory=dict)


def setting(default: Any, meaning: str, *, choices: Any = None, **bounds: float) -> Any:
    """A field of a `Settings` class; `bounds` are those of `checks.number`: least, above, ..."""
    known = Declaration(meaning=meaning, choices=choices and tuple(choices), bounds=bounds)
    if isinstance(default, dict):  # each record has one of its own
        return field(default_factory=lambda: dict(default), metadata={"setting": known})
    return field(default=default, metadata={"setting": known})


def required(meaning: str, *, choices: Any = None, **bounds: float) -> Any:
    """A field of a `Settings` class that has no default."""
    return setting(MISSING, meaning, choices=choices, **bounds)


def group(kind: type["Settings"], **defaults: Any) -> Any:
    """A field that holds other settings: those of `kind`, with its defaults or with others."""
    return field(default_factory=lambda: kind.of(defaults))


class _ByName(type):
    """Makes records: a setting that lies in a group may be named alone, as in `Settings.of`.

    A metaclass, because names must be put into their groups before the `__init__` that @dataclass
    makes is called: that one knows the fields of its own class only.
    """

    if not typing.TYPE_CHECKING:  # a type checker knows the fields

        def __call__(cls, *args: Any, **values: Any) -> Any:
            known = fields_of(cls)
            in_order = [name for name, each in known.items() if not each.kw_only]
            if len(args) > len(in_order):
                first = next(iter(known), "name")
                raise InputError(
                    f"{cls.__name__} takes its settings by name, such as {first}=...; got "
                    f"{checks.shown(args[len(in_order)])} without one."
                )
            if any(name not in known or isinstance(values[name], Mapping) for name in values):
                values = _with_groups(cls, _put_into_groups(cls, values))
            _check_needed(cls, {*values, *in_order[: len(args)]})
            return super().__call__(*args, **values)


@dataclass(frozen=True, kw_only=True)
class Settings(metaclass=_ByName):
    """A record of settings. A value out of range, or of another type, is refused at once.

    Types of fields may be int, float, str, bool, Path, tuples such as tuple[float, float] or
    tuple[str, ...], dict[str, int] and the like, each of them also `| None`, and other `Settings`.
    Whole numbers become floats where floats are meant.

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
            value = _checked(
                written(name), getattr(self, name), kind, declaration_of(type(self), name)
            )
            object.__setattr__(self, name, value)

    def to_json(self) -> dict[str, Any]:
        """The settings as plain numbers, texts, lists and dictionaries; `from_` is "from"."""
        return {written(name): _plain(getattr(self, name)) for name in types_of(type(self))}

    def flat(self) -> dict[str, Any]:
        """name -> value of every single setting, also of those in groups."""
        found: dict[str, Any] = {}
        for name, path in places(type(self)).items():
            holder = self
            for group_name in path:
                holder = getattr(holder, group_name)
            found[name] = getattr(holder, name)
        return found

    def differing(self, other: Self) -> list[str]:
        """Names of the single settings that are not the same in another record."""
        names = []
        for name in types_of(type(self)):
            ours, theirs = getattr(self, name), getattr(other, name)
            if isinstance(ours, Settings):
                names += ours.differing(theirs)
            elif ours != theirs:
                names.append(name)
        return names

    def listed(self, names: typing.Iterable[str]) -> str:
        """Some of the single settings as a part of a sentence: "steps = 10, lr = 0.001"."""
        values = self.flat()
        return ", ".join(f"{written(name)} = {values[name]}" for name in names)

    def changed(self, values: Mapping[str, Any]) -> Self:
        """These settings with others in the place of those that a dictionary names.

        A setting that lies in a group may be named with its group or alone.

        Raises:  InputError for a name that is none of the settings, or a value that is refused.
        """
        new: dict[str, Any] = {}
        for name, value in _put_into_groups(type(self), values).items():
            held = getattr(self, name)
            inside = isinstance(held, Settings) and isinstance(value, Mapping)
            new[name] = held.changed(value) if inside else value
        return dataclasses.replace(self, **new)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The settings that a dictionary names, such as one that `to_json` made.

        Raises:  InputError for a name that is none of the settings, or a value that is refused.
        """
        return cls(**_with_groups(cls, _put_into_groups(cls, values)))


def written(name: str) -> str:
    """The name of a setting as a user writes it: `from_`, a keyword of Python, is "from"."""
    return name.rstrip("_")


def unknown(what: str, name: Any, known: typing.Iterable[str]) -> InputError:
    """The error for a name that is not known, with the one that means the same, or the nearest."""
    known = list(known)
    ours = our_name(str(name))
    hint = checks.hint(ours if ours in known else str(name), known, most=100)
    return InputError(f"{what} has no setting {checks.shown(name)}; {hint}")


def our_name(name: str) -> str:
    """What the setting is called here that others call `name`; any other name stays.

    >>> our_name("learning_rate"), our_name("lr")
    ('lr', 'lr')
    """
    return SETTINGS.get(name, name)


def types_of(kind: type[Any]) -> dict[str, Any]:
    """name -> type, in the order of declaration."""
    hints = typing.get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


def fields_of(kind: type[Any]) -> dict[str, "dataclasses.Field[Any]"]:
    """name -> dataclass field."""
    return {f.name: f for f in fields(kind)}


def declaration_of(kind: type[Settings], name: str) -> Declaration:
    """What is declared of a setting; nothing but its type for a field made otherwise."""
    found: Declaration = fields_of(kind)[name].metadata.get("setting") or Declaration(meaning="")
    return found


def optional(kind: Any) -> tuple[Any, bool]:
    """A type without `| None`, and whether None was allowed."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        inner = [k for k in typing.get_args(kind) if k is not type(None)]
        return (inner[0] if len(inner) == 1 else kind), True
    return kind, False


def places(kind: type[Settings]) -> dict[str, tuple[str, ...]]:
    """name of every single setting -> the groups it lies in, from the outside to the inside.

    Of two with one name the first counts, and one that lies in no group before all others.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, inner in types_of(kind).items():
        if not _is_settings(inner):
            found[name] = ()
            continue
        for below, path in places(inner).items():
            found.setdefault(below, (name, *path))
    return found


def holder_of(kind: type[Settings], name: str) -> type[Settings]:
    """The class in which a single setting is declared: the outer one, or that of a group."""
    for group_name in places(kind)[name]:
        kind = types_of(kind)[group_name]
    return kind


def defaults(kind: type[Settings]) -> dict[str, Any]:
    """name -> default of every single setting, also of those in groups; MISSING if it has none."""
    found: dict[str, Any] = dict.fromkeys(places(kind), MISSING)
    for name, known in reversed(fields_of(kind).items()):
        if known.default_factory is not MISSING:
            made = known.default_factory()
            found |= made.flat() if isinstance(made, Settings) else {name: made}
    own = {name: known.default for name, known in fields_of(kind).items() if name in found}
    return found | {name: value for name, value in own.items() if value is not MISSING}


def _put_into_groups(kind: type[Settings], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by the fields of a class: those named alone are put into their groups."""
    if not isinstance(values, Mapping):
        raise checks.refusal(kind.__name__, "settings by name", values)
    kinds, known = types_of(kind), places(kind)
    values = _by_field(values, {*kinds, *known})
    given = {name: value for name, value in values.items() if name in kinds}
    for name, value in values.items():
        if name in kinds:
            continue
        if name not in known:
            raise unknown(kind.__name__, name, kinds | known)
        outermost = known[name][0]
        held = given.get(outermost, {})
        if isinstance(held, Settings):
            given[outermost] = held.changed({name: value})
        else:
            given[outermost] = {**held, name: value}
    return given


def _by_field(values: Mapping[str, Any], fields: typing.Container[str]) -> dict[str, Any]:
    """The values by the names of fields: "from" is that of `from_`."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        known = f"{name}_" if name not in fields and f"{name}_" in fields else name
        if known in found:
            raise InputError(f"{written(known)} is given twice: as {name} and with another name.")
        found[known] = value
    return found


def _with_groups(cls: type[Settings], given: dict[str, Any]) -> dict[str, Any]:
    """The same with records in the place of groups that are given by name."""
    for name, kind in types_of(cls).items():
        if isinstance(given.get(name), Mapping) and _is_settings(kind):
            factory: Any = fields_of(cls)[name].default_factory
            inside = given[name]
            given[name] = kind.of(inside) if factory is MISSING else factory().changed(inside)
    return given


def _check_needed(cls: type[Any], given: typing.Container[str]) -> None:
    """Refuse a record without a setting that has no default."""
    needed = [
        name
        for name, known in fields_of(cls).items()
        if known.default is MISSING and known.default_factory is MISSING and name not in given
    ]
    if needed:
        raise InputError(f"{cls.__name__} needs {', '.join(needed)}.")


def _is_settings(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Settings)


def _plain(value: Any) -> Any:
    if isinstance(value, Settings):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return str(value) if isinstance(value, Path) else value


def _checked(name: str, value: Any, kind: Any, known: Declaration) -> Any:
    """The value in its type, or InputError."""
    kind, may_be_none = optional(kind)
    if value is None and may_be_none:
        return None
    if known.choices is not None:
        return checks.one_of(name, value, known.choices)
    if kind in _CHECKS:
        return _CHECKS[kind](name, value, **known.bounds)
    if kind is str:
        return checks.text(name, value, empty=True)
    if kind is Path:
        return checks.path(
            name, checks.text(name, str(value) if isinstance(value, Path) else value)
        )
    if typing.get_origin(kind) is tuple:
        return _checked_tuple(name, value, typing.get_args(kind), known)
    if typing.get_origin(kind) is dict:
        held, inner = checks.instance(name, value, dict), typing.get_args(kind)[1]
        return {key: _checked_item(f"{name}: {key}", held[key], inner, known) for key in held}
    return value if kind is Any else checks.instance(name, value, kind)


def _checked_item(name: str, value: Any, kind: Any, known: Declaration) -> Any:
    """The same for what lies in a tuple or a dictionary, where records are not made yet."""
    if _is_settings(kind) and isinstance(value, Mapping):
        return kind.of(value)
    return _checked(name, value, kind, known)


def _checked_tuple(name: str, value: Any, kinds: tuple[Any, ...], known: Declaration) -> Any:
    if not isinstance(value, tuple | list):
        raise checks.refusal(name, "several values", value)
    if kinds[-1] is Ellipsis:
        return tuple(_checked_item(name, v, kinds[0], known) for v in value)
    if len(value) != len(kinds):
        raise checks.refusal(name, f"{len(kinds)} values", value)
    return tuple(_checked(name, v, k, known) for v, k in zip(value, kinds, strict=True))
