"""Optimizers: they walk over parameters and apply an update rule, as those of `ops/updates.py`.

An optimizer knows no formula. It keeps what the formula needs between steps (velocities, moments,
the number of updates of each parameter) and writes the result through `Parameter.assign`. The rate
`lr` is one number for all parameters, to be set anew before each step; every other setting may
differ from one group of parameters to the next. Gradients are taken as they are: whoever calls
`step` has looked at the loss and at the gradient norm.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from minibig.autograd import Tensor, no_grad
from minibig.backend import InputError, Shape, device_of, namespace, to_device
from minibig.ops.updates import adam_update, adamw_update, sgd_update
from minibig.optim.parameter_groups import as_groups, checked_settings, number

_SMALL = 4096  # numbers in a parameter that is updated together with others


class Optimizer:
    """What all optimizers share: groups of parameters, the rate `lr`, and the state of the rule.

    A rule of your own is a subclass with the names of its state arrays and a method `update`; one
    that treats each number apart says `elementwise = True`, and small parameters share a call; one
    whose state has other shapes than the parameters has a method `state_shapes`. The parameters
    come as a list, or as a list of groups: dictionaries with "parameters" and the settings in which
    a group differs, such as {"parameters": [...], "weight_decay": 0.0}.

    Raises:  InputError for no parameter, the same one twice, or a setting out of range;
             TypeError for what is no parameter.

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
        self.parameters = [p for group in self.groups for p in group.parameters]
        self._group_of = [group for group in self.groups for _ in group.parameters]
        self._steps = [0] * len(self.parameters)
        self._arrays: list[list[Any]] = [[] for _ in self.parameters]

    @property
    def lr(self) -> float:
        """The rate of the next step."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        if number("lr", value) < 0:
            raise InputError(f"lr must be 0 or more; got {value!r}.")
        self._lr = float(value)

    def state_shapes(self, p: Any, settings: dict[str, Any]) -> dict[str, Shape]:
        """The names and shapes of the arrays that the rule keeps for p; they are 0 at first."""
        return dict.fromkeys(self.state_names, p.shape)

    def update(self, *inputs: Any, **settings: Any) -> Any:
        """The rule: `update(p, g, *state, t=..., **settings)` gives a tuple (p, *state).

        p is a parameter, g its gradient, t the number of this update of p, from 1 on.
        """
        raise NotImplementedError

    def step(self) -> None:
        """Update every parameter that has a gradient; the others stay as they are."""
        for i, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                if not self._steps[i]:
                    zeros = namespace(parameter.data).zeros
                    shapes = self.state_shapes(parameter, self._group_of[i].settings).values()
                    self._arrays[i] = [zeros(shape, parameter.dtype) for shape in shapes]
                self._steps[i] += 1
        with no_grad():
            for settings, numbers in self._together():
                self._update(settings, numbers)

    def _together(self) -> list[tuple[dict[str, Any], list[int]]]:
        """Which parameters are updated in one call, with their settings.

        A parameter of a few numbers costs the call and not the work, so small ones join.
        """
        calls: dict[Any, tuple[dict[str, Any], list[int]]] = {}
        for i, (parameter, group) in enumerate(zip(self.parameters, self._group_of, strict=True)):
            if parameter.grad is None:
                continue
            key: Any = i
            if self.elementwise and parameter.size <= _SMALL:
                key = (id(group), self._steps[i], parameter.dtype, parameter.device)
            calls.setdefault(key, (group.settings, []))[1].append(i)
        return list(calls.values())

    def _update(self, settings: dict[str, Any], numbers: list[int]) -> None:
        """Update the parameters of these numbers, several of them as one vector."""
        parameters = [self.parameters[i] for i in numbers]
        columns = [
            [p.data for p in parameters],
            [p.grad.data for p in parameters],
            *zip(*[self._arrays[i] for i in numbers], strict=True),
        ]
        inputs = [arrays[0] if len(arrays) == 1 else _joined(arrays) for arrays in columns]
        t = self._steps[numbers[0]]
        new = [x.data for x in self.update(*map(Tensor, inputs), t=t, **settings)]
        start = 0
        for i, parameter in zip(numbers, parameters, strict=True):
            if len(numbers) > 1:
                stop = start + parameter.size
                p, *state = [x[start:stop].reshape(parameter.shape) for x in new]
                start = stop
            else:
                p, *state = new
            parameter.assign(p)
            self._arrays[i] = state

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on to the bit: "arrays" by name, the rest fit for JSON.

        The arrays are copies, so that later steps do not change them.
        """
        return {
            "kind": type(self).__name__,
            "lr": self.lr,
            "groups": [group.described() for group in self.groups],
            "steps": list(self._steps),
            "arrays": {
                name: array.copy()
                for i, arrays in enumerate(self._arrays)
                if arrays
                for name, array in zip(self._state(i), arrays, strict=True)
            },
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a state, rate and settings included.

        Raises:  InputError that lists all that does not fit, if the state is another optimizer's
                 or other parameters'; nothing is changed then.
        """
        problems = self._mismatches(state)
        if problems:
            raise InputError(
                f"this state does not fit the {type(self).__name__}: {'; '.join(problems)}. Build "
                "the optimizer from the same parameters, in the same groups, as when it was saved."
            )
        settings = [checked_settings(group["settings"]) for group in state["groups"]]
        self.lr = state["lr"]
        for group, saved in zip(self.groups, settings, strict=True):
            group.settings = saved
        self._steps = list(state["steps"])
        for i, parameter in enumerate(self.parameters):
            names = self._state(i) if self._steps[i] else {}
            device = device_of(parameter.data)
            self._arrays[i] = [to_device(state["arrays"][name], device).copy() for name in names]

    def _state(self, i: int, settings: dict[str, Any] | None = None) -> dict[str, Shape]:
        """The arrays of parameter number i by their names in a state, with their shapes."""
        parameter, own = self.parameters[i], settings or self._group_of[i].settings
        return {f"{name}.{i}": s for name, s in self.state_shapes(parameter, own).items()}

    def _mismatches(self, state: dict[str, Any]) -> list[str]:
        """What keeps a state from fitting; empty if it fits."""
        missing = [k for k in ("kind", "lr", "groups", "steps", "arrays") if k not in state]
        if missing:
            return [f"it has no {', '.join(map(repr, missing))}"]
        problems = []
        if state["kind"] != type(self).__name__:
            problems.append(f"it was saved by {state['kind']}")
        ours = [(len(group.parameters), sorted(group.settings)) for group in self.groups]
        saved = [(group["n_parameters"], sorted(group["settings"])) for group in state["groups"]]
        if saved != ours:
            problems.append(f"its groups (parameters, settings) are {saved}, not {ours}")
        if len(state["steps"]) != len(self.parameters):
            problems.append(f"it has {len(state['steps'])} parameters, not {len(self.parameters)}")
        elif saved == ours:
            problems += self._array_mismatches(state)
        return problems

    def _array_mismatches(self, state: dict[str, Any]) -> list[str]:
        """What is wrong with the arrays of a state, given its settings and numbers of updates."""
        arrays, groups = state["arrays"], state["groups"]
        settings = [group["settings"] for group in groups for _ in range(group["n_parameters"])]
        expected = {
            name: (shape, self.parameters[i].dtype)
            for i, steps in enumerate(state["steps"])
            if steps
            for name, shape in self._state(i, settings[i]).items()
        }
        problems = [f"{name} is missing" for name in expected if name not in arrays]
        problems += [f"{name} is not expected" for name in arrays if name not in expected]
        for name, (shape, dtype) in expected.items():
            if name in arrays and (arrays[name].shape, arrays[name].dtype) != (shape, dtype):
                problems.append(
                    f"{name} must be {dtype} of shape {shape}, not {arrays[name].dtype} of shape "
                    f"{arrays[name].shape}"
                )
        return problems


def _joined(arrays: Sequence[Any]) -> Any:
    """All numbers of the arrays as one vector."""
    return namespace(arrays[0]).concatenate([array.reshape(-1) for array in arrays])


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
        """`sgd_update`; the number of the step plays no part."""
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
        """`adam_update`."""
        return adam_update(p, g, m, v, lr=self.lr, t=t, **settings)


class AdamW(Optimizer):
    """Adam with weight decay apart from the gradient: `ops.updates.adamw_update`.

    Give it `decay_groups(model, weight_decay)` and it decays matrices only.
    """

    state_names, elementwise = ("m", "v"), True

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(
        self, p: Tensor, g: Tensor, m: Tensor, v: Tensor, /, *, t: int, **settings: Any
    ) -> Any:
        """`adamw_update`."""
        return adamw_update(p, g, m, v, lr=self.lr, t=t, **settings)
