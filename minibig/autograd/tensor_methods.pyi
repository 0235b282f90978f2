"""The types of what `ops/methods.py` gives to tensors, for type checkers."""

from typing import Any

import numpy as np

from minibig.autograd.tensors import Tensor
from minibig.backend.devices import Shape

class TensorMethods:
    @property
    def shape(self) -> Shape: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def _unary(self) -> Tensor: ...
    def _binary(self, other: Any, /) -> Tensor: ...
    def _method(self, *arguments: Any, **keywords: Any) -> Tensor: ...
    def _several(self, *arguments: Any, **keywords: Any) -> tuple[Tensor, ...]: ...
    def backward(
        self, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False
    ) -> None: ...
    def trace(self, gradient: Any = None) -> None: ...
    @property
    def T(self) -> Tensor: ...

    __pos__ = __neg__ = __abs__ = __invert__ = __floor__ = __ceil__ = _unary
    __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = __matmul__ = _binary
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = _binary
    __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __getitem__ = _binary
    __lt__ = __le__ = __gt__ = __ge__ = __and__ = __rand__ = __or__ = __ror__ = _binary
    __xor__ = __rxor__ = _binary
    __eq__ = __ne__ = _binary  # type: ignore[assignment]
    abs = ceil = clone = copy = cos = exp = floor = isfinite = isinf = isnan = _unary
    log = relu = sigmoid = sign = sin = sqrt = tanh = _unary
    __round__ = all = any = argmax = argmin = argsort = astype = clip = _method
    cumprod = cumsum = diagonal = expand_dims = flatten = log_softmax = logsumexp = _method
    max = mean = min = norm = prod = ravel = repeat = reshape = round = softmax = _method
    sort = squeeze = std = sum = swapaxes = take = to = transpose = var = _method
    nonzero = split = __divmod__ = __rdivmod__ = _several
