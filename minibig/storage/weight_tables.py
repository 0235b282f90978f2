"""Weights as others store them: one table a family of models, read in both directions.

A row says what a tensor of ours is called, which tensors hold it in a published file, and how they
are laid out there:

    Weight("blocks.{i}.attention.qkv.{kind}",
           ("layer.{i}.query.{kind}", "layer.{i}.key.{kind}", "layer.{i}.value.{kind}"),
           JOINED_TRANSPOSED)

{kind} is weight or bias (where they are called gamma and beta, each has a row), every other letter
in braces a number. Our weights have shape (in, out); many published ones have (out, in), and hold
query, key and value apart.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minibig.backend import Array, checks
from minibig.files import StorageError
from minibig.nn import Module
from minibig.storage.tensor_files import TensorFile


class Transform(NamedTuple):
    """How the tensors of a file become one of ours, and how ours becomes n of theirs, as views."""

    to_ours: Callable[[Sequence[Array]], Array]
    to_theirs: Callable[[Array, int], Sequence[Array]]


def _parts(array: Array, n: int) -> list[Array]:
    """The array cut into n equal parts along its last axis."""
    size = array.shape[-1] // n
    return [array[..., i * size : (i + 1) * size] for i in range(n)]


SAME = Transform(lambda parts: parts[0], lambda array, n: [array])
TRANSPOSED = Transform(lambda parts: parts[0].T, lambda array, n: [array.T])
JOINED = Transform(lambda parts: np.concatenate(parts, axis=-1), _parts)
JOINED_TRANSPOSED = Transform(
    lambda parts: np.concatenate([part.T for part in parts], axis=-1),
    lambda array, n: [part.T for part in _parts(array, n)],
)


@dataclass(frozen=True)
class Weight:
    """A row: our name of a tensor, the names of theirs that hold it, and the transform between."""

    ours: str
    theirs: tuple[str, ...]
    transform: Transform = SAME


@dataclass(frozen=True)
class ConfigTable:
    """The fields of a published config.json: which are our sizes, and which we do not change.

    `sizes` has our name of a whole number -> theirs. `fixed` has what a published configuration may
    change and our model does not: a field -> (the usual value, others as good). The numbers
    `alike`, such as several dropouts, are one number here; each with its value where it is missing.

    >>> table = ConfigTable({"d_model": "hidden_size"}, {"hidden_act": ("gelu",)})
    >>> table.sizes_in({"hidden_size": 8})
    {'d_model': 8}
    >>> table.check({"hidden_act": "relu"}, "BERT")
    Traceback (most recent call last):
    minibig.files.durable.StorageError: config.json asks for what BERT does not have: \
