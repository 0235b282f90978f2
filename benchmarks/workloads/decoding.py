"""Writing with a model of GPT-2's size: one token after the other, with a cache, in float32.

Both sides have random weights. The peer is transformers' GPT-2 with its own `generate`. The limit
is the bandwidth of memory: each new token takes all weights through the processor once.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from benchmarks.limits import reading
from benchmarks.workload import Action, Limit, Side, Workload, minibig


@dataclass(frozen=True)
class Sizes:
    """What is written: vocabulary, layers, heads, width; texts, tokens of a prompt, new tokens."""

    V: int = 50_257
    L: int = 12
    H: int = 12
    D: int = 768
    B: int = 1
    T: int = 16
    new: int = 32
    sampled: bool = False

    @property
    def context(self) -> int:
        """The tokens that both models hold."""
        return max(1024, self.T + self.new)

    def prompts(self) -> np.ndarray:
        """Random token ids of shape (B, T)."""
        return np.random.default_rng(0).integers(0, self.V, (self.B, self.T))


def minibig_writes(sizes: Sizes) -> Action:
    """A function that goes on with all prompts, with minibig."""
    import minibig as mb

    V, L, H, D = astuple(sizes)[:4]
    model = mb.models.GPT(mb.models.GPTConfig(V, sizes.context, L, H, D))
    choice: dict[str, Any] = {"temperature": 0}
    if sizes.sampled:
        choice = {"temperature": 0.8, "top_k": 50, "top_p": 0.95, "seed": 0}
    ids = sizes.prompts()
    return lambda: mb.generation.generate(model, ids, max_new_tokens=sizes.new, **choice)


def transformers_writes(sizes: Sizes) -> Action:
    """A function that goes on with all prompts, with transformers."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    V, L, H, D = astuple(sizes)[:4]
    widths = {"n_positions": sizes.context, "n_embd": D, "n_layer": L, "n_head": H}
    config = GPT2Config(vocab_size=V, **widths, bos_token_id=None, eos_token_id=None)
    model = GPT2LMHeadModel(config).eval()
    choice: dict[str, Any] = {"do_sample": False}
    if sizes.sampled:
        choice = {"do_sample": True, "temperature": 0.8, "top_k": 50, "top_p": 0.95}
    ids = torch.from_numpy(sizes.prompts())
    choice |= {"attention_mask": torch.ones_like(ids), "max_new_tokens": sizes.new}
    generate: Callable[..., Any] = torch.inference_mode()(model.generate)
    return lambda: generate(ids, pad_token_id=0, **choice)


def weights_alone(sizes: Sizes) -> dict[str, Action]:
    """Reading the weights of the products, which are those of the blocks and the embedding."""
    once = reading(4 * (12 * sizes.L * sizes.D**2 + sizes.V * sizes.D))

    def action() -> None:
        for _ in range(sizes.new):
            once()

    return {"weights": action}


def writing(name: str, what: str, limited: bool = False, **sizes: Any) -> Workload:
    """The workload of some sizes; those that are not given are GPT-2's, and one short text."""
    return Workload(
        name=f"decoding-{name}",
        what=f"GPT-2's size writes {what}",
        sides={
            **minibig(minibig_writes),
            "transformers": Side(transformers_writes, ("torch", "transformers")),
        },
        sizes={"sizes": Sizes(**sizes)},
        quick={"sizes": Sizes(V=11, L=1, H=2, D=8, **(sizes | {"T": 3, "new": 2}))},
        amount=lambda sizes: sizes.B * sizes.new,
        unit="tokens",
        repeats=3,
        limit=Limit("its weights, read once a token", weights_alone) if limited else None,
    )


WORKLOADS = [
    writing("one", "one text", limited=True),
    writing("eight", "eight texts at once", B=8, new=16),
    writing("drawn", "one text, its tokens drawn by top-k and top-p", sampled=True),
    writing("first", "the first token after a prompt of 1,000", T=1000, new=1),
    writing("long", "24 tokens after a prompt of 1,000", T=1000, new=24),
]
