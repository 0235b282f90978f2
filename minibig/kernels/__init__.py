"""Fast versions of some of ops/, under the same file names: only the speed changes with them.

The modules here run on NumPy, `elementwise` on both; those in `cuda`, on CuPy.
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
