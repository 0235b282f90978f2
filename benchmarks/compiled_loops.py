"""Imports Numba and makes minibig's compiled loops ready, which else happens when each first runs.

So what they take counts as import, like that of any other library, and not as work.
"""

from importlib import import_module
from pkgutil import iter_modules

from minibig import kernels
from minibig.kernels import loops

if loops.kind() == loops.COMPILED:
    for name in [module.name for module in iter_modules(kernels.__path__) if not module.ispkg]:
        for value in vars(import_module(f"{kernels.__name__}.{name}")).values():
            if isinstance(value, loops.CompiledLoop):
                value.is_compiled()
