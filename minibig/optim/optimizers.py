"""Optimizers: they walk over parameters and apply an update rule of `ops/updates.py`.

An optimizer knows no formula. It keeps what the formula needs between steps (velocities, moments,
the number of updates of each parameter) and writes the result through `Parameter.assign`. The
learning rate `lr` is one number for all parameters, to be set anew before each step; every other
setting may differ from one group of parameters to the next. Gradients are taken as they are:
whoever calls `step` has looked at the loss and at the gradient norm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar

from minibig.autograd import Tensor, no_grad
from minibig.backend import Shape, namespace, to_device
from minibig.backend.checks import number
from minibig.ops.updates import adam_update, adamw_update, sgd_update
from minibig.optim.parameter_groups import ParameterGroup, as_groups, checked_settings
from minibig.optim.saved_states import check_fits, with_names

_SMALL = 4096  # numbers in a parameter that is updated together with others

OTHER_NAMES = {
    "add_param_group": "a new optimizer with all groups, and its load_state_dict",
    "defaults": "group.settings of each group in optimizer.groups",
    "param_groups": "optimizer.groups, and optimizer.lr for the learning rate of all parameters",
    "state": "optimizer.state_dict()",
}
"""What PyTorch calls things of an optimizer, and our way to do them."""


@dataclass
class _State:
    """What is kept of one parameter: the updates it had, and the arrays of the rule."""

    t: int = 0
    arrays: list[Tensor] = field(default_factory=list)


class Optimizer:
    """What all optimizers share: groups of parameters, the learning rate, the state of the rule.

    A rule of your own is a subclass with the names of its state arrays and a method `update`. One
    that treats each number apart says `elementwise = True`: then small parameters share a call, as
    one vector. One whose state has other shapes than the parameters has a method `state_shapes`.

    The parameters come as a list, with names as `model.named_parameters()` gives them, or as a list
    of groups: dictionaries with "parameters" and the settings in which a group differs, such as
    {"parameters": [...], "weight_decay": 0.0}.

    Raises:  InputError for no parameter, the same one twice, what is no parameter, or a setting
             out of range.

    >>> import numpy as np
    >>> from minibig.nn import Parameter
    >>> class SignDescent(Optimizer):
    ...     def update(self, p, g, *, t):
    ...         return (p - self.lr * (g / abs(g)),)
    >>> p = Parameter(np.array([1.0, 2.0]))
    >>> (p * p).sum().backward()
    >>> SignDescent([p], lr=0.25).step()
    >>> p.tolist()
    [0.75, 1.75]
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    elementwise: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        """A rule that replaces another's `update` has to say anew that it is elementwise."""
        if "update" in vars(cls) and "elementwise" not in vars(cls):
            cls.elementwise = False

    def __init__(self, parameters: Iterable[Any], lr: float, **settings: Any) -> None:
        self.lr = lr
        self.groups = as_groups(parameters, settings)
        self._states = {name: _State() for group in self.groups for name in group.names}

    if not TYPE_CHECKING:  # a type checker knows what there is

        def __getattr__(self, name: str) -> Any:
            """The error for an attribute that is not here, with our way to do what it does."""
            advice = f" Use {OTHER_NAMES[name]}." if name in OTHER_NAMES else ""
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.{advice}")

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr = number("lr", value, 0)

    @property
    def parameters(self) -> list[Any]:
        """All parameters, group after group."""
        return [p for group in self.groups for p in group.parameters]

    @no_grad()
    def step(self) -> None:
        """Update every learned parameter that has a gradient; the others stay as they are."""
        for group, together in self._calls():
            parameters, states = zip(*together, strict=True)
            rows = [(p, p.grad, *state.arrays) for p, state in together]
            t = states[0].t + 1
            new = self.update(*map(_joined, zip(*rows, strict=True)), t=t, **group.settings)
            columns = [_apart(x, parameters) for x in new]
            for p, state, value, *arrays in zip(parameters, states, *columns, strict=True):
                p.assign(value)
                state.t, state.arrays = t, arrays

    def update(self, *inputs: Any, **settings: Any) -> Any:
        """The rule: `update(p, g, *state, t=..., **settings)` gives a tuple (p, *state).

        p is a parameter, g its gradient, t the number of this update of p, from 1 on.
        """
        raise NotImplementedError

    def state_shapes(self, p: Any, settings: dict[str, Any]) -> dict[str, Shape]:
        """The names and shapes of the arrays that the rule keeps for p; they are 0 at first."""
        return dict.fromkeys(self.state_names, p.shape)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on to the bit: "arrays" by name, the rest fit for JSON.

        The arrays are called by the state and the parameter, such as "m.blocks.0.attention.qkv.
        weight", and are copies, so that later steps do not change them.
        """
        arrays = {}
        for name, parameter, group in self._walk():
            kept = self.state_shapes(parameter, group.settings)
            for key, array in zip(kept, self._states[name].arrays, strict=False):
                arrays[f"{key}.{name}"] = array.data.copy()
        return {
            "kind": type(self).__name__,
            "lr": self.lr,
            "groups": [group.described() for group in self.groups],
            "steps": {name: state.t for name, state in self._states.items()},
            "arrays": arrays,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a state, learning rate and settings included.

        What belongs to a parameter is found by its name; a parameter that the state does not know
        begins anew. States of older versions went by the order of the parameters.

        Raises:  InputError that lists all that does not fit, if the state is another optimizer's
                 or other parameters'; nothing is changed then.
        """
        state = with_names(state, self.groups)
        check_fits(state, type(self).__name__, self.groups, self.state_shapes)
        saved = {name: group["settings"] for group in state["groups"] for name in group["names"]}
        settings = [
            next((checked_settings(saved[n]) for n in group.names if n in saved), group.settings)
            for group in self.groups
        ]
        self.lr = state["lr"]
        for group, own in zip(self.groups, settings, strict=True):
            group.settings = own
        for name, parameter, group in self._walk():
            t = state["steps"].get(name, 0)
            kept = self.state_shapes(parameter, group.settings) if t else ()
            found = [to_device(state["arrays"][f"{key}.{name}"], parameter.device) for key in kept]
            self._states[name] = _State(t, [Tensor(array.copy()) for array in found])

    def _walk(self) -> Iterable[tuple[str, Any, ParameterGroup]]:
        """Every parameter with its name and its group."""
        for group in self.groups:
            for name, parameter in zip(group.names, group.parameters, strict=True):
                yield name, parameter, group

    def _calls(self) -> Iterable[tuple[ParameterGroup, list[tuple[Any, _State]]]]:
        """What each call of `update` serves: one parameter, or small ones that may be joined.

        The call is what a parameter of a few numbers costs, not the work.
        """
        calls: dict[Any, tuple[ParameterGroup, list[tuple[Any, _State]]]] = {}
        for name, p, group in self._walk():
            if p.grad is None:  # as of a frozen one
                continue
            state = self._states[name]
            if state.t == 0:
                state.arrays = self._zeros(p, group)
            small = self.elementwise and p.size <= _SMALL
            key = (id(group), state.t, p.dtype, p.device) if small else name
            calls.setdefault(key, (group, []))[1].append((p, state))
        return calls.values()

    def _zeros(self, p: Any, group: ParameterGroup) -> list[Tensor]:
        zeros = namespace(p.data).zeros
        shapes = self.state_shapes(p, group.settings).values()
        return [Tensor(zeros(shape, p.dtype)) for shape in shapes]


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    """All numbers of several tensors as one vector; one tensor as it is."""
    if len(tensors) == 1:
        return tensors[0]
    arrays = [x.data.reshape(-1) for x in tensors]
    return Tensor(namespace(arrays[0]).concatenate(arrays))


