"""Imports Numba and minibig's compiled loops where they are used, which happens at the first loop.

So what they take counts as import, like that of any other library, and not as work.
"""

from importlib import import_module
from pkgutil import iter_modules

from minibig.kernels import loops

if loops.kind() == loops.COMPILED:
    from minibig.kernels import compiled

    for module in iter_modules(compiled.__path__):
        import_module(f"{compiled.__name__}.{module.name}")
