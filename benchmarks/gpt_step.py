"""One training step of a GPT: minibig against PyTorch eager, in alternating processes.

    python benchmarks/gpt_step.py                 # all three configurations, both sides
    python benchmarks/gpt_step.py --rounds 5 --configurations small
    python benchmarks/gpt_step.py --device cuda   # on a GPU, without TF32 on either side

Forward pass, backward pass, clipping by global norm and AdamW, in float32. Each process
warms up and reports the median of its steps; the ratio of a round is minibig's time over PyTorch's
in that round, and the table shows the median ratio.
"""

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import time

import numpy as np

# vocabulary, context, layers, heads, width, batch, steps that are timed
CONFIGURATIONS = {
    "small": (65, 64, 4, 4, 128, 12, 30),
    "medium": (65, 256, 6, 6, 384, 8, 5),
    "wide": (50304, 256, 4, 12, 768, 2, 4),
    "gpt2": (50304, 1024, 12, 12, 768, 4, 10),  # for a GPU: not among those that run by default
}
BY_DEFAULT = ["small", "medium", "wide"]


def batch(vocabulary: int, context: int, size: int) -> np.ndarray:
    """Random token ids of shape (size, context + 1)."""
    return np.random.default_rng(0).integers(0, vocabulary, (size, context + 1))


def minibig_step(name: str, device: str):
    """A function that makes one training step with minibig."""
    import minibig as mb
    from minibig.optim import AdamW, clip_gradients, decay_groups

    vocabulary, context, layers, heads, width, size, _ = CONFIGURATIONS[name]
    config = mb.models.GPTConfig(
        vocab_size=vocabulary,
        context_length=context,
        n_layers=layers,
        n_heads=heads,
        d_model=width,
        dropout=0.0,
    )
    model = mb.models.GPT(config).to(device)
    optimizer = AdamW(decay_groups(model, 0.1), lr=1e-3, betas=(0.9, 0.99))
    ids = mb.tensor(batch(vocabulary, context, size), device=device)
    parameters = list(model.parameters())

    def step() -> float:
        loss = mb.cross_entropy(model(ids[:, :-1]), ids[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        clip_gradients(parameters, 1.0)
        optimizer.step()
        return loss.item()

    return step


def torch_step(name: str, device: str):
    """A function that makes one training step of the same model with PyTorch eager."""
    import torch
    from torch import nn
    from torch.nn import functional

    vocabulary, context, layers, heads, width, size, _ = CONFIGURATIONS[name]

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            B, T, D = x.shape
            q, k, v = self.qkv(self.norm1(x)).split(width, dim=2)
            q, k, v = (t.view(B, T, heads, D // heads).transpose(1, 2) for t in (q, k, v))
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(B, T, D))
            return x + self.down(functional.gelu(self.up(self.norm2(x)), approximate="tanh"))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(vocabulary, width)
            self.positions = nn.Embedding(context, width)
            self.blocks = nn.ModuleList([Block() for _ in range(layers)])
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, vocabulary, bias=False)
            self.head.weight = self.tokens.weight
            nn.init.normal_(self.tokens.weight, std=0.02)

        def forward(self, ids):
            x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x))

    torch.set_default_device(device)
    model = GPT()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)
    ids = torch.from_numpy(batch(vocabulary, context, size)).to(device)

    def step() -> float:
        logits = model(ids[:, :-1])
        loss = functional.cross_entropy(logits.reshape(-1, vocabulary), ids[:, 1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


def measure(side: str, name: str, device: str) -> dict:
    """Median time of a step in ms, and the loss after the steps, in this process."""
    step = {"minibig": minibig_step, "torch": torch_step}[side](name, device)
    for _ in range(3):
        step()
    times, loss = [], 0.0
    for _ in range(CONFIGURATIONS[name][-1]):
        start = time.perf_counter()
        loss = step()
        times.append(time.perf_counter() - start)
    return {"ms": 1e3 * statistics.median(times), "best": 1e3 * min(times), "loss": loss}


def main() -> None:
    """Run the sides alternately and print a table of medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="pairs of processes (3)")
    parser.add_argument(
        "--configurations",
        nargs="+",
        metavar="NAME",
        default=BY_DEFAULT,
        choices=CONFIGURATIONS,
        help=f"some of {', '.join(CONFIGURATIONS)} ({' '.join(BY_DEFAULT)})",
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda, for both sides")
    parser.add_argument("--one", nargs=2, metavar=("SIDE", "NAME"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one, options.device)))
        return
    if importlib.util.find_spec("torch") is None:
        parser.error("it compares with PyTorch, which is missing: pip install -e '.[bench]'")
    print(f"{'configuration':14} {'minibig ms':>11} {'torch ms':>9} {'ratio':>6}")
    for name in options.configurations:
        results: dict[str, list[float]] = {"minibig": [], "torch": []}
        for _ in range(options.rounds):
            for side, values in results.items():
                command = [sys.executable, __file__, "--one", side, name]
                command += ["--device", options.device]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                values.append(json.loads(done.stdout)["ms"])
        ratios = [a / b for a, b in zip(results["minibig"], results["torch"], strict=True)]
        ours, theirs = (statistics.median(values) for values in results.values())
        print(f"{name:14} {ours:11.1f} {theirs:9.1f} {statistics.median(ratios):6.2f}")


if __name__ == "__main__":
    main()
