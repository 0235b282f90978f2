"""The few primitives that the engine itself needs: alias, add, reshape, and the broadcasting pair.

`sum_to` and `broadcast_to` are each other's derivative; with them the engine brings the gradient of
a broadcast input back to the input's shape.
"""

from typing import Any

from minibig.autograd.primitives import primitive
from minibig.autograd.tensors import Tensor
from minibig.backend import Array, InputError, Shape, namespace, promoted, total


@primitive(name="input")
def alias(x: Array, /) -> Array:
    """x itself, as a node of its own: where a functional form enters."""
    return x


alias.defvjp(x=lambda g: g)


@primitive(broadcasts=True)
def add(a: Array, b: Array, /) -> Array:
    """a + b, element by element.

    >>> mb.add(mb.tensor([1.0, 2.0]), 0.5)
    tensor([1.5, 2.5])
    """
    a, b = promoted(a, b)
    return a + b


add.defvjp(a=lambda g: g, b=lambda g: g)


@primitive(name="reshape")
def reshape_to(x: Array, /, *, shape: Shape) -> Array:
    """x in the shape `shape`."""
    return x.reshape(shape)


reshape_to.defvjp(x=lambda g, x_shape: reshape_to(g, shape=x_shape))


def reshape(x: Any, /, *shape: Any) -> Tensor:
    """The elements of x in another shape; one axis may be -1.

    >>> mb.reshape(mb.tensor([1, 2, 3, 4]), (2, -1))
    tensor([[1, 2],
            [3, 4]])
    """
    if len(shape) == 1 and not isinstance(shape[0], int):
        shape = tuple(shape[0])
    try:
        if min(shape, default=0) < -1:  # NumPy takes any negative length for -1
            raise ValueError
        return reshape_to(x, shape=shape)
    except ValueError:
        raise InputError(f"reshape: {x.size} elements, {x.shape}, do not fit {shape}.") from None


@primitive(name="sum")
def sum_to(x: Array, /, *, shape: Shape) -> Array:
    """x summed over the axes along which `shape` was broadcast to x.shape."""
    extra = x.ndim - len(shape)
    axes = tuple([i for i, n in enumerate(x.shape) if i < extra or n != shape[i - extra]])
    return total(x, axes, keepdims=True).reshape(shape)


@primitive
def broadcast_to(x: Array, /, shape: Shape) -> Array:
    """x repeated along new axes, and along axes of length 1, up to `shape`.

    >>> mb.broadcast_to(mb.tensor([1.0, 2.0]), shape=(2, 2))
    tensor([[1., 2.],
            [1., 2.]])
    """
    lengths, wanted = ([n for n in each if n != 1] for each in (x.shape, shape))
    if lengths == wanted and x.ndim <= len(shape):  # nothing is repeated: no read-only view
        return x.reshape(shape)
    return namespace(x).broadcast_to(x, shape)


sum_to.defvjp(x=lambda g, x_shape: broadcast_to(g, shape=x_shape))
broadcast_to.defvjp(x=lambda g, x_shape: sum_to(g, shape=x_shape))
