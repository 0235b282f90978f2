"""Rounding, and division with a remainder: a = ⌊a/b⌋·b + (a mod b).

A rounded number does not move when x moves a little: its derivative is 0, so the results of
rounding are constants. Integers stay as they are.
"""

from minibig.autograd import Primitive, constant, primitive
from minibig.backend import Array, namespace, promoted
from minibig.ops.elementwise import named

def _rounded(name: str, meaning: str) -> Primitive:
    def rounded(x: Array, /) -> Array:
        return getattr(namespace(x), name)(x) if x.dtype.kind == "f" else x
    return constant(named(rounded, name, meaning))

floor = _rounded("floor", "⌊x⌋, the largest whole number that is not above x.")
ceil = _rounded("ceil", "⌈x⌉, the smallest whole number that is not below x.")
trunc = _rounded("trunc", "x without its decimals: the nearest whole number towards 0.")

@constant
def round(x: Array, /, decimals: int = 0) -> Array:
    """x to so many decimals; a half goes to the even neighbour, as in IEEE 754.

    >>> mb.round(mb.tensor([0.5, 1.5, -2.6]))
    tensor([ 0.,  2., -3.])
    """
    return x if x.dtype.kind == "b" else x.round(decimals)

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
