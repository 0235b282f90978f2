"""CUDA versions of some of ops/: a `.cu` file with the kernels, a module beside it that calls them.

The modules have the names of the formulas' files once more. `numbers.cuh` stands before every
source; `compilation` turns a source into kernels when the first array on a GPU asks for one, so
that nothing here needs CuPy, a GPU or a compiler before that.
"""

from minibig.kernels.cuda import (
    compilation,
    dropout_masks,
    indexing,
    losses,
    normalization,
    products,
    scaled_dot_product_attention,
    stacked_products,
    updates,
)

__all__ = [
    "compilation",
    "dropout_masks",
    "indexing",
    "losses",
    "normalization",
    "products",
    "scaled_dot_product_attention",
    "stacked_products",
    "updates",
]
