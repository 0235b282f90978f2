"""nanoGPT's documented run on a CPU, whole: steps, evaluations and checkpoints.

    python train.py config/train_shakespeare_char.py --device=cpu --compile=False --eval_iters=20
        --log_interval=1 --block_size=64 --batch_size=12 --n_layer=4 --n_head=4 --n_embd=128
        --max_iters=2000 --lr_decay_iters=2000 --dropout=0.0

PyTorch's side is that program's loop: every 250 iterations the losses of 20 batches of the training
part and of 20 of the validation part, a checkpoint whenever the latter is lower than before, and a
line for each iteration. Minibig's side is `minibig train --preset shakespeare-char`, whose
evaluations have 40 batches, too; it also makes the tokens, writes samples and draws a picture.

The text is the file that SHAKESPEARE names; without it random letters, as many and as different,
from which nothing can be learned and which take the same time.

Source:  train.py, model.py and config/train_shakespeare_char.py of
         https://github.com/karpathy/nanoGPT
"""

import math
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workload import Action, Side, Workload, minibig

EVALUATION_BATCHES = 20  # of each part
_CHARACTERS, _DIFFERENT = 1_115_394, 65  # of tinyshakespeare


@dataclass(frozen=True)
class Sizes:
    """Steps, and steps between evaluations; then context, layers, heads, width, batch."""

    steps: int = 2000
    every: int = 250
    T: int = 64
    L: int = 4
    H: int = 4
    D: int = 128
    B: int = 12


def text() -> str:
    """The text of the run."""
    if "SHAKESPEARE" in os.environ:
        return Path(os.environ["SHAKESPEARE"]).read_text(encoding="utf-8")
    letters = np.random.default_rng(0).integers(0, _DIFFERENT, _CHARACTERS, np.uint8) + ord("0")
    return letters.tobytes().decode()


def minibig_run(sizes: Sizes) -> Action:
    """The run with minibig, as its command makes it."""
    from minibig.recipes import PRESETS, Display, pretrain
    from minibig.training.progress import Silence

    folder = Path(tempfile.mkdtemp())
    (folder / "text.txt").write_text(text(), encoding="utf-8")
    changes = {
        "steps": sizes.steps,
        "evaluate_every": sizes.every,
        "warmup_steps": min(100, sizes.steps - 1),
        "data": str(folder / "text.txt"),
        "out": folder / "run",
    }
    names = {"context_length": sizes.T, "n_layers": sizes.L, "n_heads": sizes.H, "d_model": sizes.D}
    settings = PRESETS["shakespeare-char"].changed({**names, "batch_size": sizes.B, **changes})

    def run() -> float:
        display = Display(say=print, progress=Silence)
        return pretrain(settings, restart=True, display=display).metrics["validation_loss"]

    return run


