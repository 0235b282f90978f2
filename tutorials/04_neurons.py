# %% [markdown]
# # 4 · Neurons, layers, activations, losses
#
# > **摘要**：对应原文 3.1 与 4.3。神经元（Neuron）是加权和加激活函数（Activation Function），
# > 一层（Layer）是许多神经元，即一次矩阵乘法。本章看为什么没有激活函数的多层网络等于一层，为什么
# > Sigmoid 堆深了梯度消失，并更正原文 4.3 的交叉熵例子：结果是 2.2256，不是 2.307；
# > 二分类还应包含标签为 0 的项：总和 4.3459，平均 0.8692。
#
# ## Question
#
# The article builds everything from four words: neuron, layer, activation function, loss function.
# **What does a layer compute, what happens when many are stacked, and how is "wrong" measured?**

# %%
import math

import numpy as np
from chapter import (
    BLUE,
    GREEN,
    QUICK,
    RED,
    SAND,
    cost,
    expect,
    kept_bytes,
    picture,
    readable,
    seconds,
)
from check import check

import minibig as mb
from minibig import nn

# %% [markdown]
# ## The smallest thing that could work
#
# A **neuron** (神经元) multiplies each input by a weight, adds them up with a bias, and bends the
# sum. A **layer** (层) is several neurons that read the same inputs:

# %%
def relu(z):
    return max(0.0, z)

def neuron(x, w, b, activation):
    return activation(sum(xi * wi for xi, wi in zip(x, w, strict=True)) + b)

x = [1.0, 2.0, -1.0]
weights = [[0.5, -1.0], [0.25, 1.0], [1.0, 0.5]]  # W[i][j]: from input i to neuron j
biases = [0.5, 0.0]
layer = [neuron(x, [row[j] for row in weights], biases[j], relu) for j in range(2)]
print("the outputs of two neurons:", layer)

# %% [markdown]
# ## The library's version
#
# All neurons at once are a product of matrices, y = x W + b: `minibig/ops/products.py`, and as a
# layer with parameters `minibig/nn/linear.py`. Weights are stored as formulas write them, W of
# shape (in, out).

# %%
linear = nn.Linear(3, 2)
linear.load_state_dict({"weight": np.array(weights), "bias": np.array(biases)})
expect(np.allclose(mb.relu(linear(mb.tensor(x))).numpy(), layer), "the two layers are equal")
print(linear.summary())

# %% [markdown]
# ### First, the failure: layers without activation
#
# Why bend the sum at all? Because otherwise a hundred layers are one:

# %%
rng = np.random.default_rng(0)
W1, W2, W3 = (rng.standard_normal((8, 8)) for _ in range(3))
batch = rng.standard_normal((5, 8))
one = batch @ (W1 @ W2 @ W3)
expect(np.allclose(((batch @ W1) @ W2) @ W3, one), "three layers are one")
bent = np.maximum(np.maximum(batch @ W1, 0) @ W2, 0) @ W3
print(f"three layers equal one; with relu they differ by {abs(bent - one).max():.0f}")

# %% [markdown]
# ### Activations (激活函数), and what they do to gradients
#
# Three classics, with their derivatives by the library (`minibig/ops/elementwise.py`):

# %%
functions = {"relu": mb.relu, "sigmoid": mb.sigmoid, "tanh": mb.tanh, "gelu": mb.gelu}
colours = dict(zip(functions, (BLUE, RED, GREEN, SAND), strict=True))
grid = mb.tensor(np.linspace(-4, 4, 161), requires_grad=True)
with picture("04_activations", panels=2) as (values, slopes):
    for name, f in functions.items():
        grid.grad = None
        y = f(grid)
        y.sum().backward()
        values.plot(grid.numpy(), y.numpy(), color=colours[name], label=name)
        slopes.plot(grid.numpy(), grid.grad.numpy(), color=colours[name], label=name)
    values.set(title="Activations", xlabel="x", ylim=(-1.2, 3))
    slopes.set(title="Their derivatives", xlabel="x")
