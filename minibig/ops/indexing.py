"""Picking elements, and its transpose: adding elements at places.

    y = x[index]      x̄ = zeros with g added at index       (and the other way round)

Token ids are checked before every lookup, on every device: a negative id would silently read from
the end, and a GPU would wrap a large one.
"""

from typing import Any

from minibig.autograd import Tensor, as_tuple, constant, fusible, primitive, reshape
from minibig.backend import Array, InputError, Shape, checks, is_array, namespace, plain
from minibig.ops.arithmetic import maximum, where
from minibig.ops.operands import array_of, checked_axis, expect_shape
from minibig.ops.shapes import transpose

@primitive(name="x[index]")
def getitem_at(x: Array, /, *, index: Any) -> Array:
    """x[index], of an index that was checked."""
    return x[index]

@primitive(name="scatter_add")
def add_at(g: Array, /, *, index: Any, shape: Shape) -> Array:
    """Zeros of shape `shape`, with g added at `index`; a place named twice receives both."""
    xp = namespace(g)
    result = xp.zeros(shape, g.dtype)
    if any(is_array(part) for part in index):
        xp.add.at(result, index, g)
    else:  # integers, slices, None and an ellipsis name no place twice
        result[index] = g
    return result
getitem_at.defvjp(x=lambda g, x_shape, index: add_at(g, index=index, shape=x_shape))
add_at.defvjp(g=lambda g, index: getitem_at(g, index=index))

def getitem(x, index: Any, /) -> Tensor:
    """x[index] with NumPy's basic and advanced indexing; integers out of range are an error.

    >>> x = mb.tensor([[1, 2, 3], [4, 5, 6]])
    >>> x[:, 1], x[0, [2, 0]], x[x > 4]
    (tensor([2, 5]), tensor([3, 1]), tensor([5, 6]))
    """
    parts = [_index_part(array_of(x), part) for part in as_tuple(index)]
    _check_in_range(x.shape, parts)
    return getitem_at(x, index=tuple(parts))

def _index_part(x: Array, part: Any) -> Any:
    """One part of an index as a slice, None, an ellipsis, an int, or an array on the device of x.

    All else is an array of indices, as in NumPy: lists, ranges, tuples inside an index, booleans.
    """
    if part is None or part is Ellipsis or isinstance(part, slice) or type(part) is int:
        return part
    try:
        array = namespace(x).asarray(part.data if isinstance(part, Tensor) else plain(part))
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"an index must be integers or bools: {error}.") from None
    if not array.size and isinstance(part, list | tuple | range):  # NumPy takes them for floats
        array = array.astype("int64")
    if array.dtype.kind not in "iub":
        raise InputError(f"an index must be integers or bools; got {array.dtype}.")
    return array if array.ndim or array.dtype.kind == "b" else int(array)

def _check_in_range(shape: Shape, parts: list[Any]) -> None:
    """Raise InputError if an array of integers names a place beyond its axis."""
    axis, left = 0, len(shape) - sum(map(_axes_taken, parts))
    for part in parts:
        if is_array(part) and part.dtype.kind != "b" and axis < len(shape):
            length = shape[axis]
            if wrong := outside(part, -length, length):
                raise InputError(f"index {wrong[0]} is beyond axis {axis} of length {length}.")
        axis += left if part is Ellipsis else _axes_taken(part)

def _axes_taken(part: Any) -> int:
    """How many axes of x a part of an index uses up; an ellipsis takes what the others leave."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if is_array(part) and part.dtype.kind == "b" else 1

SAME_VOCABULARY = "Check that tokenizer and model have the same vocabulary."

def outside(ids: Array, low: int, high: int) -> list[int]:
    """The smallest and the largest of the ids, unless they lie in [low, high)."""
    extremes = (int(ids.min()), int(ids.max())) if ids.size else ()
    return [i for i in extremes if not low <= i < high]

def checked_ids(ids: Any, n: int, name: str, advice: str = "") -> Array:
    """The array of ids, if all are whole numbers from 0 to n − 1.

    Raises:  InputError that names an offending value and n.

    >>> checked_ids(mb.tensor([0, 7]), 5, "token ids")
    Traceback (most recent call last):
    minibig.backend.errors.InputError: token ids must be whole numbers from 0 to 4; got 7.
    """
    array, expected = array_of(ids, name), f"whole numbers from 0 to {n - 1}"
    if array.dtype.kind not in "iu":
        got = f"{array.dtype}, first {array.reshape(-1)[:1].tolist()}"
        raise InputError(f"{name} must be {expected}; got {got}. Use x.astype('int64').")
    if wrong := outside(array, 0, n):
        raise checks.refusal(name, expected, wrong[0], advice)
    return array

def take(x, ids, /, axis: int = 0) -> Tensor:
    """The slices of x along `axis` with the numbers `ids`, which are checked.

    Shapes:  x (N, ...), ids (...)  ->  (*ids.shape, ...) for axis 0.

    >>> mb.take(mb.tensor([10.0, 20.0, 30.0]), mb.tensor([2, 0]))
    tensor([30., 10.])
    """
    axis = checked_axis(axis, x.ndim, "take")
    ids = checked_ids(ids, x.shape[axis], "ids")
    return getitem_at(x, index=(*(slice(None),) * axis, ids))

def take_along_axis(x, ids, axis: int):
    """x[..., ids[..., i, ...], ...]: elements at the places `ids` of one axis; unchecked ids."""
    return getitem_at(x, index=_index_along(array_of(ids), axis))

def _index_along(ids: Array, axis: int) -> tuple[Array, ...]:
    """The index that takes ids along `axis`, and every element's own place along the other axes."""
    xp = namespace(ids)
    index = xp.ix_(*map(xp.arange, ids.shape))  # (n, 1, 1), (m, 1), ..., which broadcast
    return (*index[:axis], ids, *index[axis + 1 :])

