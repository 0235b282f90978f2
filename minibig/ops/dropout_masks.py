"""Dropout (随机失活): numbers are set to 0 at random while a model learns."""

from functools import partial

from minibig.autograd import Tensor, fusible
from minibig.backend import DropoutKey, checks, device_of, dropout_key, keep_mask
from minibig.ops.operands import array_of, expect_floats

@partial(fusible, name="dropout")
def masked(x, /, *, p: float, key: DropoutKey):
    """x·mask / (1 − p), for the mask that belongs to the key.

    >>> masked(mb.ones((1, 4)), p=0.5, key=DropoutKey(3))
    tensor([[2., 2., 0., 0.]])
    """
    mask = keep_mask(x.shape, p, key, device_of(array_of(x)))
    return x * (mask * x.dtype.type(1 / (1 - p)))
masked.check(lambda x, **settings: expect_floats("dropout: x", x))

def dropout(x, /, p: float, *, key: DropoutKey | None = None) -> Tensor:
    """x·mask / (1 − p), mask 0 with probability p; the expectation stays x.

    The mask is a function of the key and of the number of the example (axis 0), so it is the same
    on every device, and again in a recomputation. Without a key each call draws the next one.

    Source:  Srivastava et al. 2014, JMLR 15, section 4, scaled while training instead of after.

    >>> y = mb.dropout(mb.ones((1, 1000)), p=0.5)
    >>> sorted(set(y.tolist()[0]))
    [0.0, 2.0]
    """
    checks.number("dropout: p", p, 0, below=1)
    expect_floats("dropout: x", x)
    return masked(x, p=p, key=key or dropout_key("dropout")) if p else x
