"""Attention of 8 heads of 64 numbers, causal or not, in training and without gradients.

q, k and v are views of one projection, as in a model. PyTorch's side is its fused attention. The
limit is the products that no way of computing can do without: two forward and four backward, of
which causal ones need half.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.limits import Product, backward, products
from benchmarks.workload import Action, Limit, Side, Workload, minibig


@dataclass(frozen=True)
class Sizes:
    """How long, whether causal, and whether there is a backward pass; heads and their size."""

    T: int
    causal: bool
    training: bool
    H: int = 8
    K: int = 64

    def arrays(self) -> list[np.ndarray]:
        """q, k and v as views of a projection, and a gradient of the output: (1, H, T, K)."""
        x = np.random.default_rng(0).standard_normal((4, self.T, self.H, self.K), np.float32)
        projection = np.concatenate(list(x[:3]), axis=1)[None]  # (1, T, 3·H, K)
        return [part.swapaxes(1, 2) for part in (*np.split(projection, 3, axis=2), x[3:])]


def minibig_attention(sizes: Sizes) -> Action:
    """Attention with minibig."""
    import minibig as mb

    *inputs, g = [mb.tensor(x) for x in sizes.arrays()]
    if not sizes.training:
        return lambda: mb.attention(*inputs, causal=sizes.causal)
    for x in inputs:
        x.requires_grad = True

    def action() -> None:
        for x in inputs:
            x.grad = None
        mb.attention(*inputs, causal=sizes.causal).backward(g)

    return action


def torch_attention(sizes: Sizes) -> Action:
    """Attention with PyTorch."""
    import torch
    from torch.nn import functional

    *inputs, g = [torch.from_numpy(x) for x in sizes.arrays()]
    if not sizes.training:
        return lambda: functional.scaled_dot_product_attention(*inputs, is_causal=sizes.causal)
    for x in inputs:
        x.requires_grad_()

    def action() -> None:
        for x in inputs:
            x.grad = None
        functional.scaled_dot_product_attention(*inputs, is_causal=sizes.causal).backward(g)

    return action


def products_alone(sizes: Sizes, **_: Any) -> dict[str, Action]:
    """The matrix products; those of causal attention in the half of the keys that is seen."""
    T, H, K = sizes.T, sizes.H, sizes.K
    seen = (T + 1) // 2 if sizes.causal else T
    rows = min(T, 256)
    count = -(-T // rows)
    forward = [Product(rows, K, seen, H, count), Product(rows, seen, K, H, count)]
    return {"attention": products([*forward, *(backward(forward) if sizes.training else ())])}


def attention(sizes: Sizes, repeats: int, takes_long: bool) -> Workload:
    """The workload of one size."""
    mask = "causal" if sizes.causal else "full"
    passes = "forward and backward" if sizes.training else "forward"
    return Workload(
        name=f"attention-{sizes.T}-{mask}-{passes.split()[-1]}",
        what=f"{mask} attention of {sizes.T:,} tokens, {sizes.H} heads, {passes}",
        sides={**minibig(minibig_attention), "PyTorch": Side(torch_attention, ("torch",))},
        sizes={"sizes": sizes},
        quick={"sizes": Sizes(5, sizes.causal, sizes.training, H=2, K=4)},
        repeats=repeats,
        limit=Limit("its matrix products, by NumPy's BLAS", products_alone),
        takes_long=takes_long,
    )


WORKLOADS = [
    attention(
        Sizes(T, causal, training), max(3, 16384 // T), takes_long=(T, causal) != (2048, True)
    )
    for T in (512, 2048, 8192)
    for causal in (True, False)
    for training in (False, True)
]