def _apart(x: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """What was joined, in pieces of the shapes of `like`."""
    if len(like) == 1:
        return [x]
    ends = accumulate([each.size for each in like])
    pairs = zip(ends, like, strict=True)
    return [Tensor(x.data[end - p.size : end].reshape(p.shape)) for end, p in pairs]


class SGD(Optimizer):
    """Gradient descent with momentum: `ops.updates.sgd_update`.

    `momentum` μ in [0, 1) gives the step inertia; `nesterov` looks one step ahead.

    >>> import numpy as np
    >>> from minibig.nn import Parameter
    >>> p = Parameter(np.array([1.0, 2.0]))
    >>> optimizer = SGD([p], lr=0.25)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.tolist()
    [0.5, 1.0]
    """

    state_names, elementwise = ("u",), True

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            parameters, lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay
        )

    def update(self, p: Tensor, g: Tensor, u: Tensor, /, *, t: int, **settings: Any) -> Any:
        return sgd_update(p, g, u, lr=self.lr, **settings)


class Adam(Optimizer):
    """Steps measured by the moments of the gradient: `ops.updates.adam_update`.

    `betas` are the weights of the past in the first and second moment, `eps` keeps the quotient
    finite; `weight_decay` is added to the gradient (`AdamW` keeps it apart).
    """

    state_names, elementwise = ("m", "v"), True

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(
        self, p: Tensor, g: Tensor, m: Tensor, v: Tensor, /, *, t: int, **settings: Any
    ) -> Any:
        return adam_update(p, g, m, v, lr=self.lr, t=t, **settings)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: `ops.updates.adamw_update`.

    Give it `decay_groups(model, weight_decay)` and it decays matrices only.
    """

    elementwise = True

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def update(
        self, p: Tensor, g: Tensor, m: Tensor, v: Tensor, /, *, t: int, **settings: Any
    ) -> Any:
        return adamw_update(p, g, m, v, lr=self.lr, t=t, **settings)
