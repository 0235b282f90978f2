"""What the stand-in for a GPU's threads must notice, or its silence would prove nothing."""

import numpy as np
import pytest
from cuda_on_cpu import cuda_on_cpu


@pytest.fixture
def kernel():
    """A function that compiles a kernel called f from its parameters and its body."""
    with cuda_on_cpu() as cupy:

        def compiled(parameters, body):
            code = f'extern "C" __global__ void f({parameters}) {{ {body} }}'
            return cupy.RawModule(code=code).get_function("f")

        compiled.cupy = cupy
        yield compiled


REVERSED = """
    __shared__ double x[64];
    x[threadIdx.x] = threadIdx.x;
    {barrier}
    y[threadIdx.x] = x[63 - threadIdx.x];
"""


def test_threads_exchange_through_shared_memory(kernel):
    y = kernel.cupy.empty(64)
    kernel("double* y", REVERSED.format(barrier="__syncthreads();"))((1,), (64,), (y,))
    assert y.tolist() == list(range(63, -1, -1))


def test_a_missing_barrier_shows(kernel):
    y = kernel.cupy.empty(64)
    kernel("double* y", REVERSED.format(barrier=""))((1,), (64,), (y,))
    assert np.isnan(y.get()).any()


def test_every_block_has_its_place_and_its_own_shared_memory(kernel):
    body = """
        __shared__ double x[2];
        int place = (blockIdx.y * gridDim.x + blockIdx.x) * blockDim.y + threadIdx.y;
        if (blockIdx.x == 0) x[threadIdx.y] = place;
        y[place] = x[threadIdx.y];
    """
    y = kernel.cupy.empty(12)
    kernel("double* y", body)((2, 3), (1, 2), (y,))
    expected = [0, 1, np.nan, np.nan, 4, 5, np.nan, np.nan, 8, 9, np.nan, np.nan]
    np.testing.assert_array_equal(y.get(), expected)


def test_lanes_of_a_warp_exchange_again_and_again(kernel):
    body = """
        double x = threadIdx.x;
        for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffff, x, step);
        y[threadIdx.x] = x;
    """
    y = kernel.cupy.empty(64)
    kernel("double* y", body)((1,), (64,), (y,))
    assert y.tolist() == [sum(range(32))] * 32 + [sum(range(32, 64))] * 32


@pytest.mark.parametrize(
    ("threads", "body"),
    [
        (64, "if (threadIdx.x < 32) __syncthreads();"),
        (64, "if (threadIdx.x == 5) return; __shfl_xor_sync(0xffffffff, 1.0, 1);"),
        (32, "if (threadIdx.x < 5) __syncthreads(); else __shfl_xor_sync(0xffffffff, 1.0, 1);"),
        (20, "__shfl_xor_sync(0xffffffff, 1.0, 1);"),
        (32, "__shfl_xor_sync(0xffff, 1.0, 1);"),
    ],
)
def test_threads_that_wait_at_different_barriers_are_an_error(kernel, threads, body):
    with pytest.raises(AssertionError, match="f: threads of one block wait at different barriers"):
        kernel("double* y", body)((1,), (threads,), (kernel.cupy.empty(1),))


@pytest.mark.parametrize("place", [-1, 6])
def test_writing_outside_an_array_is_an_error_and_reading_gives_nan(kernel, place):
    x, y = kernel.cupy.ones(6), kernel.cupy.ones(1)
    with pytest.raises(AssertionError, match=r"f wrote outside an array of \(6,\)"):
        kernel("double* x, long long i", "x[i] = 0;")((1,), (1,), (x, place))
    read = kernel("const double* x, long long i, double* y", "*y = x[i];")
    read((1,), (1,), (x, place, y))
    assert np.isnan(y.get()).all()


def test_views_are_given_by_their_own_first_number(kernel):
    x = kernel.cupy.arange(6.0)
    kernel("double* x, const double* y", "*x += *y;")((1,), (1,), (x[4:], x[2:]))
    assert x.tolist() == [0, 1, 2, 3, 6, 5]


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ("int n", (3,), "argument 0 must be a struct of 4, not a int"),
        ("float x", (3.0,), "argument 0 must be a struct of 4, not a float"),
        ("long long n", (3.0,), "argument 0 must be a int, not a float"),
        ("double x", (3,), "argument 0 must be a float, not a int"),
        ("double* x", (0,), "argument 0 must be a pointer, not a int"),
        ("double x", (3.0, 4.0), "f takes 1 arguments"),
    ],
)
def test_arguments_of_the_wrong_type_are_an_error(kernel, parameters, arguments, message):
    with pytest.raises(AssertionError, match=message):
        kernel(parameters, "")((1,), (1,), arguments)


def test_structs_null_pointers_and_words_arrive(kernel):
    pair = np.array([((3, 4),)], [("numbers", "i8", (2,))])
    y = kernel.cupy.empty(3)
    code = """
        struct Pair { long long a, b; };
        extern "C" __global__ void f(Pair p, double* x, unsigned long long w, double* y) {
            y[0] = p.b; y[1] = x == nullptr; y[2] = w >> 63;
        }
    """
    f = kernel.cupy.RawModule(code=code).get_function("f")
    f((1,), (1,), (pair, None, np.uint64(2**63), y))
    assert y.tolist() == [4, 1, 1]


@pytest.mark.parametrize(
    ("grid", "block"), [((0,), (1,)), ((1, 65536), (1,)), ((1,), (1025,)), ((1,), (32, 33))]
)
def test_grids_and_blocks_beyond_cudas_limits_are_an_error(kernel, grid, block):
    with pytest.raises(AssertionError):
        kernel("double* x", "")(grid, block, (kernel.cupy.empty(1),))


def test_a_source_that_does_not_compile_is_an_error(kernel):
    with pytest.raises(RuntimeError, match="the C\\+\\+ compiler refuses the source"):
        kernel("double* x", "*x = y;")
