# %% [markdown]
# # 6 · Attention
# > **摘要**：对应原文 4.1、4.2。每个位置用查询（Query）与所有键（Key）作点积，经 softmax 得权重，
# > 再对值（Value）加权求和。原文两处需更正：分数应除以 √d_k；4.2 的例子先把分数加成 5 再作
# > softmax，又没有求和，正确结果是权重各 1/5，上下文为 2。本章还训练一个忘了掩码（mask）的
# > 模型：损失漂亮极了，写出的字却毫无用处；再用几道"关卡"揭穿它。
#
# ## Question
#
# "Anna puts the apple into the …": what comes next depends on words far apart. **How does a
# position find out which of the others matter, and how do we know that a model really does so?**

# %%
import math
import random

import numpy as np
from chapter import BLUE, QUICK, RED, cost, expect, kept_bytes, picture, readable, seconds, within
from check import check

import minibig as mb
from minibig import data, optim
from minibig.models import GPT, GPTConfig
from minibig.objectives import next_token_loss

# %% [markdown]
# ## The smallest thing that could work
#
# A **query** (查询) says what a position looks for, a **key** (键) what one has to offer, a
# **value** (值) what it hands over. The product of query and key is the score of a pair; a softmax
# turns the scores of a query into weights; the result is the weighted sum of the values. The
# article's example (4.2): five positions, five scores of 1, the values 0, 1, 2, 3, 4.

# %%
def softmax(scores):
    e = [math.exp(s - max(scores)) for s in scores]
    return [each / sum(e) for each in e]

values = [0, 1, 2, 3, 4]
scores = [1.0] * len(values)
weights = softmax(scores)
context = sum(w * v for w, v in zip(weights, values, strict=True))
print("weights", weights, "context", context)
expect(np.allclose(weights, 0.2) and math.isclose(context, 2), "weights are 1/5, the context 2")

# %% [markdown]
# The article adds the scores up to 5 first, and stops at the five products 0, 1/5, …, 4/5. The
# weights happen to agree; but a softmax needs the scores *themselves*, and the products must be
# added: the context is **one** value, 2, here the mean of all five.
#
# ### Why 1/√d_k
# Its formula (4.1) is softmax(Q Kᵀ) V. The original (Vaswani et al. 2017, eq. 1) divides the scores
# by √d_k. A product of two vectors of K random numbers has a standard deviation of √K, and a
# softmax of large scores is a hard choice, which has no slope to learn from:

# %%
rng = np.random.default_rng(0)

def look(K, scale):
    """Of 100 random queries over 50 keys: spread of the scores, largest weight, slope."""
    q, k = rng.standard_normal((100, K)), rng.standard_normal((50, K))
    s = q @ k.T * scale
    p = mb.softmax(s)
    return s.std(), p.max(axis=1).mean(), (p * (1 - p)).sum(axis=1).mean()

print("spread of the scores, largest weight, slope of the softmax:")
for K in (4, 64, 1024):
    plain, scaled = (np.round(look(K, scale), 2) for scale in (1.0, 1 / math.sqrt(K)))
    print(f"K = {K:4}: {plain} unscaled, {scaled} scaled")
expect(plain[2] < 0.3 < scaled[2], "unscaled scores leave hardly any slope")

# %% [markdown]
# ## The library's version
#
# `minibig/ops/scaled_dot_product_attention.py`: formula, scale, and the causal mask, which hides
# all later keys with a score of −∞. Here it is with plain loops, and equal:

# %%
def attend(q, k, v, causal):
    y = []
    for t, query in enumerate(q):
        seen = t + 1 if causal else len(k)
        w = softmax([query @ key / math.sqrt(len(query)) for key in k[:seen]])
        y.append(sum(wi * value for wi, value in zip(w, v[:seen], strict=True)))
    return np.array(y)

q, k, v = rng.standard_normal((3, 6, 4))
for causal in (False, True):
    ours = mb.attention(*map(mb.tensor, (q, k, v)), causal=causal)
    expect(np.allclose(ours.numpy(), attend(q, k, v, causal)), f"loops give the same, {causal=}")
turned = attend(q, k[::-1], v[::-1], False)
expect(np.allclose(turned, attend(q, k, v, False)), "attention sees no order")
print("compared with and without mask; keys turned round give the same")

