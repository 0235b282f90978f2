"""Every formula with its derivative.

Read in this order: elementwise, arithmetic, shapes, reductions, indexing, products, einsum,
softmax, normalization, attention, losses, dropout, updates; creation makes new tensors, and methods
is the table that gives Tensor its operators.
"""

from minibig.ops import methods as methods
from minibig.ops.arithmetic import (
    clip, div, equal, greater, greater_equal, less, less_equal, logical_and, logical_not,
    logical_or, maximum, minimum, mul, neg, not_equal, pow, sub, where,
)
from minibig.ops.scaled_dot_product_attention import attention, attention_weights, causal_mask
from minibig.ops.creation import arange, full, normal, ones, uniform, zeros
from minibig.ops.dropout_masks import dropout
from minibig.ops.einstein_sums import einsum
from minibig.ops.elementwise import abs_ as abs
from minibig.ops.elementwise import (
    astype, cos, elu, erf, exp, expm1, gelu, gelu_tanh, leaky_relu, log, log1p, normal_cdf, relu,
    sigmoid, sign, silu, sin, softplus, sqrt, tanh,
)
from minibig.ops.indexing import (
    argsort, checked_ids, embedding, gather, getitem, one_hot, scatter_add, sort, take, top_k,
)
from minibig.ops.losses import binary_cross_entropy_with_logits, cross_entropy, mean_squared_error
from minibig.ops.normalization import layer_norm, rms_norm
from minibig.ops.products import feed_forward, linear, matmul, outer
from minibig.ops.reductions import (
    argmax, cumsum, isfinite, logsumexp, max, mean, min, norm, prod, std, sum, var,
)
from minibig.ops.shapes import (
    concatenate, expand_dims, flip, pad, roll, split, squeeze, stack, swapaxes, tile, transpose,
    tril, triu,
)
from minibig.ops.softmaxes import log_softmax, softmax
from minibig.ops.updates import (
    adafactor_update, adam_update, adamw_update, muon_update, orthogonalized, sgd_update,
)
