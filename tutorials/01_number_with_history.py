# %% [markdown]
# # 1 · A number that knows its history
#
# > **摘要**：神经网络的训练只需要一件事：损失对每个参数的导数。先用数值差分求导，它既慢又不准；
# > 再用几十行代码写一个"记得自己从何而来"的数，以反向传播（原文 3.1 节）一次求出所有导数；
# > 最后与本库的引擎比较，并测量两者的时间与内存。
#
# ## Question
#
# Training is one sentence: change every parameter a little in the direction that makes the loss
# smaller. For that we need the derivative of one number, the loss, with respect to millions of
# others. **How can a program know the derivative of what it computes?**

# %%
import math

import numpy as np
from chapter import BLUE, QUICK, RED, cost, expect, kept_bytes, picture, readable, seconds
from check import check

import minibig as mb

# %% [markdown]
# ## The smallest thing that could work
#
# Wiggle the input and watch the output: (f(x + h) − f(x − h)) / 2h. Take f = sin at x = 1, where
# the answer is cos 1, and look at the error for every size of the step h.

# %%
steps = 10.0 ** np.arange(-15, 0)
central = np.array([(math.sin(1 + h) - math.sin(1 - h)) / (2 * h) for h in steps])
one_sided = np.array([(math.sin(1 + h) - math.sin(1)) / h for h in steps])
errors = {"central": abs(central - math.cos(1)), "one-sided": abs(one_sided - math.cos(1))}
for name, error in errors.items():
    print(
        f"{name:9}: best step {steps[error.argmin()]:.0e}, error {error.min():.0e}"
    )
with picture("01_differences") as axes:
    for (name, error), colour in zip(errors.items(), (BLUE, RED), strict=True):
        axes.loglog(steps, error, "o-", color=colour, label=name, markersize=4)
    axes.set(xlabel="step h", ylabel="error", title="Differences: too large a step, or too small")

# %% [markdown]
# A large step measures a chord instead of a tangent; a small one subtracts two nearly equal
# numbers, and what is left is rounding. Worse: each input needs two evaluations of its own. A model
# with a million parameters would have to run two million times to learn once.
#
# So let every number remember **how it was made**: from which numbers, and with which local
# derivatives. A sum passes a gradient on as it is, a product multiplies it by the other factor.
# The chain rule does the rest (反向传播).

