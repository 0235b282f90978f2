"""Modules that hold modules: a list that is found, and a chain."""

from collections.abc import Iterable, Iterator
from typing import Any, Self, SupportsIndex

from minibig.backend import InputError
from minibig.backend.checks import shown
from minibig.nn.module import Module


class ModuleList(Module):
    """A list of modules, whose names are their numbers.

    >>> from minibig.nn.linear import Linear
    >>> layers = ModuleList(Linear(2, 2, bias=False) for _ in range(3))
    >>> len(layers), [name for name, _ in layers.named_parameters()]
    (3, ['0.weight', '1.weight', '2.weight'])
    >>> len(layers[1:]), layers[-1] is layers[2]
    (2, True)
    """

    def __init__(self, modules: Iterable[Module] = ()):
        self.extend(modules)

    def append(self, module: Module) -> None:
        """Add a module at the end."""
        setattr(self, str(len(self)), self._checked(module))

    def extend(self, modules: Iterable[Module]) -> None:
        """Add modules at the end."""
        for number, module in enumerate(modules, len(self)):
            setattr(self, str(number), self._checked(module))

    def insert(self, index: SupportsIndex, module: Module) -> None:
        """Add a module before number `index`; the numbers of those behind it grow by one."""
        modules = list(self)
        modules.insert(index, self._checked(module))
        self._renumber(modules)

    def _renumber(self, modules: list[Module]) -> None:
        """Hold these modules, and no others."""
        for number in range(len(self)):
            delattr(self, str(number))
        self.extend(modules)
        if self.path is not None:
            self._give_paths(self.path)

    def _checked(self, module: Any) -> Module:
        if not isinstance(module, Module):
            got = shown(module) if isinstance(module, type) else type(module).__name__
            advice = ""
            if isinstance(module, list | tuple):
                advice = " Drop the brackets."
            elif isinstance(module, type):
                advice = f" Make one: {module.__name__}(...)."
            elif callable(module):
                advice = " A function becomes a layer by nn.Activation(function)."
            raise InputError(f"{type(self).__name__} holds modules; got {got}.{advice}")
        return module

    def __len__(self) -> int:
        return sum(name.isdecimal() for name, _ in self.named_children())

    def __iter__(self) -> Iterator[Any]:
        return (module for name, module in self.named_children() if name.isdecimal())

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        """The module with a number, or a list of the same kind with those of a slice."""
        modules = list(self)
        return self._of(modules[index]) if isinstance(index, slice) else modules[index]

    def __setitem__(self, index: SupportsIndex, module: Module) -> None:
        """Put a module in the place of another."""
        number = range(len(self))[index]
        setattr(self, str(number), self._checked(module))

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        """Drop modules; the numbers of those behind them become smaller."""
        modules = list(self)
        del modules[index]
        self._renumber(modules)

    def _of(self, modules: list[Module]) -> Self:
        """A list of the same kind with other modules."""
        return type(self)(modules)


class Sequential(ModuleList):
    """Modules one after the other: the output of each is the input of the next.

    >>> from minibig.nn.linear import Linear
    >>> Sequential(Linear(2, 8), Linear(8, 1))(mb.tensor([[1.0, 2.0]])).shape
    (1, 1)
    """

    def __init__(self, *modules: Module):
        super().__init__(modules)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x

    def _of(self, modules: list[Module]) -> Self:
        return type(self)(*modules)
