"""CUDA sources become kernels: compiled when first called, once for each type of number.

    launch("updates.cu", "adamw_update", like=p)(grid, block, (p, g, m, v, p.size, lr))

Arguments are contiguous arrays, or None for a null pointer; Python's int, which is a long long
there; Python's float, which is a double; and NumPy arrays of one element, which are structs.
"""

import functools
from collections.abc import Callable
from typing import Any

from minibig.backend import Array, namespace

# dtype -> the type in memory and the type of arithmetic, as `numbers.cuh` calls them
_TYPES = {
    "float32": ("float", "float"),
    "float64": ("double", "double"),
    "float16": ("float16", "float"),
    "bfloat16": ("bfloat16", "float"),
}


def takes(*arrays: Array | None) -> bool:
    """Whether kernels take these arrays: some numbers in each, all of one floating-point type.

    They must lie on the current device, because that is where kernels run. A module that stands in
    for CuPy and compiles no CUDA has no RawModule: then no kernel takes anything.
    """
    given: list[Any] = [a for a in arrays if a is not None]
    xp: Any = namespace(given[0]) if given else None
    return (
        hasattr(xp, "RawModule")
        and len({a.dtype for a in given}) == 1
        and given[0].dtype.name in _TYPES
        and all(a.size and a.device == xp.cuda.Device() for a in given)
    )


def contiguous(x: Any) -> Any:
    """x, or a copy of it whose numbers lie side by side, row after row."""
    return x if x.flags.c_contiguous else namespace(x).ascontiguousarray(x)


def real(x: Array) -> str:
    """The dtype in which kernels compute with numbers like those of x."""
    return "float64" if x.dtype.name == "float64" else "float32"


def launch(file: str, name: str, like: Array, **constants: int) -> Callable[..., None]:
    """The kernel `name` of a source, for numbers like those of an array and for these constants.

    It is called with the sizes of the grid and of a block, and with its arguments.
    """
    stored, computed = _TYPES[like.dtype.name]
    definitions = (("STORED", stored), ("COMPUTED", computed), *constants.items())
    return _compiled(namespace(like), file, name, definitions)


@functools.cache
def _compiled(xp: Any, file: str, name: str, definitions: tuple[tuple[str, Any], ...]) -> Any:
    options = tuple(f"-D{key}={value}" for key, value in definitions)
    return xp.RawModule(code=source(file), options=options).get_function(name)


@functools.cache
def source(file: str) -> str:
    """The text of a source with `numbers.cuh` before it, as the compiler gets it."""
    from pathlib import Path  # 5 ms of an import that shall be short

    folder = Path(__file__).parent
    numbers, text = ((folder / each).read_text("utf-8") for each in ("numbers.cuh", file))
    return f'#line 1 "numbers.cuh"\n{numbers}\n#line 1 "{file}"\n{text}'


def parts_of(n: int, smallest: int = 64, most: int = 256) -> tuple[int, int]:
    """Into how many parts n rows are cut, and how many rows a part has.

    >>> parts_of(10), parts_of(130), parts_of(100_000)
    ((1, 64), (3, 64), (256, 391))
    """
    size = max(smallest, -(-n // most))
    return -(-n // size), size