expect(mb.grad(mb.sigmoid)(mb.tensor(0.0)).item() == 0.25, "the sigmoid's slope at 0 is 1/4")

# %% [markdown]
# The sigmoid's slope is nowhere larger than 1/4. A gradient that passes ten of them is divided by
# a million at least, unless the weights make up for it.
#
# ## Experiment
#
# Thirty layers of width 64. How much of the gradient reaches the first one? The weights are drawn
# by the rule made for each activation (`minibig/nn/initializers.py`): Glorot's (2010) for sigmoid
# and tanh, He's (2015) for relu.

# %%
def gradient_norms(activation, initializer, depth=30, D=64):
    mb.manual_seed(0)
    weights = [initializer((D, D)) for _ in range(depth)]
    for w in weights:
        w.requires_grad = True
    h = mb.normal((32, D))
    for w in weights:
        h = activation(h @ w)
    (h * mb.normal(h.shape)).sum().backward()
    norms = np.array([np.linalg.norm(w.grad.numpy()) for w in weights])
    return norms / norms[-1]

reaching = {
    "sigmoid": gradient_norms(mb.sigmoid, nn.glorot_normal),
    "tanh": gradient_norms(mb.tanh, nn.glorot_normal),
    "relu": gradient_norms(mb.relu, nn.he_normal),
}
with picture("04_vanishing") as axes:
    for name, norms in reaching.items():
        layers = range(1, 1 + len(norms))
        axes.semilogy(layers, norms, "o-", markersize=3, color=colours[name], label=name)
    axes.set(xlabel="layer", ylabel="gradient, relative to the last", title="What reaches layer 1")
for name, norms in reaching.items():
    print(f"{name:7}: the first layer gets {norms[0]:.1e} of the last layer's gradient")
expect(reaching["sigmoid"][0] < 1e-8, "nothing comes through thirty sigmoids")
expect(0.01 < reaching["relu"][0] < 100, "relu with He's weights lets the gradient through")

# %% [markdown]
# This is the wall that deep networks stood before until relu, careful first weights, and residual
# connections (the `x + …` of `minibig/nn/transformer.py`) came.
#
# ### Losses (损失函数): the article's example, put right
#
# **Mean squared error** (均方误差) for amounts; **cross-entropy** (交叉熵) for choices:
# −Σ yᵢ ln pᵢ. Section 4.3 of the article takes the labels [1, 0, 1, 0, 1] and the predictions
# [0.2, 0.8, 0.6, 0.4, 0.9], and states "about 2.307". Its own formula gives something else:

# %%
y, p = np.array([1, 0, 1, 0, 1]), np.array([0.2, 0.8, 0.6, 0.4, 0.9])
as_written = -sum(yi * math.log(pi) for yi, pi in zip(y, p, strict=True))
print(f"-(ln 0.2 + ln 0.6 + ln 0.9) = {as_written:.4f}, not 2.307")
expect(round(as_written, 4) == 2.2256, "the article's formula gives 2.2256")

# %% [markdown]
# And that formula is for *one* choice among N. Here are five questions with yes or no, and a "no"
# that was given a probability of 0.8 for yes is a mistake, too. Each question has two terms, y ln p
# and (1 − y) ln(1 − p). The library computes them from the numbers before the sigmoid, the
# *logits* x = ln(p / (1 − p)), where nothing can overflow (chapter 3):

# %%
terms = y * np.log(p) + (1 - y) * np.log(1 - p)
logits = np.log(p / (1 - p))
mean = mb.binary_cross_entropy_with_logits(mb.tensor(logits), mb.tensor(y.astype("float64")))
two_classes = mb.tensor(np.stack([np.log(1 - p), np.log(p)], axis=-1))  # softmax gives p back
print(f"sum {-terms.sum():.4f}, mean {-terms.mean():.4f}; the library: {mean.item():.4f}")
expect(round(-terms.sum(), 4) == 4.3459, "the five losses add up to 4.3459")
expect(round(-terms.mean(), 4) == 0.8692, "their mean is 0.8692")
by_classes = mb.cross_entropy(two_classes, mb.tensor(y))
expect(math.isclose(mean.item(), -terms.mean()), "the library gives the mean of the terms")
expect(math.isclose(by_classes.item(), -terms.mean()), "two classes are a yes and a no")

