"""First values for weights: random, and of a size that keeps signals alive through many layers.

Where n numbers are added up, the variance grows n times; so each weight's variance is about 1/n.
Everything is drawn from the stream "init" on the CPU, in float32: a seed means the same on every
device. Weights have shape (in, out), or (..., in, out).
"""

import math

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import Array, InputError, Shape, checks, device, stream, to_device
from minibig.nn.placeholders import placeholder, values_are_left_out
from minibig.ops import full


def normal_weights(shape: Shape, std: float = 0.02) -> Tensor:
    """W ~ N(0, std²); 0.02 is what GPT and BERT use.

    Source:  Radford et al. 2018, "Improving language understanding by generative pre-training",
             section 4.1.

    >>> normal_weights((2, 3)).shape
    (2, 3)
    """
    std = checks.number("std", std, above=0)
    if values_are_left_out():
        return placeholder(shape)
    values = stream("init").standard_normal(shape, dtype="float32")
    values *= std
    return _placed(values)


def uniform_weights(shape: Shape, bound: float) -> Tensor:
    """W ~ U[−bound, bound).

    >>> bool(abs(uniform_weights((50,), 0.1)).max().item() <= 0.1)
    True
    """
    bound = checks.number("bound", bound, above=0)
    if values_are_left_out():
        return placeholder(shape)
    values = stream("init").random(shape, dtype="float32")
    values *= 2 * bound
    values -= bound
    return _placed(values)


def constant_weights(shape: Shape, value: float) -> Tensor:
    """Every number is `value`: biases start at 0, the weights of norms at 1.

    >>> constant_weights((2,), 1.0)
    tensor([1., 1.])
    """
    return placeholder(shape) if values_are_left_out() else full(shape, value)


def glorot_uniform(shape: Shape) -> Tensor:
    """W ~ U[−b, b), b = √(6 / (in + out)): keeps the variance forward and backward (Xavier).

    Source:  Glorot and Bengio 2010, AISTATS, eq. 16.
    """
    fan_in, fan_out = fans(shape)
    return uniform_weights(shape, math.sqrt(6 / (fan_in + fan_out)))


def glorot_normal(shape: Shape) -> Tensor:
    """W ~ N(0, 2 / (in + out)): the normal distribution of the same variance.

    Source:  Glorot and Bengio 2010, AISTATS, eq. 12.
    """
    fan_in, fan_out = fans(shape)
    return normal_weights(shape, math.sqrt(2 / (fan_in + fan_out)))


def he_uniform(shape: Shape) -> Tensor:
    """W ~ U[−b, b), b = √(6 / in): for layers before a relu, which halves the variance (Kaiming).

    Source:  He et al. 2015, arXiv:1502.01852, eq. 10, as a uniform distribution.
    """
    return uniform_weights(shape, math.sqrt(6 / fans(shape)[0]))


def he_normal(shape: Shape) -> Tensor:
    """W ~ N(0, 2 / in): for layers before a relu, which halves the variance (Kaiming).

    Source:  He et al. 2015, arXiv:1502.01852, eq. 10.
    """
    return normal_weights(shape, math.sqrt(2 / fans(shape)[0]))


def fans(shape: Shape) -> tuple[int, int]:
    """How many numbers meet in one output, and how many outputs one number reaches.

    >>> fans((3, 5))
    (3, 5)
    """
    if len(shape) < 2 or 0 in shape:
        raise InputError(
            f"this initializer needs a shape (in, out) without empty axes; got {tuple(shape)}."
        )
    return shape[-2], shape[-1]


def _placed(array: Array) -> Tensor:
    return Tensor(to_device(np.asarray(array), device()))
