# %% [markdown]
# # 8 · A GPT, from text to answers
#
# > **摘要**：对应原文第 5 节的聊天机器人，但每一步都自己做：语料、分词、预训练（Pre-Training）、
# > 对话微调（Fine-Tuning，损失只算回答）、保存与加载、编码、生成、解码。更正原文：它说 GPT-3，
# > 加载的是 GPT-2；max_length 把提示也算在内。最后问：模型是懂了，还是背下来了？
#
# ## Question
#
# The article loads a model and lets it chat. **What has to happen to a heap of random numbers
# before it answers a question, and how much of the answer does it understand?**

# %%
import math
import tempfile
import time
from collections import Counter

import numpy as np
from chapter import BLUE, GREEN, QUICK, RED, SAND, cost, peak_bytes, picture, readable, within
from check import check

import minibig as mb
from minibig import data, optim
from minibig.tokenizers import ByteLevelBPE, load_tokenizer
from minibig.training import next_token_loss, validation_loss

world = data.World()  # twenty people, told and asked about in English and Chinese
documents = [text for _, text in world.documents(200_000 if QUICK else 1_000_000)]
special = ("<|endoftext|>", *data.DIALOGUE_TOKENS)
tokenizer = ByteLevelBPE.train(documents[:2000], vocab_size=800, isolate_han=True,
                               special_tokens=special)
stream = [i for text in documents for i in [*tokenizer.encode(text), tokenizer.end_of_text]]
V, T = tokenizer.vocab_size, 64
training, held_out = data.token_array(stream, V).split(0.95)
print(f"{len(documents):,} documents, {len(stream):,} tokens, V = {V}. The first:\n{documents[0]}")

# %% [markdown]
# ## The smallest thing that could work
#
# Count which token follows which two. What was never seen falls back on pairs and single tokens:

# %%
seen = training.ids.tolist()
tables = [Counter(zip(*(seen[k:] for k in range(n)), strict=False)) for n in (1, 2, 3)]

def trigram(a, b, c):
    """p(c | a b): a mixture of how often c follows (a, b), follows b, and occurs at all."""
    follows_two = tables[2][a, b, c] / max(1, tables[1][a, b])
    follows_one = tables[1][b, c] / max(1, tables[0][b,])
    return 0.7 * follows_two + 0.25 * follows_one + 0.05 * (tables[0][c,] + 1) / (len(seen) + V)

later = held_out.ids.tolist()
counted = np.mean([-math.log(trigram(*later[i : i + 3])) for i in range(len(later) - 2)])
floor = world.entropy() * len("".join(documents).encode()) / len(stream)  # nats a token
print(f"held-out loss by counting: {counted:.3f}; nobody can get below {floor:.3f}")

# %% [markdown]
# The floor is the entropy of this world's grammar, known because we wrote it. Everything between
# the two needs more than two tokens of memory: who "she" is, what was asked.
#
# ## The library's version
#
# `minibig/models/gpt.py` is GPT-2 to the letter, only small. Before training, two checks that cost
# nothing: a model that knows nothing has a loss of ln V, and the loss is what we think it is.

# %%
mb.manual_seed(0)
config = mb.models.GPTConfig(V, context_length=T, n_layers=2, n_heads=4, d_model=64)
model = mb.models.GPT(config)
batches = data.Batches(training, batch_size=16, context_length=T, seed=0)
first = batches.batch(0)
logits = model(first[:, :-1]).numpy().astype("float64")
p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
by_hand = -np.log(np.take_along_axis(p, first[:, 1:, None], axis=-1)).mean()
assert math.isclose(by_hand, next_token_loss(model, first).item(), rel_tol=1e-5)
within("loss of a fresh model, relative to ln V", by_hand / math.log(V), 0.98, 1.02)

