"""The loops of kernels as plain loops over numbers, compiled by Numba: float32, one pass each.

The files and functions have the names of those in `kernels/` that they stand for; `compiling` says
how they are compiled. Nothing here is imported before the first loop runs.
"""

__all__: list[str] = []