# %%
class Value:
    """A number, the numbers it was made from, and its derivatives with respect to them."""

    def __init__(self, data, parents=(), local=()):
        self.data, self.parents, self.local, self.grad = data, parents, local, 0.0

    def __add__(self, other):
        other = as_value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = as_value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def relu(self):
        return Value(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __sub__(self, other):
        return self + other * -1.0

    __radd__, __rmul__ = __add__, __mul__

# %% [markdown]
# The result asks its inputs, they ask theirs: the chain rule, read backwards. A number must not
# speak before it has heard from everything that it went into, so the numbers are put in order
# first.

# %%
def as_value(x):
    return x if isinstance(x, Value) else Value(float(x))

def backward(self):
    """From the result to the inputs; a number waits until all that it went into have spoken."""
    self.grad = 1.0
    for value in reversed(in_order(self)):
        for parent, derivative in zip(value.parents, value.local, strict=True):
            parent.grad += derivative * value.grad

Value.backward = backward

def in_order(result):
    """All numbers behind a result, each after those it was made from; no recursion."""
    order, seen, stack = [], set(), [(result, False)]
    while stack:
        value, parents_done = stack.pop()
        if parents_done:
            order.append(value)
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            stack += [(parent, False) for parent in value.parents]
    return order

# %% [markdown]
# The famous example of micrograd, Andrej Karpathy's engine of a hundred lines, with its terms
# collected. Two inputs meet in many places, and its published gradients are 138.8338 and 645.5773.

# %%
def expression(a, b, relu):
    c = 4 * (a + b) + 3 - a
    d = 12 * (a * b + b**3) + 4 * relu(a + b) + relu(b - a)
    square = (c - d) ** 2
    return 0.5 * square + 10 * square**-1

a, b = Value(-4.0), Value(2.0)
result = expression(a, b, Value.relu)
result.backward()
print(f"result {result.data:.4f}, da {a.grad:.4f}, db {b.grad:.4f}")
gradients = round(a.grad, 4), round(b.grad, 4)
expect(gradients == (138.8338, 645.5773), "the gradients are the published ones")

# %% [markdown]
# ### Why the order matters: first, the wrong way
#
# It is tempting to let each number pass its gradient on as soon as one arrives. That is right, too
# (it sums over all *paths*), but a number that is used twice doubles the number of paths. Here is a
# chain in which every number is the sum of its predecessor with itself.

# %%
def doubled(depth):
    x = Value(1.0)
    for _ in range(depth):
        x = x + x
    return x

def visits_path_by_path(value):
    return 1 + sum(visits_path_by_path(parent) for parent in value.parents)

for depth in (4, 8, 16):
    chain = doubled(depth)
    paths, each_once = visits_path_by_path(chain), len(in_order(chain))
    print(f"{depth:2} deep: {paths:7,} visits path by path, {each_once:2} in order")
expect(paths == 2 ** (depth + 1) - 1, "the visits double with every number")

# %% [markdown]
# Every residual connection of a Transformer is such a doubling. In order, the work grows with the
# number of operations; path by path, with two to the power of the depth.
#
# ## The library's version
#
# `minibig/autograd/tensors.py` and `minibig/autograd/backward_pass.py` do the same for whole
# arrays. The order is read off a clock: a result is younger than its inputs, so the backward pass
# always takes the youngest that waits. Every operation keeps only what its own derivative needs.

# %%
x = mb.tensor(a.data, dtype="float64", requires_grad=True)
y = mb.tensor(b.data, dtype="float64", requires_grad=True)
expression(x, y, mb.relu).backward()
print("minibig:", x.grad.item(), y.grad.item())
equal = all(math.isclose(t.grad.item(), n.grad, rel_tol=1e-12) for t, n in ((x, a), (y, b)))
expect(equal, "the library's gradients are ours")

mb.tanh(x * y).trace()  # the backward pass, step by step

# %% [markdown]
# Our class stores finished numbers, so it cannot give the derivative *of* a derivative. The
# library writes its rules with the very operations that it differentiates, and can go on:

# %%
derivative = mb.tanh
for order in range(1, 5):
    derivative = mb.grad(derivative)
    print(f"tanh, order {order} at 0.5: {derivative(mb.tensor(0.5)).item():+.4f}")
mb.check_gradients(mb.tanh, mb.tensor(0.5), order=3)

# %% [markdown]
# ## Experiment
#
# A sum of n products: 2n nodes for numbers, two nodes for arrays. What does a node cost?

# %%
def by_numbers(n):
    total = Value(0.0)
    for w in [Value(0.5) for _ in range(n)]:
        total = total + w * 2.0
    total.backward()

def by_arrays(n):
    w = mb.full((n,), 0.5)
    w.requires_grad = True
    (w * 2.0).sum().backward()

for n in (10, 100, 1_000) if QUICK else (10, 1_000, 100_000):
    slow, fast = (seconds(lambda f=f, n=n: f(n), 3) for f in (by_numbers, by_arrays))
    print(f"{n:7,} inputs: {readable(slow, 's')} by numbers, {readable(fast, 's')} by arrays")

# %% [markdown]
# ## What it costs

# %%
def lengthened(x, n=1_000):
    for _ in range(n):
        x = x * 1.0
    return x

one, tensor_one = Value(1.0), mb.tensor(1.0, requires_grad=True)
scalar_bytes = kept_bytes(lambda: lengthened(one)) / 1_000
array_bytes = kept_bytes(lambda: lengthened(tensor_one)) / 1_000
per_node = seconds(lambda: lengthened(tensor_one).backward(), 3) / 1_000
cost(
    "one recorded operation",
    parameters="none; every input is treated alike, and gets its derivative for the same price",
    operations="one product and one sum more for each input of each operation",
    kept=f"{scalar_bytes:.0f} B a node for numbers, {array_bytes:.0f} B for a node of the library, "
    "plus the arrays that its rule names",
    time=f"{readable(slow / n, 's')} an input of the sum, forward and backward; "
    f"{readable(per_node, 's')} a node of the library, whose array may hold millions",
    ten_times="ten times the inputs: differences take ten times the runs, the backward pass is "
    "still one. What grows is memory: everything that a rule names lives until it was used.",
)

# %% [markdown]
# ## Summary
#
# - Differences are slow (two runs an input) and inexact (chord against rounding).
# - A number that knows its history gives **all** derivatives in one pass from the result back.
# - Only local derivatives are ever needed; the order of the pass makes it fast.
# - An engine is this idea with arrays instead of numbers, and rules that can be differentiated.
#
# ## Exercises
#
# Fill in a function and run its cell. `from check import hint, solution` gives more help.

# %%
@check("01.1")
def central_difference(f, x):
    """The derivative of f at x from two evaluations, with an error below 1e-8."""

@check("01.2")
def quotient(a, b):
    """(a / b, its derivative with respect to a, its derivative with respect to b)."""

@check("01.3")
def backward_order(result, inputs_of):
    """All nodes behind `result` as a list, each *before* those it was made from.

    `inputs_of` maps the name of a node to the names of its inputs; result comes first.
    """

@check("01.4")
def second_derivative(f, x):
    """f''(x) of a function of one tensor, by the library; x is a tensor with one element."""
