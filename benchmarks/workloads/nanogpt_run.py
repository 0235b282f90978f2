"""nanoGPT's documented run on a CPU, as a whole: imports, training, evaluations and checkpoints.

minibig's side is `minibig train --preset shakespeare-char`. The other is nanoGPT's training loop,
written again here after its train.py with the settings that its README gives ("i only have a
macbook"): 2,000 steps with a line each, and every 250 steps 20 batches of either part of the text
and a checkpoint. minibig evaluates on all of the held-out text, and draws its picture.

The text has as many characters, of as many kinds, as Shakespeare's; they are random, which changes
the losses and not the time. With NANOGPT_TEXT=input.txt it is the text of that file.

Source:  https://github.com/karpathy/nanoGPT, train.py, model.py, config/train_shakespeare_char.py.
"""

import math
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workload import OURS, WITHOUT_NUMBA, Action, Side, Workload
from benchmarks.workloads.gpt_step import Sizes, torch_gpt

_CHARACTERS = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RATE, _LOWEST, _WARMUP, _DECAY, _BETAS = 1e-3, 1e-4, 100, 0.1, (0.9, 0.99)


def text(n: int) -> str:
    """The text that both sides learn."""
    if name := os.environ.get("NANOGPT_TEXT"):
        return Path(name).read_text(encoding="utf-8")
    ids = np.random.default_rng(0).integers(0, len(_CHARACTERS), n)
    return "".join(np.array(list(_CHARACTERS))[ids])


def minibig_run(n_characters: int, steps: int, every: int, batches: int, **_: Any) -> Action:
    """The preset, in a folder that is thrown away; `batches` only where it is made smaller."""
    learned = text(n_characters)

    def action() -> None:
        from minibig.recipes import PRESETS, pretrain

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "input.txt"
            path.write_text(learned, encoding="utf-8")
            preset = PRESETS["shakespeare-char"]
            changes = {"data": str(path), "out": str(Path(folder) / "run")}
            if steps != preset.training.steps:
                changes |= {"steps": steps, "warmup_steps": 1, "evaluate_every": every}
                changes |= {"evaluate_batches": batches}
            pretrain(preset.changed(changes))

    return action


def learning_rate(step: int, steps: int) -> float:
    """A linear warm-up, then a cosine to the lowest rate."""
    if step < _WARMUP:
        return _RATE * (step + 1) / (_WARMUP + 1)
    share = (step - _WARMUP) / max(1, steps - _WARMUP)
    return _LOWEST + 0.5 * (1 + math.cos(math.pi * share)) * (_RATE - _LOWEST)


def nanogpt_run(n_characters: int, sizes: Sizes, steps: int, every: int, batches: int) -> Action:
    """nanoGPT's loop in a folder that is thrown away."""
    learned = text(n_characters)

    def action() -> None:
        with tempfile.TemporaryDirectory() as folder:
            kinds = sorted(set(learned))
            ids = np.array([*map({c: i for i, c in enumerate(kinds)}.get, learned)], np.uint16)
            cut = int(0.9 * len(ids))
            ids[:cut].tofile(Path(folder) / "train.bin")
            ids[cut:].tofile(Path(folder) / "val.bin")
            _nanogpt_loop(Path(folder), sizes, steps, every, batches)

    return action


def _nanogpt_loop(folder: Path, sizes: Sizes, steps: int, every: int, batches: int) -> None:
    import torch
    from torch.nn import functional

    torch.manual_seed(1337)
    model = torch_gpt(sizes, bias=False, approximate="none")
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": _DECAY},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=_RATE, betas=_BETAS)

    def batch(part: str) -> Any:
        data = np.memmap(folder / f"{part}.bin", np.uint16, "r")
        starts = torch.randint(len(data) - sizes.T, (sizes.B,))
        rows = [torch.from_numpy(data[i : i + sizes.T + 1].astype(np.int64)) for i in starts]
        pairs = torch.stack(rows)
        return pairs[:, :-1], pairs[:, 1:]

    def loss_of(inputs: Any, targets: Any) -> Any:
        logits = model(inputs)
        return functional.cross_entropy(logits.view(-1, logits.size(-1)), targets.reshape(-1))

    @torch.no_grad()
    def mean_losses() -> dict[str, float]:
        parts = ("train", "val")
        model.eval()
        means = {p: sum(loss_of(*batch(p)).item() for _ in range(batches)) / batches for p in parts}
        model.train()
        return means

    best = math.inf
    for step in range(steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        if step % every == 0:
            losses = mean_losses()
            print(f"step {step}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}")
            if losses["val"] < best and step:
                best = losses["val"]
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                torch.save(state | {"iter_num": step}, folder / "ckpt.pt")
        loss = loss_of(*batch("train"))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        print(f"iter {step}: loss {loss.item():.4f}")


WORKLOADS = [
    Workload(
        name="nanogpt-run",
        what="nanoGPT's documented run on a CPU, as a whole",
        sides={
            OURS: Side(minibig_run, ()),
            WITHOUT_NUMBA: Side(minibig_run, (), {"MINIBIG_KERNELS": "numpy"}),
            "nanoGPT's loop": Side(nanogpt_run, ()),
        },
        sizes={
            "n_characters": 1_115_394,
            "sizes": Sizes(V=65, T=64, L=4, H=4, D=128, B=12),
            "steps": 2000,
            "every": 250,
            "batches": 20,
        },
        quick={
            "n_characters": 2000,
            "sizes": Sizes(V=65, T=8, L=1, H=1, D=8, B=2),
            "steps": 2,
            "every": 1,
            "batches": 1,
        },
        warmup=0,
        repeats=1,
        takes_long=True,
        timeout=900,
    )
]
