"""The script that a GPU runs once: here without one, and on the stand-in for one."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from cuda_on_cpu import cuda_on_cpu

import minibig as mb

PATH = Path(__file__).parent.parent / "benchmarks" / "gpu_check.py"


@pytest.fixture
def gpu_check(monkeypatch):
    """The script as a module, with four of its cases."""
    spec = importlib.util.spec_from_file_location("gpu_check", PATH)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gpu_check", module)
    spec.loader.exec_module(module)
    cases = module.cases
    chosen = {"linear", "layer_norm", "attention, causal", "dropout"}
    monkeypatch.setattr(
        module, "cases", lambda scale: [case for case in cases(scale) if case.name in chosen]
    )
    return module


def test_without_a_gpu_it_goes_as_far_as_it_can_and_says_why(
    gpu_check, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert gpu_check.main(["--quick", "--json", str(tmp_path / "x.json")]) == 2
    said = capsys.readouterr()
    assert "4 cases computed in float64 on the CPU." in said.out
    assert said.err.startswith('The rest needs a GPU: device "cuda" cannot be used: CuPy is not')
    assert len(said.err.splitlines()) == 1


@pytest.mark.slow
def test_where_everything_is_right_it_says_so(gpu_check, tmp_path):
    with cuda_on_cpu():
        assert gpu_check.main(["--quick", "--json", str(tmp_path / "x.json")]) == 0
    rows = json.loads((tmp_path / "x.json").read_text())["rows"]
    assert {row["what"] for row in rows} == {"check", "kernel"}
    assert len(rows) == 4 * 4 + 3 + 4
    assert all(row["agrees"] for row in rows if row["what"] == "check")


@pytest.mark.slow
def test_a_wrong_kernel_and_one_that_fails_are_named_and_do_not_stop_it(
    gpu_check, tmp_path, monkeypatch, capsys
):
    forward = mb.layer_norm.kernels["cuda"].forward

    def wrong(*arrays, eps, **settings):
        return forward(*arrays, eps=eps + 0.1, **settings)

    def failing(*arrays, **settings):
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")

    monkeypatch.setattr(mb.layer_norm.kernels["cuda"], "forward", wrong)
    monkeypatch.setattr(mb.linear.kernels["cuda"], "forward", failing)
    with cuda_on_cpu():
        assert gpu_check.main(["--quick", "--json", str(tmp_path / "x.json")]) == 1
    said = capsys.readouterr().out
    assert "RuntimeError: CUDA_ERROR_ILLEGAL_ADDRESS" in said
    problems = {line[2:] for line in said.splitlines() if line.startswith("- ")}
    assert problems == {
        *("layer_norm, float64", "layer_norm, float32"),
        *("linear, float64", "linear, float32", "linear"),
    }


def test_nan_is_no_agreement(gpu_check):
    with cuda_on_cpu() as cupy:
        results = [cupy.asarray(x) for x in (np.ones(2), np.array([1.0, np.nan]), np.ones(2))]
        assert np.isnan(gpu_check.largest_error(results, [np.ones(2)] * 3))


def test_the_time_limit_is_kept(gpu_check, tmp_path):
    report = gpu_check.Report(tmp_path / "x.json", seconds=-1.0)
    report.line("check", "late", lambda: {"agrees": True})
    assert report.rows[0]["error"] == "not run: the time is up"
    assert report.problems() == ["late"]
