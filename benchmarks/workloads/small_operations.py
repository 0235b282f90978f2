"""The overhead of one small operation: a chain of them, recorded and differentiated."""

from typing import Any

import numpy as np

from benchmarks.workload import Action, Side, Workload


def chain(w: Any, operation: str, length: int) -> Action:
    """y = w + w + w ... (or the product), and its derivative."""

    def action() -> None:
        y = w
        for _ in range(length):
            y = y + w if operation == "sum" else y * w
        y.sum().backward()

    return action


def minibig_chain(**sizes: Any) -> Action:
    """The chain with minibig."""
    import minibig as mb

    return chain(mb.tensor(np.ones((4, 4), np.float32), requires_grad=True), **sizes)


def torch_chain(**sizes: Any) -> Action:
    """The chain with PyTorch eager."""
    import torch

    return chain(torch.ones((4, 4)).requires_grad_(), **sizes)


WORKLOADS = [
    Workload(
        name=f"{operation}-4x4",
        what=f"one recorded 4 x 4 {operation}, forward and backward",
        sides={
            "minibig": Side(minibig_chain, ("minibig",)),
            "PyTorch": Side(torch_chain, ("torch",)),
        },
        sizes={"operation": operation, "length": 2000},
        quick={"operation": operation, "length": 3},
        amount=lambda length, **_: length,
        warmup=2,
        repeats=9,
    )
    for operation in ("product", "sum")
]
