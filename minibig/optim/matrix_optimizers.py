"""Optimizers that see a parameter as a matrix: Muon, and Adafactor, which saves memory."""

from collections.abc import Iterable
from typing import Any

from minibig.autograd import Tensor
from minibig.backend import Shape
from minibig.backend.checks import refusal
from minibig.nn import Embedding, LearnedPositions
from minibig.ops import adafactor_update, adamw_update, muon_update
from minibig.optim.optimizers import Optimizer
from minibig.optim.parameter_groups import named_group


class Muon(Optimizer):
    """Orthogonalized momentum for matrices, AdamW for all else: `muon_update`, `adamw_update`.

    The matrices are the parameters with two axes of the groups with `orthogonal`; `muon_groups`
    makes such groups. Learning rate and weight decay are those that AdamW would get; `betas` and
    `eps` are AdamW's. A matrix keeps one array of its size, half of what AdamW keeps.

    >>> from minibig.nn import Linear
    >>> optimizer = Muon(muon_groups(Linear(3, 2), weight_decay=0.1), lr=1e-3)
    >>> [(p.shape, optimizer.state_shapes(p, group.settings))
    ...  for group in optimizer.groups for p in group.parameters]
    [((3, 2), {'m': (3, 2)}), ((2,), {'m': (2,), 'v': (2,)})]
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
        orthogonal: bool = True,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            momentum=momentum,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            orthogonal=orthogonal,
        )

    def state_shapes(self, p: Any, settings: dict[str, Any]) -> dict[str, Shape]:
        names = ["m"] if settings["orthogonal"] and len(p.shape) == 2 else ["m", "v"]
        return dict.fromkeys(names, p.shape)

    def update(
        self, p: Tensor, g: Tensor, m: Tensor, v: Any = None, /, *, t: int, **settings: Any
    ) -> Any:
        decay = settings["weight_decay"]
        if v is None:
            momentum = settings["momentum"]
            return muon_update(p, g, m, lr=self.lr, momentum=momentum, weight_decay=decay)
        betas, eps = settings["betas"], settings["eps"]
        return adamw_update(p, g, m, v, lr=self.lr, betas=betas, eps=eps, weight_decay=decay, t=t)


def muon_groups(
    module: Any, weight_decay: float, others: Iterable[Any] = ()
) -> list[dict[str, Any]]:
    """The parameters of a module in groups for `Muon`: hidden matrices, other matrices, vectors.

    The other matrices are those of embeddings and learned positions, whose rows are vectors apart,
    and `others`, such as an output layer that is not tied to the embedding: AdamW moves them.
    Vectors do not decay.

    Source:  Jordan et al. 2024, as `muon_update`.
    """
    if not hasattr(module, "named_parameters"):
        raise refusal("what muon_groups takes apart", "a module", module)
    modules = list(module.modules())
    tables = [m.weight for m in modules if isinstance(m, Embedding | LearnedPositions)]
    apart = {id(p) for p in (*tables, *others)}
    hidden: list[tuple[str, Any]] = []
    other: list[tuple[str, Any]] = []
    vectors: list[tuple[str, Any]] = []
    for name, p in module.named_parameters():
        kind = vectors if p.ndim < 2 else other if id(p) in apart else hidden
        kind.append((name, p))
    groups = [
        named_group(hidden, orthogonal=True, weight_decay=weight_decay),
        named_group(other, orthogonal=False, weight_decay=weight_decay),
        named_group(vectors, orthogonal=False, weight_decay=0.0),
    ]
    return [group for group in groups if group["parameters"]]


class Adafactor(Optimizer):
    """Adam's second moments from their row and column means, no first ones: `adafactor_update`.

    A weight (D, F) keeps D + F numbers where AdamW keeps 2·D·F. Steps are relative to the size of
    a parameter (its root mean square, at least `min_scale`), so `lr` is larger than AdamW's: 1e-2.
    `decay` is the exponent with which the memory grows; `clip` bounds the root mean square of a
    step before `lr`.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        decay: float = 0.8,
        eps: float = 1e-30,
        min_scale: float = 1e-3,
        clip: float = 1.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            decay=decay,
            eps=eps,
            min_scale=min_scale,
            clip=clip,
            weight_decay=weight_decay,
        )

    def state_shapes(self, p: Any, settings: dict[str, Any]) -> dict[str, Shape]:
        shape = tuple(p.shape)
        if len(shape) < 2 or 0 in shape:
            return {"r": shape}
        return {"r": shape[:-1], "c": (*shape[:-2], shape[-1])}

    def update(self, p: Tensor, g: Tensor, /, *state: Tensor, t: int, **settings: Any) -> Any:
        return adafactor_update(p, g, *state, lr=self.lr, t=t, **settings)
