# %% [markdown]
# # 3 · Writing a primitive
#
# > **摘要**：引擎不认识的函数，怎样教会它？只要两样东西：怎样算出值，以及怎样把梯度传回去。
# > 以 softplus（平滑的 ReLU）为例：先写直接的公式，看它在 float32 里溢出成无穷；再写稳定的公式
# > 和一行导数规则，用数值差分检查到二阶，并比较"组合"与"原语"的时间和内存。
#
# ## Question
#
# softplus(x) = ln(1 + eˣ) is a smooth max(0, x); it sits in every loss with a logistic function.
# **What must we tell the engine about a new operation, and when is it worth it?**

# %%
import math

import numpy as np
from chapter import BLUE, QUICK, RED, cost, expect, kept_bytes, picture, readable, seconds
from check import check

import minibig as mb

# %% [markdown]
# ## The smallest thing that could work
#
# A formula of operations that exist already: the engine differentiates it without our help. Such a
# function is called a *composite*. This one works, until it does not:

# %%
def naive(x):
    return mb.log(mb.exp(x) + 1.0)

def value_and_slope(f, x):
    x = mb.tensor(x, requires_grad=True)  # float32
    with np.errstate(all="ignore"):
        y = f(x)
        y.backward()
    return y.item(), x.grad.item()

for at in (0.0, 2.0, -20.0, 100.0):
    print(f"x = {at:6}: value {value_and_slope(naive, at)[0]:.8g},"
          f" slope {value_and_slope(naive, at)[1]:.8g}")
far = value_and_slope(naive, 100.0)
expect(far[0] == math.inf and math.isnan(far[1]), "at 100 the value is infinite, the slope NaN")
expect(value_and_slope(naive, -20.0)[0] == 0.0, "at -20 the value is 0")

# %% [markdown]
# At 100 the exponential overflows: the value is infinite, and the slope is ∞/∞, not a number. One
# such element, and every weight of the model is NaN after the next step. At −20 the small
# exponential is lost beside the 1, and the value is exactly 0. The cure is algebra:
#
#     ln(1 + eˣ)  =  max(0, x) + ln(1 + e^−|x|)
#
# Now the exponential lies between 0 and 1, and `log1p` knows what to do with small numbers.
# The derivative is the logistic function σ(x), and it is worth stating it: the automatic one would
# go through |x| and max, which have corners that softplus has not.
#
# A **primitive** is just that: a function of arrays, and a rule for each input.

# %%
@mb.primitive
def softplus(x, /):
    e = np.exp(-abs(x))
    return np.maximum(x, 0) + np.log1p(e)

softplus.defvjp(x=lambda g, x: g * mb.sigmoid(x))

for at in (0.0, -20.0, 100.0):
    print(f"x = {at:6}: value {value_and_slope(softplus, at)[0]:.8g},"
          f" slope {value_and_slope(softplus, at)[1]:.8g}")

# %% [markdown]
# The rule reads: given g, the derivative of the loss with respect to the output, return the one
# with respect to x. It *names what it needs*: `g` always, here also the input `x`; it could ask for
# the output `y`, or for `x_shape`. The node keeps exactly that, and nothing else.
#
# Never trust a rule. Check it against differences, at second order as well:

# %%
points = mb.tensor([-3.0, -0.1, 0.0, 0.5, 7.0])
mb.check_gradients(softplus, points, order=2)

wrong = mb.primitive(lambda x, /: softplus.definition(x))
wrong.defvjp(x=lambda g, x: g * mb.tanh(x))
try:
    mb.check_gradients(wrong, points)
except AssertionError as error:
    print("caught:", error)
else:
    expect(False, "the check catches a wrong rule")

# %% [markdown]
# Why `mb.sigmoid` in the rule and not a formula with `np.exp`? At first order rules run on plain
# arrays, and both would do. For a second derivative the rule itself is differentiated, so it has to
# be made of operations that the engine knows. A rule in NumPy says so when it is asked for more:

# %%
shallow = mb.primitive(lambda x, /: softplus.definition(x))
shallow.defvjp(x=lambda g, x: g * (1 / (1 + np.exp(-x))))
mb.check_gradients(shallow, points, order=1)
try:
    mb.check_gradients(shallow, points, order=2)
except (TypeError, ValueError) as error:
    print("order 2:", error)
else:
    expect(False, "a rule in NumPy has no second derivative")

# %% [markdown]
# ## The library's version
#
# `minibig/ops/elementwise.py` holds softplus and its neighbours, each with its rule in the line
# below. Only one word differs: `namespace(x).exp` instead of `np.exp`, so that the same line runs
# on a GPU through CuPy.

# %%
x = mb.tensor(np.linspace(-30, 30, 241), requires_grad=True)
ours, theirs = softplus(x), mb.softplus(x)
expect(np.allclose(ours.numpy(), theirs.numpy(), rtol=1e-14), "the values are equal")
ours.sum().backward()
first, x.grad = x.grad, None
theirs.sum().backward()
expect(np.allclose(first.numpy(), x.grad.numpy(), rtol=1e-14), "the gradients are equal")
print(f"compared: {x.size} values and gradients")

