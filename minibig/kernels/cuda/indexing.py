"""embedding on CUDA: the gradient adds up the rows of each token, sorted; nothing is atomic."""

from minibig.backend import device_of, namespace
from minibig.kernels.cuda.compilation import contiguous, launch, takes
from minibig.ops import embedding


@embedding.kernel("cuda")
def forward(weight, ids, *, keep):
    if not ids.size or not takes(weight) or device_of(ids) != device_of(weight):
        return NotImplemented
    return weight[ids], (weight.shape, ids)


@forward.vjp
def backward(g, residuals, *, needed, owned, last):
    shape, ids = residuals
    xp = namespace(g)
    g, tokens = contiguous(g), ids.reshape(-1).astype("int64")
    places = xp.argsort(tokens, kind="stable")
    gradient = xp.zeros(shape, g.dtype)
    N, D = tokens.size, gradient.size // shape[0]
    launch("indexing.cu", "embedding_backward", like=g)(
        (N, -(-D // 32)), (32, 8), (g, tokens[places], places, gradient, N, D)
    )
    return gradient, None