def torch_model(V: int, sizes: Sizes) -> Any:
    """The model of nanoGPT's model.py, without biases, as its run has it."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            D = sizes.D
            self.norm1, self.norm2 = nn.LayerNorm(D, bias=False), nn.LayerNorm(D, bias=False)
            self.qkv, self.out = nn.Linear(D, 3 * D, bias=False), nn.Linear(D, D, bias=False)
            self.up, self.down = nn.Linear(D, 4 * D, bias=False), nn.Linear(4 * D, D, bias=False)

        def forward(self, x):
            B, T, D = x.shape
            q, k, v = self.qkv(self.norm1(x)).split(D, dim=2)
            q, k, v = (t.view(B, T, sizes.H, D // sizes.H).transpose(1, 2) for t in (q, k, v))
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).contiguous().view(B, T, D))
            return x + self.down(functional.gelu(self.up(self.norm2(x))))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.positions = nn.Embedding(V, sizes.D), nn.Embedding(sizes.T, sizes.D)
            self.blocks = nn.ModuleList([Block() for _ in range(sizes.L)])
            self.norm = nn.LayerNorm(sizes.D, bias=False)
            self.head = nn.Linear(sizes.D, V, bias=False)
            self.head.weight = self.tokens.weight
            for name, weight in self.named_parameters():
                if weight.ndim == 2:
                    into_residual = name.endswith(("out.weight", "down.weight"))
                    std = 0.02 / math.sqrt(2 * sizes.L) if into_residual else 0.02
                    nn.init.normal_(weight, std=std)

        def forward(self, ids, targets):
            x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
            for block in self.blocks:
                x = block(x)
            logits = self.head(self.norm(x))
            return functional.cross_entropy(logits.view(-1, V), targets.view(-1))

    return GPT()


def token_files(folder: Path) -> int:
    """Write the two parts of the text as ids of characters; returns how many there are."""
    characters = text()
    alphabet = sorted(set(characters))
    places = {character: place for place, character in enumerate(alphabet)}
    ids = np.array([places[character] for character in characters], np.uint16)
    cut = int(0.9 * len(ids))
    ids[:cut].tofile(folder / "train.bin")
    ids[cut:].tofile(folder / "val.bin")
    return len(alphabet)


def torch_batch(path: Path, sizes: Sizes) -> tuple[Any, Any]:
    """Inputs and targets (B, T) from random places of a file of token ids."""
    import torch

    ids = np.memmap(path, dtype=np.uint16, mode="r")
    starts = torch.randint(len(ids) - sizes.T, (sizes.B,))

    def rows(shift: int) -> Any:
        places = [slice(i + shift, i + shift + sizes.T) for i in starts]
        return torch.stack([torch.from_numpy(ids[place].astype(np.int64)) for place in places])

    return rows(0), rows(1)


def torch_losses(model: Any, folder: Path, sizes: Sizes) -> dict[str, float]:
    """The mean losses of some batches of each part."""
    import torch

    found = {}
    model.eval()
    with torch.no_grad():
        for part in ("train", "val"):
            losses = [
                model(*torch_batch(folder / f"{part}.bin", sizes)).item()
                for _ in range(EVALUATION_BATCHES)
            ]
            found[part] = sum(losses) / len(losses)
    model.train()
    return found


def torch_optimizer(model: Any) -> Any:
    """AdamW, without decay for what is no matrix."""
    import torch

    decayed = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))


def learning_rate(step: int, sizes: Sizes) -> float:
    """A linear warm-up of 100 steps to 1e-3, then a cosine down to 1e-4."""
    if step < 100:
        return 1e-3 * (step + 1) / 101
    part = (step - 100) / max(1, sizes.steps - 100)
    return 1e-4 + 0.5 * (1 + math.cos(math.pi * part)) * 9e-4


def torch_run(sizes: Sizes) -> Action:
    """The run with PyTorch eager, as nanoGPT's train.py makes it."""
    import torch

    folder = Path(tempfile.mkdtemp())
    V = token_files(folder)

    def run() -> float:
        torch.manual_seed(1337)
        model, best = torch_model(V, sizes), math.inf
        optimizer = torch_optimizer(model)
        inputs, targets = torch_batch(folder / "train.bin", sizes)
        for step in range(sizes.steps + 1):
            began = time.perf_counter()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, sizes)
            if step % sizes.every == 0:
                losses = torch_losses(model, folder, sizes)
                print(f"step {step}: {losses}")
                if losses["val"] < best:
                    best = losses["val"]
                    states = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                    torch.save({**states, "step": step, "best": best}, folder / "ckpt.pt")
            loss = model(inputs, targets)
            inputs, targets = torch_batch(folder / "train.bin", sizes)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            print(f"iter {step}: loss {loss.item():.4f}, {time.perf_counter() - began:.3f} s")
        return best

    return run


WORKLOADS = [
    Workload(
        name="nanogpt-run",
        what="nanoGPT's documented run on a CPU, with evaluations and checkpoints",
        sides={**minibig(minibig_run), "PyTorch": Side(torch_run, ("torch",))},
        sizes={"sizes": Sizes()},
        quick={"sizes": Sizes(steps=4, every=2, T=8, L=1, H=2, D=8, B=2)},
        repeats=1,
        warmup=0,
        takes_long=True,
        timeout=600.0,
    )
]
