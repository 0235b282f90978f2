"""layer_norm on CUDA: a warp for each row; only the mean and 1/σ of the rows are kept."""

from minibig.backend import namespace
from minibig.kernels.cuda.compilation import contiguous, launch, parts_of, real, takes
from minibig.ops import layer_norm

_ROWS = 8  # rows, and so warps, in a block


@layer_norm.kernel("cuda")
def forward(x, weight, bias, *, keep, eps):
    if not takes(x, weight, bias):
        return NotImplemented
    xp = namespace(x)
    x = contiguous(x)
    weight, bias = (None if a is None else contiguous(a) for a in (weight, bias))
    D = x.shape[-1]
    N = x.size // D
    y, mean, r = xp.empty_like(x), xp.empty(N, real(x)), xp.empty(N, real(x))
    launch("normalization.cu", "layer_norm_forward", like=x)(
        (-(-N // _ROWS),), (32, _ROWS), (x, weight, bias, y, mean, r, N, D, float(eps))
    )
    return y, (x, weight, mean, r)


@forward.vjp
def backward(g, residuals, *, needed, owned, last, eps):
    x, weight, mean, r = residuals
    xp = namespace(x)
    g = contiguous(g)
    D = x.shape[-1]
    N = x.size // D
    x_grad = weight_grad = bias_grad = None
    if needed[0]:
        x_grad = xp.empty_like(x)
        launch("normalization.cu", "layer_norm_backward", like=x)(
            (-(-N // _ROWS),), (32, _ROWS), (g, x, weight, mean, r, x_grad, N, D)
        )
    if needed[1] or needed[2]:
        parts, size = parts_of(N)
        sums = xp.empty((2, parts, D), real(x))
        launch("normalization.cu", "layer_norm_columns", like=x)(
            (-(-D // 32), parts), (32, 8), (g, x, mean, r, sums[0], sums[1], N, D, size)
        )
        weight_grad, bias_grad = sums.sum(axis=1).astype(x.dtype, copy=False)
    return x_grad, weight_grad if needed[1] else None, bias_grad if needed[2] else None
