# %% [markdown]
# # 5 · Perceptron, XOR, back-propagation
#
# > **摘要**：1958 年的感知机（Perceptron）能学会"与"和"或"，却永远学不会"异或"（XOR）：四个点最多
# > 对三个，即 75 %（Minsky 与 Papert，1969）。加一层隐藏层就能解决，但隐藏层该怎么学？
# > 反向传播（Back-Propagation，1986）给出答案。本章手写它的五行公式，与本库的梯度比较，
# > 并测量：不同宽度的隐藏层，有多少次能学会异或。
#
# ## Question
#
# In 1969 a book ended the first spring of neural networks, with a task of four points. In 1986 a
# paper of four pages began the second. **What could the perceptron not do, and what was missing?**

# %%
import numpy as np
from chapter import (
    BLUE,
    QUICK,
    RED,
    SAND,
    cost,
    expect,
    kept_bytes,
    picture,
    readable,
    seconds,
    within,
)
from check import check

import minibig as mb
from minibig import nn, optim

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float64")
TASKS = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}

# %% [markdown]
# ## The smallest thing that could work
#
# Rosenblatt's **perceptron** (感知机, 1958) says 1 if x·w + b is above 0. It learns from mistakes
# only: where it says 0 instead of 1 the input is added to the weights, where it says 1 instead of 0
# it is taken away.

# %%
def says(w, b, x):
    return (x @ w + b > 0).astype(int)

def learn(labels, seed, most_epochs=1000):
    """The accuracy after every example, until a whole epoch brings no mistake."""
    (*w, b), accuracy = np.random.default_rng(seed).standard_normal(3), []
    for _ in range(most_epochs):
        mistakes = 0
        for x, label in zip(X, labels, strict=True):
            error = label - says(w, b, x)
            w, b, mistakes = w + error * x, b + error, mistakes + abs(error)
            accuracy.append(np.mean(says(w, b, X) == labels))
        if mistakes == 0:
            break
    return accuracy

