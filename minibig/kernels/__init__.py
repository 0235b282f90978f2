"""Fast versions of some of ops/, under the same file names: only the speed changes with them.

The modules here take arrays of NumPy, `elementwise` also those of CuPy, for which there is `cuda`.
`loops` says what is compiled.
"""

from minibig.kernels import (
    cuda,
    dropout_masks,
    elementwise,
    indexing,
    loops,
    losses,
    normalization,
    products,
    scaled_dot_product_attention,
    updates,
)

__all__ = [
    "cuda",
    "dropout_masks",
    "elementwise",
    "indexing",
    "loops",
    "losses",
    "normalization",
    "products",
    "scaled_dot_product_attention",
    "updates",
]
