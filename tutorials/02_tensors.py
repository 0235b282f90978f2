# %% [markdown]
# # 2 · Tensors and broadcasting
#
# > **摘要**：张量（tensor）是带形状的数组。本章先用循环把偏置加到每一行，再看广播如何用一条规则
# > 代替循环，它的导数为什么是"求和"。广播也会悄悄出错：(N,) 与 (N, 1) 相减得到 (N, N)，
# > 损失照常下降，模型却什么也没学到。我们先看它失败，再看本库如何拒绝它。
#
# ## Question
#
# A layer adds one bias to every row of a batch: shapes (B, F) and (F). Nobody writes a loop for
# it, and nobody copies the bias B times. **What does an array do when shapes differ, what is the
# derivative of that, and how does it go wrong?**

# %%
import itertools

import numpy as np
from chapter import BLUE, QUICK, RED, SAND, cost, expect, peak_bytes, picture, readable, seconds
from check import check

import minibig as mb

# %% [markdown]
# ## The smallest thing that could work
#
# Loops. Two examples, three features, one bias:

# %%
x = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
bias = [10.0, 20.0, 30.0]
looped = [[x[i][j] + bias[j] for j in range(3)] for i in range(2)]
print(looped)

# %% [markdown]
# Broadcasting (广播) is the rule that makes the loop unnecessary. Write the shapes one under the
# other, **right-aligned**. Where the lengths are equal, fine; where one of them is 1 or missing,
# it is repeated; anything else is an error. That is the whole rule:

# %%
def broadcast_shape(a, b):
    lengths = itertools.zip_longest(reversed(a), reversed(b), fillvalue=1)
    result = []
    for m, n in lengths:
        if m != n and 1 not in (m, n):
            raise ValueError(f"{a} and {b} do not fit: {m} against {n}")
        result.append(n if m == 1 else m)
    return tuple(reversed(result))

some = [(), (1,), (3,), (2, 1), (2, 3), (4, 1, 3), (4, 2, 1), (0,), (5,)]
agreed = 0
for a, b in itertools.product(some, some):
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        expected = None
    try:
        ours = broadcast_shape(a, b)
    except ValueError:
        ours = None
    expect(ours == expected, f"our rule and NumPy's agree on {a} and {b}")
    agreed += ours == expected
print(f"our rule and NumPy's agree on {agreed} pairs of shapes")

# %% [markdown]
# ### The derivative of repeating is adding up
#
# If one bias was used in every row, then a small change of it changes every row: its gradient is
# the **sum** of the gradients of all its copies. In one line, for any g of the large shape:
# the product of g with the repeated b equals the product of the summed g with b.

# %%
rng = np.random.default_rng(0)
b, g = rng.standard_normal((3, 1)), rng.standard_normal((2, 3, 4))
repeated = np.broadcast_to(b, g.shape)
summed = g.sum(axis=0).sum(axis=1, keepdims=True)  # new axis; axis of length 1
print((g * repeated).sum(), "=", (summed * b).sum())
expect(np.isclose((g * repeated).sum(), (summed * b).sum()), "the two products are equal")

# %% [markdown]
# ## The library's version
#
# `minibig/autograd/structure.py` has the pair `broadcast_to` and `sum_to`; each is the other's
# derivative. An operation that is declared with `broadcasts=True` writes its rule as if all shapes
# were equal, and the engine sums back (`minibig/autograd/backward_pass.py`).

# %%
tx, tb = mb.tensor(x, requires_grad=True), mb.tensor(bias, requires_grad=True)
y = tx + tb
expect(np.allclose(y.numpy(), looped), "broadcasting gives what the loops gave")
y.sum().backward()
print("gradient of the bias:", tb.grad.tolist(), " of x:", tx.grad.tolist())
expect(tb.grad.tolist() == [2.0, 2.0, 2.0], "each bias was used in two rows")

column = mb.tensor(b, requires_grad=True)
(mb.broadcast_to(column, shape=g.shape) * mb.tensor(g)).sum().backward()
expect(np.allclose(column.grad.numpy(), summed), "the engine sums over all copies")

# %% [markdown]
# ## Experiment
#
# ### First, the failure
#
# Fit a line through noisy points of y = 3x + 1. The prediction has shape (N, 1), as matrices give
# it; the targets have shape (N,), as files give them. Watch what subtracting them does.

# %%
N = 50
inputs = rng.uniform(-1, 1, (N, 1)).astype("float32")
targets = (3 * inputs[:, 0] + 1 + 0.3 * rng.standard_normal(N)).astype("float32")

