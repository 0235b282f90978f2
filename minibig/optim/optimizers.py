"""Optimizers: they walk over parameters and apply an update rule of `ops/updates.py`.

An optimizer knows no formula. It keeps what the formula needs between steps (velocities, moments,
the number of updates of each parameter) and writes the result through `Parameter.assign`. The
learning rate `lr` is one number for all parameters, to be set anew before each step; every other
setting may differ from one group of parameters to the next. Gradients are taken as they are:
whoever calls `step` has looked at the loss and at the gradient norm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from minibig.autograd import Tensor, no_grad
from minibig.backend import Shape, namespace, to_device
from minibig.backend.checks import number
from minibig.ops.updates import adam_update, adamw_update, sgd_update
from minibig.optim.parameter_groups import ParameterGroup, as_groups, checked_settings
from minibig.optim.saved_states import check_fits, with_names

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
    whose state has other shapes than the parameters has a method `state_shapes`.

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

    def __init_subclass__(cls) -> None:
        """A rule that replaces another's `update` is called for each parameter by itself."""
        if "update" in vars(cls) and "update_each" not in vars(cls):
            cls.update_each = Optimizer.update_each  # type: ignore[method-assign]

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
        for group, t, members in self._calls():
            rows = [(p, g, *state.arrays) for p, g, state in members]
            new = self.update_each(rows, t=t, **group.settings)
            for (p, _, state), (value, *arrays) in zip(members, new, strict=True):
                p.assign(value)
                state.t, state.arrays = t, arrays

    def update(self, *inputs: Any, **settings: Any) -> Any:
        """The rule: `update(p, g, *state, t=..., **settings)` gives a tuple (p, *state).

        p is a parameter, g its gradient, t the number of this update of p, from 1 on.
        """
        raise NotImplementedError

    def update_each(self, rows: Sequence[Any], **settings: Any) -> Iterable[Any]:
        """`update` of each row (p, g, *state); the settings and t are the same for all."""
        return [self.update(*row, **settings) for row in rows]

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

    def _calls(self) -> Iterable[tuple[ParameterGroup, int, list[tuple[Any, Any, _State]]]]:
        """What can be updated together: a group, the number of the update, and (p, g, state)."""
        for group in self.groups:
            calls: dict[Any, list[tuple[Any, Any, _State]]] = {}
            for name, p in zip(group.names, group.parameters, strict=True):
                if (g := p.grad) is not None:  # as that of a frozen one is
                    state = self._states[name]
                    if state.t == 0:
                        state.arrays = self._zeros(p, group)
                    key = state.t + 1, p.dtype, type(p.data)
                    calls.setdefault(key, []).append((p, g, state))
            for (t, *_), members in calls.items():
                yield group, t, members

    def _zeros(self, p: Any, group: ParameterGroup) -> list[Tensor]:
        zeros = namespace(p.data).zeros
        shapes = self.state_shapes(p, group.settings).values()
        return [Tensor(zeros(shape, p.dtype)) for shape in shapes]


def _updated(rule: Any, rows: Sequence[Any], **settings: Any) -> list[Any]:
    """rule(*row, **settings) for every row; a kernel may take all rows at once, and in place."""
    kernel = rule.kernel_for(rows[0][0])
    arrays = [[x.data for x in row] for row in rows]
    if kernel is not None and kernel.for_each and kernel.for_each(arrays, **settings):
        return [(p, *state) for p, _, *state in rows]
    return [rule(*row, **settings) for row in rows]


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

    state_names = ("u",)

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

    def update_each(self, rows: Sequence[Any], t: int = 1, **settings: Any) -> Iterable[Any]:
        return _updated(sgd_update, rows, lr=self.lr, **settings)


class Adam(Optimizer):
    """Steps measured by the moments of the gradient: `ops.updates.adam_update`.

    `betas` are the weights of the past in the first and second moment, `eps` keeps the quotient
    finite; `weight_decay` is added to the gradient (`AdamW` keeps it apart).
    """

    state_names = ("m", "v")

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

    def update_each(self, rows: Sequence[Any], **settings: Any) -> Iterable[Any]:
        return _updated(adam_update, rows, lr=self.lr, **settings)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: `ops.updates.adamw_update`.

    Give it `decay_groups(model, weight_decay)` and it decays matrices only.
    """

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

    def update_each(self, rows: Sequence[Any], **settings: Any) -> Iterable[Any]:
        return _updated(adamw_update, rows, lr=self.lr, **settings)
