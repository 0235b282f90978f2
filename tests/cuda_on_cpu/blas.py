"""cuBLAS's batched product on the memory of the fake device, column by column as Fortran has it."""

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np


def _matrix(
    address: int, rows: int, columns: int, leading: int, stride: int, batch: int
) -> np.ndarray:
    """A stack of matrices in column-major order that lies at an address, as a view."""
    assert leading >= max(1, rows), "a column must not reach into the next"
    span = (batch - 1) * abs(stride) + (columns - 1) * leading + rows
    flat = np.frombuffer((ctypes.c_char * (2 * span)).from_address(address), np.float16)
    return np.lib.stride_tricks.as_strided(
        flat, (batch, rows, columns), (2 * stride, 2, 2 * leading)
    )


def gemmStridedBatchedEx(*arguments: Any) -> None:
    """C = alpha op(A) op(B) + beta C for float16 in memory and float32 sums, alpha and beta."""
    handle, trans_a, trans_b, m, n, k, alpha, *rest = arguments
    a, a_type, lda, a_stride, b, b_type, ldb, b_stride, beta, c, c_type, ldc, c_stride = rest[:13]
    batch, compute, algorithm = rest[13:]
    assert handle == "handle"
    assert (a_type, b_type, c_type, compute, algorithm) == (2, 2, 2, 68, -1)
    assert ctypes.c_float.from_address(alpha).value == 1
    assert ctypes.c_float.from_address(beta).value == 0
    A = _matrix(a, *((k, m) if trans_a else (m, k)), lda, a_stride, batch)
    B = _matrix(b, *((n, k) if trans_b else (k, n)), ldb, b_stride, batch)
    A, B = (A.mT if trans_a else A), (B.mT if trans_b else B)
    _matrix(c, m, n, ldc, c_stride, batch)[...] = A.astype("float32") @ B.astype("float32")


cublas = SimpleNamespace(
    gemmStridedBatchedEx=gemmStridedBatchedEx,
    CUBLAS_OP_N=0,
    CUBLAS_OP_T=1,
    CUBLAS_COMPUTE_32F=68,
    CUBLAS_GEMM_DEFAULT=-1,
)
