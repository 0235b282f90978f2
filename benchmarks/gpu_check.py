"""All that a first hour with a GPU should tell, in one run of less than nine minutes.

    python benchmarks/gpu_check.py                    # a table, and gpu_check.json

1. Every CUDA kernel, and the formula that it stands for, against the formula in float64 on the CPU.
2. Every kernel against its formula on the same GPU: milliseconds, forward and backward.
3. A training step of a GPT against PyTorch eager on the same card, if PyTorch is installed.
4. The tests that need a GPU, in the time that is left: pytest -m gpu.

What fails is one line of the table and does not stop the rest; the exit status says whether all
agreed. The file is written after every line, so that an interrupted run leaves what it found.
"""

import argparse
import importlib.util
import json
import math
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import minibig as mb
from minibig.backend import CPU, DropoutKey, keep_mask, namespace
from minibig.kernels.cuda.stacked_products import stacked_product

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Case:
    """An operation on inputs of the size of a small GPT's, and how many terms its sums have."""

    name: str
    function: Callable[..., Any]
    arrays: list[np.ndarray]
    terms: int


def cases(scale: int) -> list[Case]:
    """What is checked and timed; every long axis is `scale` times as long as in a quick run."""
    numbers = np.random.default_rng(0)
    N, D, F, V, T = 32 * scale, 24 * scale, 96 * scale, 500 * scale, 16 * scale

    def normal(*shape: int) -> np.ndarray:
        return numbers.standard_normal(shape)

    def feed_forward(activation: Any) -> Any:
        return lambda *x: mb.feed_forward(*x, activation=activation)

    def attention(causal: bool) -> Any:
        return lambda *x: mb.attention(*x, causal=causal)

    layers = [normal(N, D), normal(D, F) / 8, normal(F), normal(F, D) / 8, normal(D)]
    heads, wide = [[normal(2, 12, T, K) for _ in range(3)] for K in (64, 128)]
    bias, classes = normal(12, T, T), numbers.integers(0, V, N)
    classes[:3] = -100
    key = DropoutKey(2**100 + 3, 5)
    return [
        Case("linear", mb.linear, layers[:3], N + D),
        Case("feed_forward, relu", feed_forward(mb.relu), layers, N + F),
        Case("feed_forward, gelu_tanh", feed_forward(mb.gelu_tanh), layers, N + F),
        Case("layer_norm", mb.layer_norm, [normal(N, D), normal(D), normal(D)], N + D),
        Case("attention", attention(False), heads, T),
        Case("attention, causal", attention(True), heads, T),
        Case("attention, causal, K = 128", attention(True), wide, T),
        Case("attention, bias", attention(False), [*heads, bias], T),
        Case("cross_entropy", mb.cross_entropy, [normal(N, V), classes], V),
        Case("embedding", mb.embedding, [normal(V, D), numbers.zipf(1.3, (4, N)) % V], 4 * N),
        Case("dropout", lambda x: mb.dropout(x, p=0.1, key=key), [normal(N, F)], 1),
    ]


def run(case: Case, dtype: str, device: str, formula: bool) -> list[Any]:
    """The output of a case and the gradients of its inputs, as arrays where they were computed."""
    xs = []
    for x in case.arrays:
        real = x.dtype.kind == "f"
        xs.append(mb.tensor(x.astype(dtype) if real else x, device=device, requires_grad=real))
    return outputs(case, xs, formula)


def outputs(case: Case, xs: list[mb.Tensor], formula: bool) -> list[Any]:
    """The output of a case and the gradients of its inputs, by the kernels or by the formula."""
    with mb.reference() if formula else nullcontext():
        y = case.function(*xs)
    learned = [x for x in xs if x.requires_grad]
    for x in learned:
        x.grad = None
    xp = namespace(y.data)
    waves = xp.cos(xp.arange(y.size, dtype=y.dtype)).reshape(y.shape)
    y.backward(mb.Tensor(waves))
    return [y.data, *[x.grad.data for x in learned]]


