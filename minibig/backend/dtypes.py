"""The dtype in which operands are computed with: one rule for all operations.

Where something is floating-point, so is the result, in the widest floating-point dtype of the
arrays; whole numbers and booleans adapt to it, and so do numbers of Python and floating-point
arrays without axes. Beside a float of Python whole numbers become float32. (NumPy would make
float64 of float32 and int64.)

    float32 array · int64 array       float32       int64 array · 0.5         float32
    float32 array · float64 array     float64       float16 array · 2.0       float16
    float32 array · array(2.0)        float32       int64 array · int32 array int64
"""

from typing import Any

import numpy as np


def promoted(*operands: Any) -> tuple[Any, ...]:
    """The operands in the one dtype that they are computed in; numbers of Python stay as they are.

    >>> a, b = promoted(np.ones(2, np.float32), np.arange(2))
    >>> (a * b).dtype
    dtype('float32')
    """
    if len(operands) == 2:  # nearly always: two arrays of one dtype, or one and a number of Python
        a, b = operands
        p: Any = getattr(a, "dtype", None)
        q: Any = getattr(b, "dtype", None)
        if p is q or (q is None and p.kind == "f") or (p is None and q.kind == "f"):
            return operands
    arrays = [x for x in operands if hasattr(x, "dtype")]
    floats = [x for x in arrays if x.dtype.kind == "f"]
    if floats:
        common = np.result_type(*[x.dtype for x in floats if x.ndim] or [x.dtype for x in floats])
    elif any(isinstance(x, float) for x in operands):
        common = np.dtype("float32")
    else:
        return operands
    return tuple([x.astype(common, copy=False) if hasattr(x, "dtype") else x for x in operands])


def real(x: Any) -> Any:
    """x for a formula of real numbers: integers and booleans as float32, all else as it is.

    >>> real(np.array([True, False]))
    array([1., 0.], dtype=float32)
    """
    dtype = getattr(x, "dtype", None)
    return x if dtype is None or dtype.kind not in "iub" else x.astype("float32")
