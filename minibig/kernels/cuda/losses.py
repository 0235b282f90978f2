"""cross_entropy on CUDA: one pass over the logits forward, one backward; no softmax is stored."""

from minibig.backend import device_of, namespace
from minibig.kernels.cuda.compilation import contiguous, launch, real, takes
from minibig.ops import cross_entropy

_THREADS = 256  # as in losses.cu


@cross_entropy.kernel("cuda")
def forward(logits, targets, *, keep, weights, ignore_index, label_smoothing, reduction):
    if weights is not None or reduction != "mean":
        return NotImplemented
    if device_of(targets) != device_of(logits) or not takes(logits):
        return NotImplemented
    xp = namespace(logits)
    logits = contiguous(logits)
    targets = contiguous(targets.astype("int64", copy=False))
    N, V = targets.size, logits.shape[-1]
    top, log_sum, losses = (xp.empty(N, real(logits)) for _ in range(3))
    launch("losses.cu", "cross_entropy_forward", like=logits)(
        (N,),
        (_THREADS,),
        (logits, targets, top, log_sum, losses, V, ignore_index, float(label_smoothing)),
    )
    count = (targets != ignore_index).sum()  # stays on the device; 0 gives NaN, as the formula does
    loss = (losses.sum(dtype="float64") / count).astype(logits.dtype)
    return loss, (logits, targets, top, log_sum, count)


@forward.vjp
def backward(
    g, residuals, *, needed, owned, last, weights, ignore_index, label_smoothing, reduction
):
    logits, targets, top, log_sum, count = residuals
    gradient = namespace(logits).empty_like(logits)
    launch("losses.cu", "cross_entropy_backward", like=logits)(
        (targets.size,),
        (_THREADS,),
        (
            *(g, logits, targets, top, log_sum, count, gradient),
            *(logits.shape[-1], ignore_index, float(label_smoothing)),
        ),
    )
    return gradient, None