def largest_error(results: list[Any], expected: list[np.ndarray]) -> float:
    """How far results are off, relative to the largest number of each array."""
    errors = []
    for result, exact in zip(results, expected, strict=True):
        difference = np.abs(result.get().astype("float64") - exact).max(initial=0.0)
        errors.append(difference / max(np.abs(exact).max(initial=0.0), 1e-30))
    return float(np.max(errors))  # NaN if one is


class Report:
    """Lines of a table, written down as JSON after each of them."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.path, self.end = path, time.monotonic() + seconds
        self.rows: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}

    @property
    def left(self) -> float:
        """Seconds until the run must be over."""
        return self.end - time.monotonic()

    def line(self, what: str, name: str, measure: Callable[[], dict[str, Any]]) -> None:
        """Measure one thing; an error of any kind becomes its result."""
        row: dict[str, Any] = {"what": what, "name": name}
        if self.left <= 0:
            row["error"] = "not run: the time is up"
        else:
            try:
                row |= measure()
            except Exception as error:
                row["error"] = f"{type(error).__name__}: {error}"
        self.rows.append(row)
        values = [f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()]
        print(f"{what:8} {name:32} {', '.join(values[2:])}", flush=True)
        self.path.write_text(json.dumps({"facts": self.facts, "rows": self.rows}, indent=1))

    def problems(self) -> list[str]:
        """The names of what failed or did not agree."""
        return [row["name"] for row in self.rows if "error" in row or row.get("agrees") is False]


def check_numbers(report: Report, every: list[Case], exact: dict[str, list[np.ndarray]]) -> None:
    """Part 1: every kernel and every formula on the GPU against float64 on the CPU."""

    def measure(case: Case, dtype: str, formula: bool) -> dict[str, Any]:
        error = largest_error(run(case, dtype, "cuda", formula), exact[case.name])
        allowed = 16 * float(np.finfo(dtype).eps) * math.sqrt(case.terms)
        return {"error of": error, "allowed": allowed, "agrees": error <= allowed}

    for case in every:
        for dtype in ("float64", "float32"):
            for formula in (False, True):
                name = f"{case.name}, {dtype}{', formula' if formula else ''}"
                report.line("check", name, lambda c=case, d=dtype, f=formula: measure(c, d, f))
    report.line("check", "dropout mask, to the bit", check_mask)
    report.line("check", "adamw_update", check_adamw)
    report.line("check", "stacked float16 product", check_stacked_product)


def check_mask() -> dict[str, Any]:
    """The bits of Philox on the GPU and of NumPy's."""
    shape, key = (7, 1001), DropoutKey(2**127 + 12345, 10**12)
    y = mb.dropout(mb.ones(shape, device="cuda"), p=0.3, key=key).numpy()
    return {"agrees": bool(((y != 0) == keep_mask(shape, 0.3, key, CPU)).all())}


def check_adamw() -> dict[str, Any]:
    """An update in place, against the formula in float64."""
    numbers = np.random.default_rng(1)
    arrays = [numbers.random(100_000) for _ in range(4)]
    settings = dict(lr=0.01, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1, t=3)
    with mb.no_grad():
        with mb.reference():
            expected = mb.adamw_update(*map(mb.tensor, arrays), **settings)
        xs = [mb.tensor(x.astype("float32"), device="cuda") for x in arrays]
        results = mb.adamw_update(*xs, **settings)
    error = largest_error([x.data for x in results], [x.numpy() for x in expected])
    return {"error of": error, "agrees": error < 1e-6, "in place": results[0].data is xs[0].data}


def check_stacked_product() -> dict[str, Any]:
    """cuBLAS's product of 16-bit stacks, one side transposed, against float64."""
    numbers = np.random.default_rng(2)
    a, b = (numbers.standard_normal((6, 33, 40)).astype("float16") for _ in range(2))
    x, w = (mb.tensor(m, device="cuda").data for m in (a, b))
    exact = a.astype("float64") @ b.astype("float64").swapaxes(-1, -2)
    error = largest_error([stacked_product(x, w.swapaxes(-1, -2))], [exact])
    return {"error of": error, "agrees": error < 2e-3}


