"""adamw_update on CUDA: one kernel reads and writes each number once, in place."""

import math

from minibig.kernels.cuda.compilation import contiguous, launch, takes
from minibig.ops import adamw_update


@adamw_update.kernel("cuda")
def forward(p, g, m, v, *, keep, lr, betas, eps, weight_decay, t):
    if keep or not takes(p, g, m, v) or not all(x.flags.c_contiguous for x in (p, m, v)):
        return NotImplemented
    beta1, beta2 = map(float, betas)
    lr, kept = float(lr), 1 - float(lr) * float(weight_decay)
    step = lr / (1 - beta1**t)
    root = 1 / math.sqrt(1 - beta2**t)
    g = contiguous(g)
    launch("updates.cu", "adamw_update", like=p)(
        (-(-p.size // 256),),
        (256,),
        (p, g, m, v, p.size, beta1, beta2, step, root, float(eps), kept),
    )
    return (p, m, v), None
