"""Module: the tree of layers and models, and what is learned in it.

A module is its attributes: parameters, buffers (constants that move and are saved with it) and
other modules, found by walking `vars(module)` in the order in which they were set. Nothing is
registered behind the scenes, and a subclass needs no `super().__init__()`. A plain list of modules
would be overlooked by such a walk, so it is refused: `ModuleList` is the list that is found.

The training flag and the device are set here; saving to files is not.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from minibig.autograd import Tensor
from minibig.autograd.state import state as engine
from minibig.backend import (
    Array,
    Device,
    InputError,
    checks,
    device,
    dtype_or_device,
    is_array,
    plain,
    to_device,
)
from minibig.nn.loading import arrays_of, expect_fit
from minibig.nn.other_names import unknown_attribute
from minibig.nn.parameter import Parameter
from minibig.nn.plain_collections import holds

Calls = list[tuple[tuple[Any, ...], Any]]  # (inputs, output) of each call of a module


class _Captures(threading.local):
    """What `captured` collects in this thread: for each use, the calls of modules by their id."""

    under_way: tuple[dict[int, Calls], ...] = ()


captures = _Captures()


class Module:
    """A layer or a model: a function with parameters. Subclasses define `forward`.

    >>> class Scale(Module):
    ...     def __init__(self, d):
    ...         self.weight = Parameter([1.0] * d)
    ...     def forward(self, x):
    ...         return x * self.weight
    >>> scale = Scale(2)
    >>> scale(mb.tensor([3.0, 4.0])), [name for name, _ in scale.named_parameters()]
    (tensor([3., 4.], from=mul), ['weight'])
    """

    training: bool = True
    path: str | None = None  # its name in the whole model, part of the keys of dropout

    def forward(self, *inputs: Any, **keywords: Any) -> Any:
        """The function itself."""
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, x).")

    def __call__(self, *inputs: Any, **keywords: Any) -> Any:
        """forward(...); a model that has no paths yet gives them first."""
        if self.path is None:
            self._give_paths("")
        output = self.forward(*inputs, **keywords)
        for calls in captures.under_way:
            if id(self) in calls:
                calls[id(self)].append(((*inputs, *keywords.values()), output))
        return output

    if not TYPE_CHECKING:  # a type checker knows what there is
        __getattr__ = unknown_attribute

    def __setattr__(self, name: str, value: Any) -> None:
        held = vars(self).get(name)
        if isinstance(held, Tensor | Module) and held is not value:
            self._expect_kind(name, held, value)
        if name == "path":
            raise InputError(
                "path is the name of a module in its model, which the model gives. Give the "
                "attribute another name."
            )
        if name == "training":
            value = checks.flag(name, value)
        if isinstance(value, Module) and any(self is module for module in value.modules()):
            raise InputError(
                f"{type(self).__name__}.{name} cannot be a module that holds this one: a model "
                "would hold itself."
            )
        object.__setattr__(self, name, value)
        if isinstance(value, Module) and value.path is None and self.path is not None:
            value._give_paths(join(self.path, name))

    def _expect_kind(self, name: str, held: "Tensor | Module", value: Any) -> None:
        """Raise if a value would take the place of what is found by its kind."""
        what = f"{type(self).__name__}.{name}"
        kept = isinstance(value, Parameter | Module) or value is None
        if isinstance(held, Parameter) and not kept:
            raise InputError(
                f"{what} is a parameter, and a plain {type(value).__name__} in its place would not "
                f"be learned. Change its values with {name}.assign(values), or replace it by "
                "nn.Parameter(values)."
            )
        if isinstance(held, Module) and (isinstance(value, Tensor) or is_array(value)):
            raise InputError(
                f"{what} is a module, and would be lost to the {type(value).__name__}. Choose "
                "another name."
            )
        constant = isinstance(value, Tensor) and not value.requires_grad
        if name in vars(self).get("_buffers", ()) and not constant:
            raise InputError(
                f"{what} is a buffer, and takes constant tensors only. Use assign_buffer, and "
                "x.detach() for the values of a result."
            )

    def _give_paths(self, path: str) -> None:
        """Let this module be called `path`, and all below it accordingly.

        Parts that another model has named keep their paths: so the stages of a pipeline, called
        by themselves, draw the dropout masks of the whole.
        """
        if self.path is not None:  # it was called by itself until now
            for name, module in self.named_modules(path):
                vars(module)["path"] = name
            return
        vars(self)["path"] = path
        for name, child in self.named_children():
            if not child.path:
                child._give_paths(join(path, name))

    def register_buffer(self, name: str, values: Tensor, persistent: bool = True) -> None:
        """Hold a constant tensor as the attribute `name`; it moves with the module.

        A table that can be computed again is not persistent: it is left out of `state_dict`.
        """
        if not isinstance(values, Tensor) or values.requires_grad:
            raise InputError(f"buffer {name} must be a constant tensor. Use Parameter to learn it.")
        self.__dict__.setdefault("_buffers", {})[name] = persistent
        setattr(self, name, values)

    def assign_buffer(self, name: str, values: Tensor | Array) -> None:
        """Give a buffer new values, such as a running mean; graphs keep those that they have used.

        Where `mb.checkpoint` computes a layer again, nothing happens: the first time has counted.

        Raises:  InputError if there is no such buffer, or for another shape or dtype.

        >>> counter = Module()
        >>> counter.register_buffer("n", mb.tensor([0.0]))
        >>> counter.assign_buffer("n", counter.n + 1)
        >>> counter.n
        tensor([1.])
        """
        if name not in vars(self).get("_buffers", ()):
            raise InputError(f"{type(self).__name__} has no buffer {name!r}. Use register_buffer.")
        old = getattr(self, name)
        new = values.data if isinstance(values, Tensor) else plain(values)
        if not is_array(new) or (new.shape, new.dtype) != (old.shape, old.dtype):
            raise InputError(
                f"buffer {name} holds {old.dtype} of shape {old.shape}; got "
                f"{getattr(new, 'dtype', type(values).__name__)} of shape {np.shape(new)}."
            )
        if not engine.recomputing:
            setattr(self, name, Tensor(to_device(new, old.device).copy()))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module and all below it, each once, with their dotted names; its own is `prefix`."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            stack.extend([(join(path, name), m) for name, m in module.named_children()][::-1])

    def modules(self) -> Iterator["Module"]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> list[tuple[str, "Module"]]:
        """The modules that are attributes of this one, with their names.

        Raises:  InputError for modules that are hidden in a plain list, tuple, set or dictionary.
        """
        children = []
        for name, value in vars(self).items():
            if isinstance(value, Module):
                children.append((name, value))
            elif holds(value, (Module, Parameter)):
                raise InputError(
                    f"{type(self).__name__}.{name} is a plain {type(value).__name__} of "
                    "modules or parameters, which would not be found. Use nn.ModuleList."
                )
        return children

    def children(self) -> Iterator["Module"]:
        """The modules that are attributes of this one."""
        return (module for _, module in self.named_children())

    def apply(self, change: Callable[["Module"], Any]) -> Self:
        """Call change(module) for all below this module, then for itself. Returns self.

        >>> names = []
        >>> _ = mb.nn.FeedForward(2, 3).apply(lambda module: names.append(type(module).__name__))
        >>> names
        ['Linear', 'Linear', 'FeedForward']
        """
        for child in self.children():
            child.apply(change)
        change(self)
        return self

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their dotted names; a shared one once, under its first name."""
        seen: set[int] = set()
        for path, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield join(path, name), value

    def parameters(self) -> Iterator[Parameter]:
        """All parameters, each once."""
        return (parameter for _, parameter in self.named_parameters())

    @property
    def n_parameters(self) -> int:
        """How many numbers all parameters hold together; shared ones are counted once."""
        return sum(parameter.size for parameter in self.parameters())

    @property
    def device(self) -> Device:
        """Where the first parameter or buffer lives; the default device if there is none."""
        for holder in chain(self.parameters(), self.buffers()):
            return holder.device
        return device()

    @device.setter
    def device(self, where: Any) -> None:
        raise InputError(
            "a module is where its parameters are: move it with module.to(device), or give the "
            "attribute another name."
        )

    def zero_grad(self) -> None:
        """Drop the gradients of all parameters."""
        for parameter in self.parameters():
            if parameter.requires_grad:
                parameter.grad = None

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their dotted names."""
        for path, module in self.named_modules():
            for name in vars(module).get("_buffers", ()):
                yield join(path, name), getattr(module, name)

    def buffers(self) -> Iterator[Tensor]:
        """All buffers."""
        return (buffer for _, buffer in self.named_buffers())

    def state_dict(self) -> dict[str, Tensor]:
        """The parameters and persistent buffers by name, as constants.

        They share the module's arrays, which the optimizer writes in place: copy what must outlive
        the next step.
        """
        return {name: holder.detach() for name, (holder, _) in self._state().items()}

    def _state(self) -> dict[str, tuple[Tensor, Any]]:
        """name -> (tensor, what to call to replace it): everything that `state_dict` holds."""
        held: dict[str, tuple[Tensor, Any]] = {
            name: (parameter, parameter.assign) for name, parameter in self.named_parameters()
        }
        for path, module in self.named_modules():
            for name, persistent in vars(module).get("_buffers", {}).items():
                if persistent:
                    setter = _buffer_setter(module, name)
                    held[join(path, name)] = (getattr(module, name), setter)
        return held

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the values of `state`, converted to this module's dtypes and device.

        Raises:  InputError that lists every missing, unexpected and mis-shaped name; then nothing
                 is changed.

        >>> from minibig.nn.linear import Linear
        >>> Linear(2, 3).load_state_dict({"weight": np.zeros((3, 2)), "scale": np.zeros(3)})
        Traceback (most recent call last):
        minibig.backend.errors.InputError: the state does not fit Linear. missing: bias; \
unexpected: scale; wrong: weight must have shape (2, 3), got (3, 2). Build the model with the \
configuration that the state was saved with; mb.load opens a folder with a model in any layout.
        """
        own, arrays = self._state(), arrays_of(state)
        expect_fit(type(self).__name__, {name: holder for name, (holder, _) in own.items()}, arrays)
        for name, (holder, replace) in own.items():
            replace(to_device(arrays[name].astype(holder.dtype, copy=False), holder.device))

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it into training (dropout is active). Returns self.

        Each module also gets its path: that of this module, then its name below it. A part of a
        model keeps the path that the whole has given it, and so its dropout masks.
        """
        mode = checks.flag("mode", mode)
        for path, module in self.named_modules(self.path or ""):
            vars(module).update(path=path, training=mode)
        return self

    def eval(self) -> Self:
        """Put this module and all below it into evaluation (no dropout). Returns self."""
        return self.train(False)

    def to(self, where: "str | Device | Any") -> Self:
        """Move everything to a device, or convert the floating-point numbers to a dtype.

        Gradients are dropped if anything changes. Returns self.

        >>> from minibig.nn.linear import Linear
        >>> Linear(2, 3).to("float64").weight.dtype
        dtype('float64')
        """
        dtype, target = dtype_or_device(where)
        if dtype is not None and dtype.kind != "f":
            raise InputError(f"a module is converted to a floating-point dtype; got {where!r}.")
        for parameter in self.parameters():
            parameter.move(dtype or parameter.dtype, target or parameter.device)
        for module in self.modules():
            for name in vars(module).get("_buffers", ()):
                array = getattr(module, name).data
                array = array.astype(dtype) if dtype and array.dtype.kind == "f" else array
                setattr(module, name, Tensor(to_device(array, target) if target else array))
        return self

    def summary(self) -> str:
        """A table of all modules that hold parameters, with shapes and counts, and the total.

        >>> from minibig.nn.linear import Linear
        >>> print(Linear(2, 3).summary())
        module  shapes                parameters
        Linear  weight 2 x 3, bias 3           9
        total                                  9
        """
        rows = [("module", "shapes", "parameters")]
        counted: set[int] = set()
        for path, module in self.named_modules():
            own = [(n, v) for n, v in vars(module).items() if isinstance(v, Parameter)]
            if not own:
                continue
            shapes = ", ".join(f"{n} {' x '.join(map(str, v.shape))}" for n, v in own)
            new = sum(v.size for _, v in own if id(v) not in counted)
            counted.update(id(v) for _, v in own)
            rows.append((path or type(module).__name__, shapes, f"{new:,}"))
        rows.append(("total", "", f"{self.n_parameters:,}"))
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(f"{a:{wide[0]}}  {b:{wide[1]}}  {c:>{wide[2]}}" for a, b, c in rows)

    def extra_repr(self) -> str:
        """What `repr` shows between the parentheses: the sizes and settings of the layer."""
        return ""

    def __repr__(self) -> str:
        name, children = type(self).__name__, self.named_children()
        if not children:
            return f"{name}({self.extra_repr()})"
        settings = [self.extra_repr()] if self.extra_repr() else []
        lines = [*settings, *(f"{n}: {m!r}".replace("\n", "\n  ") for n, m in children)]
        return f"{name}(\n  " + "\n  ".join(lines) + "\n)"


def join(path: str, name: str) -> str:
    """The dotted name of what is called `name` in the module `path`."""
    return f"{path}.{name}" if path else name


def is_fusible(layer: Module, kind: type[Module]) -> bool:
    """Whether a layer is just a `kind`, so that its formula may be computed within another's.

    A subclass or a replacement has a formula of its own; a layer that is being captured is called.
    """
    return type(layer) is kind and not any(id(layer) in calls for calls in captures.under_way)


def _buffer_setter(module: Module, name: str) -> Any:
    return lambda array: setattr(module, name, Tensor(array.copy()))
