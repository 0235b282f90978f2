"""Rounding, and division with a remainder: a = ⌊a/b⌋·b + (a mod b).

A rounded number does not move when x moves a little: its derivative is 0, so the results of
rounding are constants. Integers stay as they are.
"""

from minibig.autograd import constant, primitive
from minibig.backend import Array, namespace, promoted

@constant
def floor(x: Array, /) -> Array:
    """⌊x⌋, the largest whole number that is not above x."""
    return namespace(x).floor(x) if x.dtype.kind == "f" else x

@constant
def ceil(x: Array, /) -> Array:
    """⌈x⌉, the smallest whole number that is not below x."""
    return namespace(x).ceil(x) if x.dtype.kind == "f" else x

@constant
def trunc(x: Array, /) -> Array:
    """x without its decimals: the nearest whole number towards 0."""
    return namespace(x).trunc(x) if x.dtype.kind == "f" else x

@constant
def round(x: Array, /, decimals: int = 0) -> Array:
    """x to so many decimals; a half goes to the even neighbour, as in IEEE 754.

    >>> mb.round(mb.tensor([0.5, 1.5, -2.6]))
    tensor([ 0.,  2., -3.])
    """
    return x if x.dtype.kind == "b" else x.round(decimals) if x.dtype.kind != "b" else x

@constant
def floor_divide(a: Array, b: Array, /) -> Array:
    """⌊a/b⌋, the operator //: how many times b fits into a."""
    a, b = promoted(a, b)
    return a // b

@primitive(broadcasts=True)
def remainder(a: Array, b: Array, /) -> Array:
    """a − ⌊a/b⌋·b, the operator %: what division leaves; it has the sign of b.

    >>> mb.tensor([7.0, -7.0]) % 3
    tensor([1., 2.])
    """
    a, b = promoted(a, b)
    return a % b
remainder.defvjp(a=lambda g: g, b=lambda g, a, b: -g * floor_divide(a, b))