# %% [markdown]
# So order must be told (`minibig/nn/positions.py`). The article's 3.3 calls the Transformer
# recursive; nothing recurs here, all positions are computed at once. One set of weights looks in
# one way only: `minibig/nn/attention.py` has H heads side by side (多头注意力), of width K = D/H.
#
# ## Experiment
# ### First, the failure: a model without its mask
# Two small GPTs learn sentences character by character. They differ in one word, `causal`: without
# the mask a position may look at the next one, which is the answer.

# %%
names, things = ["anna", "ben", "clara", "david"], ["apple", "boat", "drum", "egg", "flute"]
places = ["garden", "kitchen", "market", "school", "tower"]
draw = random.Random(0).choice
text = "".join(draw([
    f"{draw(names)} puts the {draw(things)} into the {draw(places)}. ",
    f"the {draw(things)} of {draw(names)} is in the {draw(places)}. ",
    f"{draw(names)} and {draw(names)} go to the {draw(places)}. "]) for _ in range(3000))
tokenizer = mb.tokenizers.Characters.train(text)
training, held_out = data.token_array(tokenizer.encode(text), tokenizer.vocab_size).split(0.9)

# %% [markdown]
# The steps of a training, written out: the loss of a batch, its gradients, clipped to a norm of 1,
# and AdamW with a learning rate that rises over 20 steps and then falls along a cosine.

# %%
T, STEPS = 32, 400 if QUICK else 700
config = GPTConfig(tokenizer.vocab_size, context_length=T, n_layers=1, n_heads=4, d_model=64)

def train(causal):
    mb.manual_seed(0)
    model = GPT(config)
    model.blocks[0].attention.causal = causal
    optimizer, losses = optim.AdamW(model.parameters(), lr=0.01, betas=(0.9, 0.95)), []
    rate = optim.cosine_schedule(0.01, total_steps=STEPS, warmup_steps=20)
    batches = data.Batches(training, batch_size=16, context_length=T, seed=0)
    for step in range(STEPS):
        losses.append((loss := next_token_loss(model, batches.batch(step))).item())
        loss.backward()
        optim.clip_gradients(model.parameters(), max_norm=1.0)
        optimizer.lr = rate(step)
        optimizer.step()
        optimizer.zero_grad()
    return model.eval(), losses

# %% [markdown]
# And two ways to judge the result: let it write, the likeliest character each time; and measure its
# loss where later tokens are really absent, as they are in writing.

# %%
def write(model, ids, length=50):
    for _ in range(length):
        ids = [*ids, int(model.next_logits([ids[-T:]]).argmax().item())]
    return tokenizer.decode(ids)

def loss_without_future(model):
    """The loss on held-out text when later tokens are really absent, as in writing."""
    blocks = np.array(held_out.ids[: 16 * T], "int64").reshape(-1, T)
    ahead = [(model.next_logits(blocks[:, :t]), mb.tensor(blocks[:, t])) for t in range(1, T)]
    return np.mean([mb.cross_entropy(logits, targets).item() for logits, targets in ahead])

(right, right_losses), (broken, broken_losses) = train(causal=True), train(causal=False)
for name, model in (("masked", right), ("unmasked", broken)):
    print(f"{name}: {write(model, tokenizer.encode('the apple of '))}")
within("training loss with the mask", np.mean(right_losses[-20:]), 0.15, 0.4)
within("training loss without it", np.mean(broken_losses[-20:]), 0.0, 0.19)
within("writing, with the mask", loss_without_future(right), 0.15, 0.6)
within("writing, without it", loss_without_future(broken), 1.0, 20.0)

# %% [markdown]
# The lower loss belongs to the useless one: it copies from the right, and when it writes there is
# nothing on the right. **A loss is no proof.** Ask for behaviour, with questions that the good
# model and one broken on purpose answer differently:

# %%
ids = np.array(held_out.ids[:T], "int64")

