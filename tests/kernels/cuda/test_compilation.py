"""Every source, by NVRTC as on a user's machine; and which arrays a kernel takes."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from cuda_on_cpu import cuda_on_cpu
from fake_cupy import fake_cupy

import minibig as mb
from minibig.kernels.cuda import compilation, scaled_dot_product_attention

from . import nvrtc

SOURCES = sorted(path.name for path in Path(compilation.__file__).parent.glob("*.cu"))
NUMBERS = ["float32", "float64", "float16", "bfloat16"]
AS_CUPY = ["--std=c++17", "-ftz=true", "--device-as-default-execution-space"]
CASES = list(itertools.product(SOURCES, NUMBERS, ["sm_80", "sm_90"]) if nvrtc.library() else [])
HEADS = [(64, 64), (40, 24), (128, 128)]  # K and U


def constants(source, dtype):
    """What the compiler is told besides the types: for attention, the sizes of heads and tiles."""
    if source != "attention.cu":
        return [{}]
    itemsize = "float64" if dtype == "float64" else "float32"
    arrays = [[np.zeros((1, n), itemsize) for n in sizes] for sizes in HEADS]
    return [
        c for q, v in arrays if (c := scaled_dot_product_attention._constants(q, v)) is not None
    ]


@pytest.mark.parametrize(("source", "dtype", "architecture"), CASES)
def test_nvrtc_takes_every_source_without_a_warning(source, dtype, architecture):
    stored, computed = compilation._TYPES[dtype]
    for each in constants(source, dtype):
        options = [f"-DSTORED={stored}", f"-DCOMPUTED={computed}"]
        options += [f"-D{name}={value}" for name, value in each.items()]
        options += [f"--gpu-architecture={architecture}", "--ptxas-options=-v", *AS_CUPY]
        binary, log = nvrtc.compiled(compilation.source(source), source, options)
        assert binary[:4] == b"\x7fELF"
        assert "warning" not in log, log
        stacks = [int(n) for n in re.findall(r"(\d+) bytes stack frame", log)]
        assert stacks
        assert max(stacks) <= 64, f"arrays that should be registers lie in memory:\n{log}"
        for name in re.findall(r'extern "C" __global__ void [^(]*?(\w+)\(', _unbounded(source)):
            assert name.encode() in binary


def _unbounded(source):
    return re.sub(r"__launch_bounds__\(\d+\) ", "", compilation.source(source))


@pytest.mark.skipif(nvrtc.library() is None, reason="NVRTC is not installed")
def test_nvrtc_refuses_what_is_wrong():
    with pytest.raises(AssertionError, match=r'(?s)refuses wrong.cu.*identifier "y"'):
        nvrtc.compiled("__global__ void f(int* x) { *x = y; }", "wrong.cu", [])


def test_what_stands_in_for_cupy_without_a_compiler_runs_the_formulas():
    with fake_cupy():
        x = mb.tensor(np.ones((2, 3)), device="cuda")
        assert not compilation.takes(x.data)
        assert mb.layer_norm(x).tolist() == [[0.0] * 3] * 2


def test_a_kernel_takes_numbers_of_one_floating_type_on_the_current_device(monkeypatch):
    with fake_cupy(devices=2) as cupy:
        monkeypatch.setattr(cupy, "RawModule", object, raising=False)
        x = cupy.ones((2, 3))
        assert compilation.takes(x, None, x[0])
        assert not compilation.takes(x, x.astype("float32"))
        assert not compilation.takes(x.astype("int64"))
        assert not compilation.takes(x, x[:0])
        with cupy.cuda.Device(1):
            assert not compilation.takes(x)


def test_a_source_is_compiled_once():
    with cuda_on_cpu() as cupy:
        x = cupy.ones((2, 3))
        first = compilation.launch("products.cu", "column_sums", like=x)
        assert compilation.launch("products.cu", "column_sums", like=x + x) is first
        assert compilation.launch("products.cu", "column_sums", like=x.astype("f")) is not first
