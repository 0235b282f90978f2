"""One training step of a GPT: forward, backward, clipping by the global norm and AdamW, in float32.

Both sides draw initial weights of the same distribution and learn the same random tokens.
"""

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from benchmarks.limits import Product, backward, products
from benchmarks.workload import Action, Limit, Side, Workload, minibig

_TORCH = ("torch", "torch._dynamo")  # the second, 73 MB, is imported by its optimizers


@dataclass(frozen=True)
class Sizes:
    """The letters of the shapes: vocabulary, context, layers, heads, width, batch."""

    V: int
    T: int
    L: int
    H: int
    D: int
    B: int

    def __str__(self) -> str:
        names = ("vocabulary", "context", "layers", "heads", "width", "batch")
        L, H = f"{self.L} layers", f"{self.H} heads"
        V, T, D, B = (f"{names[i]} {astuple(self)[i]:,}" for i in (0, 1, 4, 5))
        return ", ".join((V, T, L, H, D, B))


def batch(sizes: Sizes) -> np.ndarray:
    """Random token ids of shape (B, T + 1)."""
    return np.random.default_rng(0).integers(0, sizes.V, (sizes.B, sizes.T + 1))


def minibig_step(sizes: Sizes, device: str = "cpu") -> Action:
    """A function that makes one training step with minibig."""
    import minibig as mb
    from minibig.optim import AdamW, clip_gradients, decay_groups

    config = mb.models.GPTConfig(
        vocab_size=sizes.V,
        context_length=sizes.T,
        n_layers=sizes.L,
        n_heads=sizes.H,
        d_model=sizes.D,
        dropout=0.0,
    )
    model = mb.models.GPT(config).to(device)
    optimizer = AdamW(decay_groups(model, 0.1), lr=1e-3, betas=(0.9, 0.99))
    ids = mb.tensor(batch(sizes), device=device)
    parameters = list(model.parameters())

    def step() -> float:
        loss = mb.cross_entropy(model(ids[:, :-1]), ids[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        clip_gradients(parameters, 1.0)
        optimizer.step()
        return loss.item()

    return step


def torch_gpt(sizes: Sizes, *, bias: bool = True, approximate: str = "tanh") -> Any:
    """The same model as a module of PyTorch; or without biases, and with the exact GELU."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            D = sizes.D
            self.norm1, self.norm2 = nn.LayerNorm(D, bias=bias), nn.LayerNorm(D, bias=bias)
            self.qkv, self.out = nn.Linear(D, 3 * D, bias), nn.Linear(D, D, bias)
            self.up, self.down = nn.Linear(D, 4 * D, bias), nn.Linear(4 * D, D, bias)

        def forward(self, x):
            B, T, D = x.shape
            q, k, v = self.qkv(self.norm1(x)).split(D, dim=2)
            q, k, v = (t.view(B, T, sizes.H, D // sizes.H).transpose(1, 2) for t in (q, k, v))
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(B, T, D))
            return x + self.down(functional.gelu(self.up(self.norm2(x)), approximate=approximate))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(sizes.V, sizes.D)
            self.positions = nn.Embedding(sizes.T, sizes.D)
            self.blocks = nn.ModuleList([Block() for _ in range(sizes.L)])
            self.norm = nn.LayerNorm(sizes.D, bias=bias)
            self.head = nn.Linear(sizes.D, sizes.V, bias=False)
            self.head.weight = self.tokens.weight
            nn.init.normal_(self.tokens.weight, std=0.02)

        def forward(self, ids):
            x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x))

    return GPT()


def torch_step(sizes: Sizes, device: str = "cpu") -> Action:
    """A function that makes one training step of the same model with PyTorch eager."""
    import torch
    from torch.nn import functional

    torch.set_default_device(device)
    model = torch_gpt(sizes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)
    ids = torch.from_numpy(batch(sizes)).to(device)

    def step() -> float:
        logits = model(ids[:, :-1])
        loss = functional.cross_entropy(logits.reshape(-1, sizes.V), ids[:, 1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


def forward_products(sizes: Sizes) -> dict[str, list[Product]]:
    """The matrix products of a forward pass, by the operation that contains them.

    A causal query sees half of the keys, on average.
    """
    V, T, L, H, D, B = astuple(sizes)
    N, K, seen = B * T, D // H, (T + 1) // 2
    return {
        "linear": [Product(N, D, 3 * D, 1, L), Product(N, D, D, 1, L), Product(N, D, V)],
        "feed_forward": [Product(N, D, 4 * D, 1, L), Product(N, 4 * D, D, 1, L)],
        "attention": [Product(T, K, seen, B * H, L), Product(T, seen, K, B * H, L)],
    }


def products_alone(sizes: Sizes, **_: Any) -> dict[str, Action]:
    """The matrix products of a step, forward and backward, for each operation."""
    return {
        operation: products([*forward, *backward(forward)])
        for operation, forward in forward_products(sizes).items()
    }


def step(name: str, repeats: int, sizes: Sizes, takes_long: bool = False) -> Workload:
    """The workload of one size."""
    return Workload(
        name=f"step-{name}",
        what=f"GPT training step: {sizes}",
        sides={**minibig(minibig_step), "PyTorch": Side(torch_step, _TORCH)},
        sizes={"sizes": sizes},
        quick={"sizes": Sizes(V=11, T=6, L=1, H=2, D=8, B=2)},
        repeats=repeats,
        warmup=3,
        limit=Limit("its matrix products, by NumPy's BLAS", products_alone),
        devices=("cpu", "cuda"),
        takes_long=takes_long,
    )


WORKLOADS = [
    step("small", 30, Sizes(V=65, T=64, L=4, H=4, D=128, B=12)),
    step("medium", 5, Sizes(V=65, T=256, L=6, H=6, D=384, B=8)),
    step("wide", 4, Sizes(V=50_304, T=256, L=4, H=12, D=768, B=2)),
    step("gpt2", 10, Sizes(V=50_304, T=1024, L=12, H=12, D=768, B=4), takes_long=True),  # for a GPU
]