def leak(model):
    changed = np.where(np.arange(T) < T // 2, ids, (ids + 1) % tokenizer.vocab_size)
    a, b = (model([each]).numpy()[0, : T // 2] for each in (ids, changed))
    return abs(a - b).max()

def order_felt(model):
    logits = model([[int(ids[0])] * T]).numpy()[0]
    return abs(logits - logits[0]).max()

def attention_weights(model):
    block, h = model.blocks[0], model.token_embedding([ids]) + model.position_embedding(T)
    return block.attention.weights(block.attention_norm(h)).numpy()[0]  # (H, T, T)

def evenness(model):
    """The entropy of the weights, relative to that of even ones: 1 looks nowhere."""
    w = attention_weights(model)[:, 8:]
    return (-(w * np.log(w + 1e-12)).sum(axis=-1) / np.log(np.arange(9, T + 1))).mean()

# %% [markdown]
# Each of the three is asked of the good model and of one that was broken on purpose: without its
# positions, or without queries and keys.

# %%
def without(name, columns):  # the good model, with some columns of a parameter set to 0
    model, state = GPT(config), {n: p.numpy().copy() for n, p in right.state_dict().items()}
    state[name][..., :columns] = 0
    model.load_state_dict(state)
    return model.eval()

no_positions = without("position_embedding.weight", 64)
no_looking = without("blocks.0.attention.qkv.weight", 2 * 64)  # no queries, no keys

def gate(name, good, bad, limit, *, at_most):
    print(f"{name}, {'at most' if at_most else 'at least'} {limit:g}: {good:.2g}; broken {bad:.2g}")
    holds = (good <= limit < bad) if at_most else (good >= limit > bad)
    expect(holds, f"only the good model passes: {name}, {limit:g}")

gate("later tokens move earlier logits by", leak(right), leak(broken), 1e-4, at_most=True)
gate("attention is even to", evenness(right), evenness(no_looking), 0.9, at_most=True)
gate("positions move logits by", order_felt(right), order_felt(no_positions), 0.1, at_most=False)

# %% [markdown]
# Both losses, and where each position looks (the head that looks hardest):

# %%
with picture("06_attention", panels=2, height=4.2) as (curves, looks):
    curves.semilogy(broken_losses, color=RED, label="without mask", linewidth=0.8)
    curves.semilogy(right_losses, color=BLUE, label="with mask", linewidth=0.8)
    curves.set(title="The useless model has the better loss", xlabel="step", ylabel="loss (nats)")
    looks.imshow(attention_weights(right).max(axis=0), cmap="Blues", vmin=0, vmax=1)
    letters = list(tokenizer.decode(ids.tolist()).replace(" ", "_"))
    looks.set(title="Who (row) looks where, at most", xticks=range(T), yticks=range(T),
              xticklabels=letters, yticklabels=letters)
    looks.grid(False)

# %% [markdown]
# ## What it costs

# %%
H, K, measured = 4, 32, []
for S in (128, 256) if QUICK else (256, 512, 1024):
    qkv = [mb.nn.Parameter(mb.normal((1, H, S, K))) for _ in range(3)]
    kept = kept_bytes(lambda qkv=qkv: mb.attention(*qkv, causal=True))
    taken = seconds(lambda qkv=qkv: mb.attention(*qkv, causal=True).sum().backward(), 3)
    measured.append(f"{readable(kept, 'B')} and {readable(taken, 's')} at T = {S}")
cost(
    f"attention with H = {H} heads of K = {K}",
    parameters="none; the layer around it has 4·D² + 4·D",
    operations=f"4·H·T²·K = {readable(4 * H * S * S * K, 'flop')} forward at T = {S}",
    kept=f"the weights and the result, 4·H·T² + 4·H·T·K = {readable(4 * H * S * (S + K), 'B')}",
    measured="kept, and time forward and backward: " + "; ".join(measured),
    ten_times="ten times the text: a hundred times the scores, in time and in memory. This square "
    "is why contexts were short; FlashAttention (2022) computes it without storing it.",
)

# %% [markdown]
# ## Summary
#
# - Scores are products of queries and keys, weights their softmax, the result a mean of values.
# - The article's example: weights 1/5, context 2. With 1/√d_k a softmax goes on learning.
# - Order must be told, and the future hidden; no loss tells you if it is not.
# - A gate counts only after it has caught a model that was broken on purpose.
#
# ## Exercises
#
# Fill in a function and run its cell. `from check import hint, solution` gives more help.

# %%
@check("06.1")
def scaled_attention(q, k, v):
    """softmax(q kᵀ / √K) v in NumPy: q (T, K), k (S, K), v (S, U) -> (T, U)."""

@check("06.2")
def hide_the_future(scores):
    """The scores (T, T) with −∞ wherever a query (row) must not look at a key (column)."""

@check("06.3")
def split_into_heads(x, H):
    """(T, D) -> (H, T, D/H): head h gets the numbers h·K … h·K + K − 1 of every position."""

@check("06.4")
def first_leak(logits_of, ids, V):
    """The first position whose logits depend on a later token, or −1; ids is a list below V."""