def learn(loss_of, steps, lr):
    """The losses of `steps` updates; loss_of maps the number of a step to its loss."""
    optimizer, losses = optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.95)), []
    rate = optim.cosine(lr, total_steps=steps, warmup_steps=min(20, steps // 2), min_lr=lr / 10)
    for step in range(steps):
        loss = loss_of(step)
        losses.append(loss.item())
        loss.backward()
        optim.clip_gradients(model.parameters(), max_norm=1.0)
        optimizer.lr = rate(step)
        optimizer.step()
        optimizer.zero_grad()
    return losses

# %% [markdown]
# ## Experiment
#
# ### Pre-training (预训练): read, and predict the next token
#
# That is all a GPT is trained for. The masked words and next sentences of the article's 3.4 are how
# BERT learns, which reads in both directions and does not write.

# %%
STEPS = 60 if QUICK else 500
began = time.perf_counter()
losses = learn(lambda step: next_token_loss(model, batches.batch(step)), STEPS, lr=6e-3)
per_step = (time.perf_counter() - began) / STEPS
reading = validation_loss(model, held_out, batch_size=16, context_length=T, max_batches=16)
within("held-out loss after reading", reading, floor, 3.5 if QUICK else counted)

# %% [markdown]
# In the full run the model beats counting. Is it a chatbot now? Ask it in the form of a chat,
# `<|user|> question <|assistant|>`, as `minibig/data/dialogues.py` writes it:

# %%
def answer(question):
    prompt = data.prompt_ids(tokenizer, (), question)
    end = data.dialogue_tokens(tokenizer)[2]
    written = mb.generate(model, prompt, max_new_tokens=40, temperature=0, stop_token=end)
    return tokenizer.decode([i for i in written[0, len(prompt):].tolist() if i != end])

ASKED = ("Where does Anna live?", "安娜住在哪儿？",
         "你好，我是一个人工智能聊天机器人。请问你有什么问题？")  # the last one is the article's
for question in ASKED:
    print("only read:", question, "->", repr(answer(question)))

# %% [markdown]
# It goes on writing; nobody told it what an answer is. **Fine-tuning** (微调) does: dialogues, with
# the loss on the answers only. What the user says is given, so those targets are −100 and ignored.
# This loss can fall below the floor of the text: an answer is decided by its question.

# %%
dialogues = [data.dialogue_ids(tokenizer, turns) for turns in world.dialogues()]
order = np.concatenate([np.random.default_rng(e).permutation(len(dialogues)) for e in range(8)])
ids = np.array([i for d in order for i in dialogues[d][0]])
answered = np.array([a for d in order for a in dialogues[d][1]])

def answer_loss(step):
    places = np.arange(16)[:, None] * T + step * 16 * T + np.arange(T + 1)  # (B, T + 1)
    targets = np.where(answered[places], ids[places], -100)[:, 1:]
    return mb.cross_entropy(model(ids[places][:, :-1]), mb.tensor(targets), ignore_index=-100)

def accuracy(split, language):
    questions = world.questions(language, split)[:: 40 if QUICK else 5]
    return np.mean([answer(question) == right for question, right in questions])

tuning = learn(answer_loss, 60 if QUICK else 400, lr=4e-3)
model.eval()
for question in ASKED:
    print("fine-tuned:", question, "->", answer(question))
score = {(s, l): accuracy(s, l) for s in ("trained", "held_out") for l in ("en", "zh")}
for (split, language), share in score.items():
    print(f"right answers, {split}, {language}: {share:.0%}")
assert tuning[-1] < 0.5 * tuning[0]
if not QUICK:
    within("right answers, trained", (score["trained", "en"] + score["trained", "zh"]) / 2, 0.6, 1)
    assert min(score["trained", l] - score["held_out", l] for l in ("en", "zh")) > 0.2

with picture("08_gpt", panels=2) as (curve, bars):
    curve.plot(losses, color=BLUE, label="reading", linewidth=0.8)
    curve.plot(range(STEPS, STEPS + len(tuning)), tuning, color=SAND, label="answering")
    curve.axhline(counted, color=RED, linestyle="--", label="counting")
    curve.axhline(floor, color=GREEN, linestyle="--", label="entropy of the text")
    curve.set(title="From reading to answering", xlabel="step", ylabel="loss (nats a token)")
    names = [f"{split}\n{language}".replace("_", " ") for split, language in score]
    bars.bar(names, [100 * share for share in score.values()], color=[BLUE, BLUE, RED, RED])
    bars.set(title="Understood, or memorised?", ylabel="% of questions right", ylim=(0, 100))

# %% [markdown]
# ### Memorised (背下来的)
# The held-out questions ask for facts that the documents tell in stories, but that nobody ever
# asked. They are where understanding would show. A model this small, after so short a time, has
# learned *answers*; `minibig quickstart` trains longer, and prints the same table.
#
# ### The article's program, step by step
# Load, encode, generate, decode. Note two things that it does not say. `max_length=50` counts the
# prompt, too: a prompt of 50 tokens would leave no room for an answer; our `max_new_tokens` counts
# what is new. And `num_return_sequences` above 1 needs sampling, or all sequences are the same.

# %%
with tempfile.TemporaryDirectory() as folder:
    mb.save(model, folder)
    tokenizer.save(folder)
    loaded, its_tokenizer = mb.load(folder), load_tokenizer(folder)
prompt = data.prompt_ids(its_tokenizer, (), ASKED[-1])
room = 50 - len(prompt)
print(f"the greeting takes {len(prompt)} of 50 tokens and leaves {room}")
replies = mb.generate(loaded, prompt, max_new_tokens=room, n_sequences=3, temperature=0.8, seed=1,
                      stop_token=data.dialogue_tokens(its_tokenizer)[2])
for row in replies[:, len(prompt):]:
    print("机器人：", its_tokenizer.decode([i for i in row.tolist() if i < V - len(special)]))

# %% [markdown]
# ## What it costs

# %%
N = sum(parameter.size for parameter in model.parameters())
D, L, B = 64, 2, 16
assert N == V * D + T * D + L * (12 * D * D + 13 * D) + 2 * D
peak = peak_bytes(lambda: next_token_loss(model, first).backward())
cost(
    f"this GPT, batches of {B} times {T} tokens",
    parameters=f"V·D + T·D + L·(12·D² + 13·D) + 2·D = {N:,}",
    operations=f"about 6·N a token to learn: {readable(6 * N * B * T, 'flop')} a step",
    kept=f"{readable(peak, 'B')} at the peak of a step; weights and AdamW's state take 4·4·N = "
    f"{readable(16 * N, 'B')}",
    time=f"{readable(per_step, 's')} a step, {readable(6 * N * B * T / per_step, 'flop/s')}",
    ten_times="ten times the parameters want ten times the text as well (Hoffmann et al. 2022): a "
    "hundred times the time. That is what 'large' means, and why nobody trains alone.",
)

# %% [markdown]
# ## Summary
#
# - Reading teaches a language; fine-tuning on answers teaches to answer. The model is the same.
# - The loss has a ceiling (ln V), a mark to beat (counting), and a floor (entropy). Know all three.
# - Ask for what was never asked: trained questions alone cannot tell knowledge from memory.
#
# ## Exercises
#
# Fill in a function and run its cell. `from check import hint, solution` gives more help.

# %%
@check("08.1")
def greedy(next_logits, ids, n):
    """ids and n more, each the likeliest; next_logits maps a list of ids to logits (V)."""

@check("08.2")
def new_tokens(prompt_length, max_length):
    """How many tokens the article's max_length leaves for the answer."""

@check("08.3")
def answer_targets(ids, answers):
    """Targets (T − 1) for the inputs ids[:-1]: the next id if `answers` marks it, else −100."""

@check("08.4")
def nucleus(p, threshold):
    """p with all but the likeliest tokens that together reach the threshold set to 0; sum 1."""