hidden_act = 'relu' (expected 'gelu').
    """

    sizes: Mapping[str, str]
    fixed: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    alike: Mapping[str, float] = field(default_factory=dict)

    def sizes_in(self, fields: Mapping[str, Any]) -> dict[str, int]:
        """Our sizes, as the fields give them.

        Raises:  StorageError that names those that are no whole numbers.
        """
        unusable = [theirs for theirs in self.sizes.values() if type(fields.get(theirs)) is not int]
        if unusable:
            raise StorageError(f"config.json must give whole numbers for {', '.join(unusable)}.")
        return {ours: fields[theirs] for ours, theirs in self.sizes.items()}

    def check(self, fields: Mapping[str, Any], model: str, **more: tuple[Any, ...]) -> None:
        """Raise if fields ask for what a model does not have; `more` are fixed for these sizes.

        Raises:  StorageError that names them all.
        """
        strange = [
            f"{key} = {checks.shown(fields[key])} (expected {values[0]!r})"
            for key, values in {**self.fixed, **more}.items()
            if key in fields and fields[key] not in values
        ]
        given = [fields.get(key, default) for key, default in self.alike.items()]
        if any(type(each) not in (int, float) or each != given[0] for each in given):
            names = ", ".join(self.alike)
            strange.append(f"{names} = {checks.shown(given)} (expected one number)")
        if strange:
            raise StorageError(
                f"config.json asks for what {model} does not have: {'; '.join(strange)}."
            )

    def fields_of(self, config: Any) -> dict[str, Any]:
        """The fields for one of our configurations: its sizes, and what is fixed."""
        sizes = {theirs: getattr(config, ours) for ours, theirs in self.sizes.items()}
        return sizes | {key: values[0] for key, values in self.fixed.items()}


class Source(NamedTuple):
    """Where one tensor of a model comes from: names in a file, and the transform from there."""

    names: tuple[str, ...]
    transform: Transform


@dataclass(frozen=True)
class Family:
    """A family of published models: how its configuration and its weights are read and written.

    `config_from` makes our configuration from the fields of config.json, and `fields_of` these from
    our configuration. Some files lack the `prefix` of all names; tensors that are `ignored` are not
    weights; one that is `repeated` must be equal to another.
    """

    model_type: str
    model_class: type[Module]
    config_from: Callable[[dict[str, Any]], Any]
    fields_of: Callable[[Any], dict[str, Any]]
    weights: tuple[Weight, ...]
    prefix: str = ""
    ignored: tuple[str, ...] = ()
    repeated: Mapping[str, str] = field(default_factory=dict)

    def build(self, fields: dict[str, Any]) -> Module:
        """A model of the configuration that the fields of a config.json describe."""
        return self.model_class(self.config_from(fields))  # type: ignore[call-arg]

    def sources(self, names: Iterable[str]) -> dict[str, Source]:
        """Our name -> where that tensor stands in a file.

        Raises:  StorageError for a name that has no row.
        """
        return {name: self._source(name) for name in names}

    def theirs(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """Our tensors as those of a file, under its names."""
        result: dict[str, Array] = {}
        for name, (names, transform) in self.sources(tensors).items():
            parts = transform.to_theirs(tensors[name], len(names))
            result.update(zip(names, parts, strict=True))
        return result

    def names_in(self, file: TensorFile) -> dict[str, str]:
        """The name of a tensor in the table -> its name in the file, without what is no weight.

        Raises:  StorageError if a name is there in both styles, or a repeated tensor is not equal.
        """
        found: dict[str, str] = {}
        for name in file.entries:
            full = name if self._is_whole(name) else self.prefix + name
            if full in found:
                raise StorageError(f"{file.path} holds {full} with and without its prefix.")
            if not any(_pattern(each).fullmatch(full) for each in self.ignored):
                found[full] = name
        for name, same_as in self.repeated.items():
            if name in found:
                self._check_repeated(file, found.pop(name), found.get(same_as), same_as)
        return found

    def _is_whole(self, name: str) -> bool:
        """Whether a name of a file is one of the table as it is, and lacks no prefix."""
        if name in self.repeated or name.startswith(self.prefix):
            return True
        rows = (each for weight in self.weights for each in weight.theirs)
        return any(_pattern(each).fullmatch(name) for each in rows)

    def _check_repeated(self, file: TensorFile, name: str, other: str | None, full: str) -> None:
        if other is None or not np.array_equal(file.read(name), file.read(other)):
            raise StorageError(
                f"{name} is not {full} in {file.path}; {self.model_class.__name__} has one table "
                "for both."
            )

    def _source(self, name: str) -> Source:
        for weight in self.weights:
            if match := _pattern(weight.ours).fullmatch(name):
                theirs = tuple(each.format(**match.groupdict()) for each in weight.theirs)
                return Source(theirs, weight.transform)
        raise StorageError(f"{checks.shown(name)} has no row in the table of {self.model_type}.")


def _pattern(template: str) -> "re.Pattern[str]":
    r"""What a name of a row matches.

    >>> _pattern("h.{i}.ln.{kind}").fullmatch("h.12.ln.bias").groupdict()
    {'i': '12', 'kind': 'bias'}
    """
    parts = re.split(r"\{(\w+)\}", template)
    for i in range(len(parts)):
        inner = "weight|bias" if parts[i] == "kind" else r"\d+"
        parts[i] = f"(?P<{parts[i]}>{inner})" if i % 2 else re.escape(parts[i])
    return re.compile("".join(parts))