def time_kernels(report: Report, every: list[Case], repeats: int) -> None:
    """Part 2: milliseconds of each case by its kernels and by its formula, in float32."""
    from cupy.cuda.runtime import deviceSynchronize

    def milliseconds(case: Case, xs: list[mb.Tensor], formula: bool) -> float:
        times = []
        for _ in range(repeats + 2):
            deviceSynchronize()
            start = time.perf_counter()
            outputs(case, xs, formula)
            deviceSynchronize()
            times.append(1e3 * (time.perf_counter() - start))
        return statistics.median(times[2:])

    def measure(case: Case) -> dict[str, Any]:
        xs = [
            mb.tensor(x.astype("float32"), device="cuda", requires_grad=True)
            if x.dtype.kind == "f"
            else mb.tensor(x, device="cuda")
            for x in case.arrays
        ]
        ours, formula = milliseconds(case, xs, False), milliseconds(case, xs, True)
        return {"kernel ms": ours, "formula ms": formula, "ratio": ours / formula}

    for case in every:
        report.line("kernel", case.name, lambda case=case: measure(case))


def time_steps(report: Report, names: list[str]) -> None:
    """Part 3: training steps of a GPT on both sides, each in a process of its own."""
    sides = ["minibig"] + ["PyTorch"] * (importlib.util.find_spec("torch") is not None)

    def measure(name: str) -> dict[str, Any]:
        results = {}
        for side in sides:
            command = [sys.executable, "-m", "benchmarks.process", f"step-{name}", side]
            done = subprocess.run(
                [*command, "--device", "cuda"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=max(1.0, report.left),
            )
            if done.returncode:
                raise RuntimeError(f"{side}: {done.stderr.strip()[-300:]}")
            results[f"{side} ms"] = 1e3 * float(json.loads(done.stdout)["seconds"])
        if len(sides) == 2:
            results["ratio"] = results["minibig ms"] / results["PyTorch ms"]
        return results

    for name in names:
        report.line("step", f"GPT, {name}", lambda name=name: measure(name))


def run_suite(report: Report) -> dict[str, Any]:
    """Part 4: the tests that need a GPU, in a process of their own."""
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-q", "-p", "no:cacheprovider", "tests"]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        try:
            status = str(process.wait(max(1.0, report.left)))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = "the time is up"
        output.seek(0)
        lines = output.read().strip().splitlines() or [""]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return {"agrees": status == "0", "status": status, "summary": lines[-1], "failed": failed}


def card() -> dict[str, Any]:
    """What the numbers belong to."""
    import cupy

    runtime = cupy.cuda.runtime
    return {
        "card": runtime.getDeviceProperties(0)["name"].decode(),
        "CUDA driver": runtime.driverGetVersion(),
        "CUDA runtime": runtime.runtimeGetVersion(),
        "CuPy": cupy.__version__,
        "NumPy": np.__version__,
        "Python": platform.python_version(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the four parts within the time; 0 if all agreed, 1 if not, 2 without a usable GPU."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=510.0, help="when to stop")
    parser.add_argument("--json", type=Path, default=Path("gpu_check.json"))
    parser.add_argument("--quick", action="store_true", help="small inputs; parts 1 and 2 only")
    options = parser.parse_args(arguments)
    report = Report(options.json, options.seconds)
    every = cases(1 if options.quick else 16)
    exact = {case.name: run(case, "float64", "cpu", True) for case in every}
    print(f"{len(every)} cases computed in float64 on the CPU.", flush=True)
    try:
        mb.device("cuda")
    except mb.InputError as error:
        print(f"The rest needs a GPU: {error}", file=sys.stderr)
        return 2
    report.facts = card()
    print(report.facts, flush=True)
    check_numbers(report, every, exact)
    time_kernels(report, every, 1 if options.quick else 20)
    if not options.quick:
        time_steps(report, ["small", "medium", "wide", "gpt2"])
        report.line("suite", "pytest -m gpu", lambda: run_suite(report))
    problems = report.problems()
    print(f"{len(report.rows) - len(problems)} of {len(report.rows)} lines are as they should be.")
    print(*[f"- {name}" for name in problems], sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
