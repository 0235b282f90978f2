"""Where CUDA kernels run: on the CPU, by a C++ compiler; and on a GPU where there is one."""

import pytest
from cuda_on_cpu import cuda_on_cpu
from real_cupy import on_a_gpu, real_cupy


@pytest.fixture(params=["cpu", *on_a_gpu("gpu")])
def cp(request):
    """CuPy itself, or the stand-in that runs CUDA sources."""
    with cuda_on_cpu() if request.param == "cpu" else real_cupy() as module:
        yield module
