"""Products of stacks of matrices; on a GPU, 16-bit numbers are multiplied as they are.

CuPy converts stacks of float16 to float32 and multiplies no stacks of bfloat16 at all, so for these
cuBLAS is called here. It reads a matrix column by column, where ours lie row by row: what it takes
for Bᵀ and Aᵀ are B and A, and their product BᵀAᵀ = (A B)ᵀ is A B to us again.
"""

from typing import Any

import numpy as np

from minibig.backend import Array, namespace
from minibig.ops.products import batched_matmul

_TYPES = {"float16": 2, "bfloat16": 14}  # CUDA_R_16F and CUDA_R_16BF


@batched_matmul.kernel("cuda")
def stacked_product(a: Array, b: Array) -> Array:
    """a @ b for stacks of 16-bit numbers, with sums in float32; nothing else is taken.

    Shapes:  a (..., T, K), b (..., K, S), leading axes broadcast  ->  (..., T, S).
    """
    sixteen = a.dtype == b.dtype and a.dtype.name in _TYPES
    xp = namespace(a)
    # what stands in for CuPy may have no cuBLAS
    if not sixteen or max(a.ndim, b.ndim) < 3 or not hasattr(xp.cuda, "cublas"):
        return NotImplemented
    return _by_cublas(xp, a, b)


def _by_cublas(xp: Any, a: Any, b: Any) -> Any:
    outer = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    (T, K), S = a.shape[-2:], b.shape[-1]
    y = xp.zeros((*outer, T, S), a.dtype)
    if not y.size or not K:
        return y
    a, b = [xp.broadcast_to(x, (*outer, *x.shape[-2:])).reshape(-1, *x.shape[-2:]) for x in (a, b)]
    (trans_a, a, *steps_a), (trans_b, b, *steps_b) = _operand(xp, a), _operand(xp, b)
    cublas, kind = xp.cuda.cublas, _TYPES[a.dtype.name]
    operations = [cublas.CUBLAS_OP_T if t else cublas.CUBLAS_OP_N for t in (trans_b, trans_a)]
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)  # y = 1·a b + 0·y
    numbers = (
        *(one.ctypes.data, b.data.ptr, kind, *steps_b, a.data.ptr, kind, *steps_a),
        *(zero.ctypes.data, y.data.ptr, kind, S, T * S),
    )
    how = cublas.CUBLAS_COMPUTE_32F, cublas.CUBLAS_GEMM_DEFAULT
    handle = xp.cuda.get_cublas_handle()
    cublas.gemmStridedBatchedEx(handle, *operations, S, T, K, *numbers, len(a), *how)
    return y


def _operand(xp: Any, x: Any) -> tuple[bool, Any, int, int]:
    """Whether x lies transposed, x itself or a copy, and its row and matrix strides in numbers."""
    rows, columns = x.shape[1:]
    stride, down, right = [s // x.itemsize for s in x.strides]
    if right == 1 and down >= columns:
        return False, x, down, stride
    if down == 1 and right >= rows:
        return True, x, right, stride
    return False, xp.ascontiguousarray(x), columns, rows * columns