# %% [markdown]
# Why not squared error for choices, too? Look at a network that is confidently wrong: truth 1,
# logit −8. What does each loss tell it?

# %%
logit, truth = mb.tensor([-8.0]), mb.tensor([1.0])
squared = mb.grad(lambda x: mb.mean_squared_error(mb.sigmoid(x), truth))(logit).item()
crossed = mb.grad(lambda x: mb.binary_cross_entropy_with_logits(x, truth))(logit).item()
print(f"gradient of the squared error {squared:.1e}, of the cross-entropy {crossed:.4f}")
expect(abs(squared) < 1e-3, "the squared error hardly moves the logit")
p_minus_y = mb.sigmoid(logit).item() - truth.item()
expect(math.isclose(crossed, p_minus_y, rel_tol=1e-5), "the gradient is p − y")

# %% [markdown]
# The flat end of the sigmoid swallows the one; in the other, ln and e cancel, and what is left is
# p − y: the probability that is, minus the one that should be. It is the most useful gradient in
# this whole field.
#
# ## What it costs

# %%
B, D, F = (64, 256, 1024) if QUICK else (256, 512, 2048)
wide = nn.Linear(D, F)
inputs = mb.normal((B, D))
forward = seconds(lambda: wide(inputs))
both = seconds(lambda: mb.relu(wide(inputs)).sum().backward())
flops = 2 * B * D * F
kept = kept_bytes(lambda: mb.relu(wide(inputs)))
n_parameters = wide.n_parameters
expect(n_parameters == D * F + F, "a layer has D·F + F parameters")
cost(
    f"a layer with relu, B = {B}, D = {D}, F = {F}",
    parameters=f"D·F + F = {n_parameters:,}",
    operations=f"2·B·D·F = {readable(flops, 'flop')} forward, as much again for the gradient of W "
    "(and of x, where it is asked for)",
    kept=f"x, which exists, and the output: 4·B·F = {readable(4 * B * F, 'B')} by formula, "
    f"{readable(kept, 'B')} measured (with the sum before the activation on the way)",
    time=f"{readable(forward, 's')} forward ({readable(flops / forward, 'flop/s')}), "
    f"{readable(both, 's')} with relu and backward",
    ten_times="ten times as wide: a hundred times the parameters and the time. Width is paid for "
    "squared, depth and batch are paid for once.",
)

# %% [markdown]
# ## Summary
#
# - A layer is y = activation(x W + b); without the activation, many layers are one.
# - Slopes multiply: sigmoids starve the first layers, relu with He's weights does not.
# - Cross-entropy: 2.2256 by the article's formula, 4.3459 (mean 0.8692) for its five questions.
# - Its gradient is p − y, which does not fade when the network is confidently wrong.
#
# ## Exercises
#
# Fill in a function and run its cell. `from check import hint, solution` gives more help.

# %%
@check("04.1")
def relu_layer(x, W, b):
    """A layer with relu, in NumPy: x (B, D), W (D, F), b (F) -> (B, F)."""

@check("04.2")
def binary_cross_entropy(p, y):
    """The mean loss of probabilities p for labels y in {0, 1}, in nats (NumPy arrays)."""

@check("04.3")
def cross_entropy_gradient(logits, target):
    """d/dlogits of −ln softmax(logits)[target]: logits (V), target a class number -> (V)."""

@check("04.4")
def count_parameters(sizes):
    """The parameters of linear layers with biases, sizes[0] -> sizes[1] -> …"""