# %% [markdown]
# ### Two inputs that broadcast
#
# With `broadcasts=True` the rules may pretend that all shapes are equal; the engine sums each
# gradient back to its input (chapter 2). Here the output serves in both rules, so one array is kept
# for two.

# %%
@mb.primitive(broadcasts=True)
def soft_maximum(a, b, /):
    """ln(eᵃ + eᵇ), a smooth maximum of two numbers."""
    return np.logaddexp(a, b)

soft_maximum.defvjp(a=lambda g, a, y: g * mb.exp(a - y), b=lambda g, b, y: g * mb.exp(b - y))
mb.check_gradients(soft_maximum, mb.tensor([[1.0, -2.0], [0.5, 3.0]]), mb.tensor([0.3, 0.4]))
print(soft_maximum(mb.tensor([1000.0, 0.0]), mb.tensor(0.0)))

# %% [markdown]
# ## Experiment
#
# How wrong is the naive formula between its two failures? Relative error in float32, against
# float64:

# %%
grid = np.linspace(-40, 100, 561).astype("float32")
exact = softplus(grid.astype("float64"))
with np.errstate(all="ignore"):
    relative = {
        "naive": abs(np.log(np.exp(grid) + np.float32(1)) - exact) / exact,
        "stable": abs(softplus(grid) - exact) / exact,
    }
with picture("03_softplus") as axes:
    for (name, error), colour in zip(relative.items(), (RED, BLUE), strict=True):
        shown = np.minimum(np.where(np.isfinite(error), error, 10.0), 10.0)
        axes.semilogy(grid, np.maximum(shown, 1e-9), ".", markersize=3, color=colour, label=name)
    axes.set(xlabel="x", ylabel="relative error", title="ln(1 + e^x) in float32 (10: infinite)")
expect(relative["stable"].max() < 1e-6, "the stable formula is right to the last digits")
bad = grid[~(relative["naive"] < 0.01)]
print(f"the naive formula is off by more than 1 % below {bad[bad < 0].max():.1f}"
      f" and above {bad[bad > 0].min():.1f}")

# %% [markdown]
# ## What it costs
#
# The same stable formula as a composite, and as a primitive:

# %%
def composite(x):
    return mb.maximum(x, 0.0) + mb.log(1.0 + mb.exp(-abs(x)))

n = 100_000 if QUICK else 1_000_000
large = mb.tensor(np.linspace(-5, 5, n), dtype="float32", requires_grad=True)

def there_and_back(f):
    large.grad = None
    f(large).sum().backward()

def operations_behind(y):
    """How many recorded operations lie behind a tensor; leaves have no operation."""
    nodes, stack = set(), [y.edge[0]]
    while stack:
        node = stack.pop()
        if node.operation is not None and node not in nodes:
            nodes.add(node)
            stack += [edge[0] for edge in node.edges if edge is not None]
    return len(nodes)

# %% [markdown]
# What is recorded, kept and computed for each of the two:

# %%
times = {f: seconds(lambda f=f: there_and_back(f)) for f in (composite, softplus)}
kept = {f: kept_bytes(lambda f=f: f(large)) for f in (composite, softplus)}
cost(
    f"softplus of {n:,} numbers",
    parameters="none",
    nodes=f"{operations_behind(composite(large))} for the composite, "
    f"{operations_behind(softplus(large))} for the primitive",
    kept=f"{readable(kept[composite], 'B')} against {readable(kept[softplus], 'B')}: the result, "
    f"4 bytes a number; the rule asks for x, which is there anyway",
    operations=f"{n:,} exponentials and logarithms forward, {n:,} exponentials backward",
    time=f"{readable(times[composite], 's')} against {readable(times[softplus], 's')}, "
    "forward and backward",
    ten_times="ten times as many such operations in a model: the composite keeps several arrays "
    "for each, and memory runs out before time does. For whole formulas with a name in a paper "
    "there is a third way, `fusible` (minibig/autograd/fusibles.py), whose kernel may be replaced.",
)

# %% [markdown]
# ## Summary
#
# - A composite is an ordinary function of tensors; begin with it.
# - A primitive is a function of arrays and a rule for each input, which names what it needs.
# - Write one where the formula overflows, where memory counts, or where the derivative is known.
# - A rule is right when the gradient check says so, to the second order.
#
# ## Exercises
#
# Fill in a function and run its cell. `from check import hint, solution` gives more help.

# %%
@check("03.1")
def softsign():
    """Return a primitive: x / (1 + |x|), with a rule that holds to the second order."""

@check("03.2")
def hypotenuse():
    """Return a primitive of two inputs that broadcast: √(a² + b²)."""

@check("03.3")
def log_sum_exp_rule(g, x):
    """The rule of y = ln Σ eˣ over the last axis: from g (...,) and x (..., V) to (..., V)."""

@check("03.4")
def wrong_rules(operations):
    """The sorted names of those operations, given as {name: f}, whose derivative is wrong."""
