"""Where CUDA kernels run: on the CPU, by a C++ compiler; and on a GPU where there is one."""

import pytest
from cuda_on_cpu import COMPILER, cuda_on_cpu


@pytest.fixture(params=["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def cp(request):
    """CuPy itself, or the stand-in that runs CUDA sources."""
    if request.param == "gpu":
        module = pytest.importorskip("cupy", reason="CuPy is not installed")
        if not module.cuda.is_available():
            pytest.skip("CuPy finds no CUDA device")
        yield module
    elif COMPILER is None:
        pytest.skip("there is no C++ compiler (g++ or clang++)")
    else:
        with cuda_on_cpu() as module:
            yield module
