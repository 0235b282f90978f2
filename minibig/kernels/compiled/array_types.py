"""The types of what compiled loops are given: contiguous arrays of float32, and numbers.

`In1` is a vector that is read, `Out2` a matrix that is read and written. Of other dtypes are `Ids`,
whole numbers, and `Wide1`, sums in float64.
"""

from numba import types

In1, In2, In3 = (types.Array(types.float32, n, "C", readonly=True) for n in (1, 2, 3))
Out1, Out2, Out3 = (types.Array(types.float32, n, "C") for n in (1, 2, 3))
Ids = types.Array(types.int64, 1, "C", readonly=True)
Wide1 = types.Array(types.float64, 1, "C")
Real, Whole, Flag = types.float64, types.int64, types.boolean
Pair = types.UniTuple(types.float64, 2)
Words1 = types.Array(types.uint64, 1, "C")
Mask2 = types.Array(types.boolean, 2, "C")