def fit(loss_of, steps=200):
    """Gradient descent on a line; returns its slope, its height, and all losses."""
    w, c = mb.tensor([[0.0]], requires_grad=True), mb.tensor([0.0], requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = loss_of(mb.tensor(inputs) @ w + c)
        loss.backward()
        losses.append(loss.item())
        w, c = ((p.detach() - 0.1 * p.grad) for p in (w, c))
        w.requires_grad = c.requires_grad = True
    return w.item(), c.item(), losses

# %% [markdown]
# Two ways to write the loss. They look alike:

# %%
def careless(prediction):
    difference = prediction - mb.tensor(targets)  # (N, 1) − (N) -> (N, N)
    return (difference * difference).mean()

def careful(prediction):
    return mb.mean_squared_error(prediction[:, 0], mb.tensor(targets))

wrong, right = fit(careless), fit(careful)
for name, (slope, height, losses) in (("careless", wrong), ("careful", right)):
    print(f"{name}: y = {slope:+.2f} x {height:+.2f}, loss {losses[0]:.2f} -> {losses[-1]:.2f}")
expect(abs(wrong[0]) < 0.1, "the careless slope is nearly 0")
expect(2.7 < right[0] < 3.3, "the careful slope is nearly 3")
spread = ((targets - targets.mean()) ** 2).mean()
expect(np.isclose(wrong[2][-1], spread, rtol=0.01), "the careless loss ends at the variance")

with picture("02_broadcast_bug", panels=2) as (curves, lines):
    for (slope, height, losses), colour, name in ((wrong, RED, "(N, N)"), (right, BLUE, "(N)")):
        curves.plot(losses, color=colour, label=f"difference of shape {name}")
        ends = np.array([-1.0, 1.0])
        lines.plot(ends, slope * ends + height, color=colour, label=name)
    lines.plot(inputs[:, 0], targets, "o", color=SAND, markersize=3, label="points")
    curves.set(xlabel="step", ylabel="loss", title="Both losses fall", ylim=(0, None))
    lines.set(xlabel="x", ylabel="y", title="One of them fits nothing")

# %% [markdown]
# Nothing crashed. The loss fell and came to rest. But it compared every prediction with *every*
# target, and the best answer to that is the mean of all targets: a flat line, whose loss is the
# variance of the targets. Many a model "that does not learn" is this bug.
#
# A loss has no reason to broadcast, so the library's losses refuse (`minibig/ops/losses.py`):

# %%
try:
    mb.mean_squared_error(mb.tensor(inputs), mb.tensor(targets))
except mb.InputError as error:
    print("refused:", error)
else:
    expect(False, "the loss refuses to broadcast")

# %% [markdown]
# ## What it costs
#
# A repeated array need not exist: NumPy gives it a stride of 0 along the new axis, and reads the
# same memory again and again.

# %%
rows, columns = (200, 500) if QUICK else (1000, 1000)
small = np.ones(columns, "float32")
view = np.broadcast_to(small, (rows, columns))
expect(view.strides[0] == 0 and view.base is not None, "a repeated array is a view")
large = np.ones((rows, columns), "float32")
nested = large.tolist()
by_loop = seconds(lambda: [[a + s for a, s in zip(row, small, strict=True)] for row in nested], 1)
by_view = seconds(lambda: large + small)
by_copy = seconds(lambda: large + np.tile(small, (rows, 1)))
extra = [peak_bytes(lambda f=f: f()) for f in
         (lambda: large + small, lambda: large + np.tile(small, (rows, 1)))]
cost(
    f"adding a bias to {rows:,} rows of {columns:,}",
    parameters=f"{columns:,}, whatever the number of rows",
    operations=f"{rows * columns:,} additions: B·F",
    kept="nothing for the backward pass: the rule of a sum names no array",
    time=f"{readable(by_loop, 's')} in Python, {readable(by_copy, 's')} with the bias copied, "
    f"{readable(by_view, 's')} with broadcasting",
    memory=f"peak {readable(extra[1], 'B')} with copies, {readable(extra[0], 'B')} without: "
    f"the result, 4·B·F bytes, and nothing else",
    ten_times="ten times the rows: ten times the time, which is all spent on fetching memory, not "
    "on adding. At this point it pays to do several operations in one pass (kernels/).",
)

# %% [markdown]
# ## Summary
#
# - Right-align the shapes; 1 or missing is repeated; everything else must be equal.
# - Repeating forward is summing backward, and the engine does it for every operation.
# - It costs no memory, and it hides mistakes: in a loss, let shapes be equal or refuse.
#
# ## Exercises
#
# Fill in a function and run its cell. `from check import hint, solution` gives more help.

# %%
@check("02.1")
def sum_to(g, shape):
    """The array g summed back to `shape`, from which it was broadcast (NumPy only)."""

@check("02.2")
def pairwise_distances(x, y):
    """For arrays x (N, D) and y (M, D) all Euclidean distances, (N, M), without a loop."""

@check("02.3")
def standardize(x):
    """A tensor x (B, D) with each column moved to mean 0 and scaled to variance 1 (no eps)."""

@check("02.4")
def scores_shape(q_shape, k_shape):
    """The shape of q @ kᵀ (last two axes of k swapped); the leading axes broadcast."""