def _checked_along(x, ids, axis: int, name: str) -> tuple[Array, int]:
    """The ids, of which every row along the axis has some, and the axis counted from the front."""
    axis = checked_axis(axis, x.ndim, name)
    ids = checked_ids(ids, x.shape[axis], "ids")
    wanted = (*x.shape[:axis], *ids.shape[axis : axis + 1], *x.shape[axis + 1 :])
    if ids.ndim != x.ndim or ids.shape != wanted:
        expected = f"the shape {x.shape} of x, but for axis {axis}"
        raise InputError(f"{name}: ids must have {expected}; got {ids.shape}.")
    return ids, axis

def gather(x, ids, /, axis: int = -1) -> Tensor:
    """y[..., i, ...] = x[..., ids[..., i, ...], ...]: along `axis` every row has ids of its own.

    Shapes:  x (..., N, ...), ids (..., M, ...)  ->  (..., M, ...), as numpy.take_along_axis.
    """
    return take_along_axis(x, *_checked_along(x, ids, axis, "gather"))

def scatter(x, ids, values, /, axis: int = -1) -> Tensor:
    """x, but y[..., ids[..., i, ...], ...] = values[..., i, ...]: what `gather` took, put back.

    Of equal ids the last counts, on every device.

    Shapes:  x (..., N, ...), ids and values (..., M, ...)  ->  the shape of x.

    >>> mb.scatter(mb.zeros((4,)), mb.tensor([2, 0]), mb.tensor([5.0, 7.0]))
    tensor([7., 0., 5., 0.])
    """
    ids, axis = _checked_along(x, ids, axis, "scatter")
    expect_shape("scatter: values", values, ids.shape)
    if not ids.size:
        return x
    giver = number_of_last(ids, shape=x.shape, axis=axis)  # which value a place gets; -1: none
    return where(giver < 0, x, getitem_at(reshape(values, -1), index=(maximum(giver, 0),)))

def number_of_last(ids: Array, *, shape: Shape, axis: int) -> Array:
    """For every place of `shape` the number of the last id that names it; −1 if there is none."""
    xp = namespace(ids)
    numbers = xp.full(shape, -1)
    xp.maximum.at(numbers, _index_along(ids, axis), xp.arange(ids.size).reshape(ids.shape))
    return numbers

@constant
def one_hot(ids: Array, /, n: int, dtype: Any = "float32") -> Array:
    """1 at the place in [0, n) that each id names, else 0.

    Shapes:  ids (...)  ->  (..., n).
    """
    checked_ids(ids, n, "ids")
    return (ids[..., None] == namespace(ids).arange(n)).astype(dtype)

def scatter_add(x, ids, values, /) -> Tensor:
    """x with the slices `values` added to its slices along axis 0 with the numbers `ids`.

    >>> mb.scatter_add(mb.zeros((3,)), mb.tensor([0, 2, 0]), mb.tensor([1.0, 2.0, 3.0]))
    tensor([4., 0., 2.])
    """
    ids = checked_ids(ids, x.shape[0], "ids")
    expect_shape("scatter_add: values", values, (*ids.shape, *x.shape[1:]))
    return x + add_at(values, index=(ids,), shape=x.shape)

def _places_of_diagonal(n: int, m: int, k: int, x: Array) -> tuple[Array, Array]:
    """The rows and columns of the k-th diagonal of a matrix (n, m); above the main one if k > 0."""
    row, column = max(-k, 0), max(k, 0)
    i = namespace(x).arange(max(0, min(n - row, m - column)))
    return i + row, i + column

def diagonal(x, /, k: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The k-th diagonal over two axes of x, as the last axis of the result.

    >>> mb.diagonal(mb.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    a, b = (checked_axis(axis, x.ndim, "diagonal") for axis in (axis1, axis2))
    if a == b:
        raise InputError(f"diagonal needs two axes that differ; got {axis1} and {axis2}.")
    x = transpose(x, [i for i in range(x.ndim) if i not in (a, b)] + [a, b])
    n, m = x.shape[-2:]
    return getitem_at(x, index=(..., *_places_of_diagonal(n, m, k, array_of(x))))

def diag(x, /, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix; of a vector, the matrix that has it there and 0 elsewhere.

    >>> mb.diag(mb.tensor([1, 2])).tolist()
    [[1, 0], [0, 2]]
    """
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise InputError(f"diag needs a vector or a matrix; got shape {x.shape}.")
    n = len(x) + abs(k)
    return add_at(x, index=_places_of_diagonal(n, n, k, array_of(x)), shape=(n, n))

@fusible
def embedding(weight, ids, /):
    """The rows of `weight` that belong to the token ids: a table lookup (词嵌入).

    Shapes:  weight (V, D), ids (...)  ->  (..., D).
    Raises:  InputError for an id that is negative, V or more, or not an integer.

    >>> mb.embedding(mb.tensor([[1.0, 2.0], [3.0, 4.0]]), mb.tensor([1, 1])).tolist()
    [[3.0, 4.0], [3.0, 4.0]]
    """
    return take(weight, ids)
embedding.check(lambda weight, ids: checked_ids(ids, weight.shape[0], "token ids", SAME_VOCABULARY))