highest = {}  # the best accuracy on the way, by task
for name, labels in TASKS.items():
    runs = [learn(np.array(labels), seed) for seed in range(10)]
    longest = max(len(run) // len(X) for run in runs)
    highest[name] = max(max(run) for run in runs)
    print(f"{name:3}: after {longest:4} epochs {np.mean([run[-1] for run in runs]):.0%} are right;"
          f" the best on the way was {highest[name]:.0%}")
expect(highest["XOR"] == 0.75, "the perceptron never gets more than three of four of XOR right")

# %% [markdown]
# ### 1969: three of four
#
# AND and OR take a few epochs. XOR takes for ever: the weights go round in a circle. Is that the
# learning rule's fault? Try *every* line, on a fine grid of weights:

# %%
axis = np.linspace(-2, 2, 41)
w1, w2, bias = (a[..., None] for a in np.meshgrid(axis, axis, axis))
right = (w1 * X[:, 0] + w2 * X[:, 1] + bias > 0) == np.array(TASKS["XOR"])  # (41, 41, 41, 4)
best = right.mean(axis=-1).max()
place = np.unravel_index(right.mean(axis=-1).argmax(), right.shape[:-1])
w, b = np.array([w1[place][0], w2[place][0]]), bias[place][0]
print(f"{axis.size**3:,} lines tried; the best is right on {best:.0%}")
expect(best == 0.75, "the best line is right on three of four")

# %% [markdown]
# No grid is needed to prove it. XOR asks for b ≤ 0, w₁ + b > 0, w₂ + b > 0 and w₁ + w₂ + b ≤ 0. The
# two in the middle add up to w₁ + w₂ + 2b > 0; with the last, b > 0, against the first. A line
# cannot do it (Minsky and Papert 1969). Two lines can: a **hidden layer** (隐藏层) draws them, and
# the output combines them.
#
# But which way should a *hidden* neuron move? Nobody tells it what is right. The threshold has no
# slope to ask, either. Replace it by something smooth, and the chain rule answers: that is
# **back-propagation** (反向传播; Rumelhart, Hinton and Williams 1986).
#
#     h = tanh(x W₁ + b₁),   z = h W₂ + b₂,   loss = mean of the cross-entropies of σ(z)
#     z̄ = (σ(z) − y) / N                         what the loss wants of the output (chapter 4)
#     W̄₂ = hᵀ z̄        b̄₂ = Σ z̄                  and of the weights that made it
#     h̄ = z̄ W₂ᵀ                                  what the output wants of the hidden layer
#     W̄₁ = xᵀ (h̄ (1 − h²))    b̄₁ = Σ h̄ (1 − h²)   through tanh, whose slope is 1 − h²

# %%
def gradients_by_hand(x, y, W1, b1, W2, b2):
    h = np.tanh(x @ W1 + b1)
    z = h @ W2 + b2
    z_bar = (1 / (1 + np.exp(-z)) - y) / len(x)
    h_bar = (z_bar @ W2.T) * (1 - h * h)
    return x.T @ h_bar, h_bar.sum(axis=0), h.T @ z_bar, z_bar.sum(axis=0)

# %% [markdown]
# ## The library's version
#
# The library contains no such lines for any network. Its layers are functions, every operation
# knows its own derivative, and `minibig/autograd/backward_pass.py` walks back (chapter 1):

# %%
rng = np.random.default_rng(0)
drawn = [rng.standard_normal(shape) for shape in [(2, 4), (4,), (4, 1), (1,)]]
y = np.array(TASKS["XOR"], "float64")[:, None]
W1, b1, W2, b2 = leaves = [mb.tensor(p, requires_grad=True) for p in drawn]
z = mb.linear(mb.tanh(mb.linear(mb.tensor(X), W1, b1)), W2, b2)
mb.binary_cross_entropy_with_logits(z, mb.tensor(y)).backward()
for leaf, by_hand in zip(leaves, gradients_by_hand(X, y, *drawn), strict=True):
    expect(np.allclose(leaf.grad.numpy(), by_hand), "the engine's gradients are those by hand")
print("four gradients by hand, and by the engine: compared")

# %% [markdown]
# ### 1986: four of four
#
# With layers from `minibig/nn/` and a step from `minibig/optim/`, the mark of 1986 takes ten lines:

# %%
mb.manual_seed(0)
network = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
optimizer = optim.SGD(network.parameters(), lr=1.0)
inputs, targets = mb.tensor(X, dtype="float32"), mb.tensor(y, dtype="float32")
for _ in range(1000):
    loss = mb.binary_cross_entropy_with_logits(network(inputs), targets)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
answers = network(inputs).numpy()[:, 0] > 0
print(f"loss {loss.item():.4f}, answers {answers.astype(int)}, wanted {TASKS['XOR']}")
expect(answers.tolist() == [False, True, True, False], "all four answers are right")
within("the loss on XOR", loss.item(), 0.0, 0.05)

# %% [markdown]
# ## Experiment
#
# Two hidden neurons are enough to *draw* XOR. Are they enough to *find* it? We train many networks
# from different first weights, all at once: the seeds are one more axis in front, and broadcasting
# (chapter 2) does the rest. The sum of their losses keeps their gradients apart.

# %%
SEEDS, STEPS = (20, 500) if QUICK else (200, 2000)

def share_that_learns(n_hidden):
    """The share of networks with n_hidden neurons that get all four points right in the end."""
    numbers = np.random.default_rng(n_hidden)
    shapes = [(SEEDS, 2, n_hidden), (SEEDS, 1, n_hidden), (SEEDS, n_hidden, 1), (SEEDS, 1, 1)]
    parameters = [nn.Parameter(numbers.standard_normal(s).astype("float32")) for s in shapes]
    W1, b1, W2, b2 = parameters
    descent = optim.SGD(parameters, lr=0.5)
    wanted = mb.broadcast_to(targets, shape=(SEEDS, 4, 1))
    for _ in range(STEPS):
        z = mb.tanh(inputs @ W1 + b1) @ W2 + b2  # (SEEDS, 4, 1)
        (SEEDS * mb.binary_cross_entropy_with_logits(z, wanted)).backward()
        descent.step()
        descent.zero_grad()
    return float(((z.numpy() > 0) == (wanted.numpy() > 0)).all(axis=(1, 2)).mean())

# %% [markdown]
# `(SEEDS *` undoes the mean over the networks, so that each has the gradient of its own loss.

# %%
shares = {n_hidden: share_that_learns(n_hidden) for n_hidden in (1, 2, 3, 4, 8)}
for n_hidden, share in shares.items():
    print(f"{n_hidden} hidden: {share:.0%} of {SEEDS} networks learn XOR in {STEPS} steps")
one, two, *_, most = shares.values()
expect(one == 0, "one hidden neuron learns XOR in no run")
within("with two hidden neurons", two, 0.3, 0.95)
within("with eight", most, 0.95, 1.0)

with picture("05_xor", panels=3, width=3.9) as (line, area, bars):
    square = np.stack(np.meshgrid(*[np.linspace(-0.5, 1.5, 101)] * 2), axis=-1)  # (101, 101, 2)
    dots = square.reshape(-1, 2)
    regions = {line: says(w, b, dots), area: network(mb.tensor(dots, dtype="float32")).numpy() > 0}
    for axes, inside in regions.items():
        axes.contourf(*square.transpose(2, 0, 1), inside.reshape(square.shape[:2]),
                      levels=[-0.5, 0.5, 1.5], colors=["#f6e3db", "#dbe7f0"])
        axes.scatter(*X.T, c=[RED if t == 0 else BLUE for t in TASKS["XOR"]], s=60, zorder=3)
        axes.grid(False)
    line.set(title="1969: three of four", xlabel="x1", ylabel="x2")
    area.set(title="1986: four hidden neurons", xlabel="x1")
    bars.bar([str(n_hidden) for n_hidden in shares], [100 * s for s in shares.values()], color=SAND)
    bars.set(title="How many learn it", xlabel="hidden neurons", ylabel="% of networks")

# %% [markdown]
# The smallest network that *can* is not one that *learns* reliably: with two hidden neurons a good
# part of the runs ends in a valley where three of four are right. Spare neurons are spare ways out.
# Large models are easier to train than small ones, and here it is in four points.
#
# ## What it costs

# %%
H, N = 256, 1024
wide = nn.Sequential(nn.Linear(2, H), nn.Tanh(), nn.Linear(H, 1))
many = mb.normal((N, 2))
forward = seconds(lambda: wide(many))
both = seconds(lambda: wide(many).sum().backward())
kept = kept_bytes(lambda: wide(many))
cost(
    f"one hidden layer, H = {H}, N = {N} points",
    parameters=f"2·H + H + H + 1 = {wide.n_parameters:,}",
    operations=f"6·N·H = {readable(6 * N * H, 'flop')} in products forward, and N·H tanh; backward "
    "twice the products, once for weights and once for what is below",
    kept=f"h, 4·N·H = {readable(4 * N * H, 'B')} by formula; {readable(kept, 'B')} measured, with "
    "the inputs of the products and the outputs",
    time=f"{readable(forward, 's')} forward, {readable(both, 's')} forward and backward",
    ten_times="ten times the points: ten times the memory, because every hidden value waits for "
    "the backward pass. It is why training needs so much more memory than using.",
)

# %% [markdown]
# ## Summary
#
# - One neuron draws one line; XOR needs two. 75 % was not a matter of patience.
# - A hidden layer learns if the way to it has slopes: the chain rule, read backwards.
# - The engine's gradients and those by hand are equal.
# - Width beyond need makes learning reliable.
#
# ## Exercises
#
# Fill in a function and run its cell. `from check import hint, solution` gives more help.

# %%
@check("05.1")
def perceptron_update(w, b, x, target):
    """(w, b) after the perceptron has seen one example: w, x of shape (D), target 0 or 1."""

@check("05.2")
def xor_weights():
    """W1 (2, 2), b1 (2), W2 (2), b2 of a network of thresholds (1 if above 0) that is XOR."""

@check("05.3")
def hidden_gradients(x, h, W2, z_bar):
    """(W̄₁, b̄₁) for h = tanh(x W1 + b1), z = h W2 + b2 and z_bar, the gradient of z."""

@check("05.4")
def parity_network():
    """A trained nn.Module, (8, 3) -> (8, 1) logits: above 0 where an odd number of inputs is 1."""
