# %% [markdown]
# # 0 · Notation, and the way through
#
# > **摘要**：本页是地图。前半给出全书统一的形状字母（B 批量、T 长度、D 宽度……）与记号，并在一个
# > 真实的小模型里把它们逐一打印出来；后半列出阅读路线：哪一章对应原文的哪一节、本库的哪个包。
# > 每一章都可单独运行、单独阅读，也可以当作笔记本（notebook）逐格运行。
#
# These chapters go with the package `minibig` and with **the article**: a Chinese introduction to
# large models and what young companies build with them (大模型在创业产品中的应用), signed
# "AI天才研究员 / AI Genius Institute", without a title in the copy that this project began with.
# Nothing here depends on having it; its sections are listed below. It tells the story, the package
# holds every formula as code, and a chapter walks from one to the other with **one question**. Each
# stands alone, so start where you are curious.
#
#     python tutorials/05_perceptron.py            runs a chapter; under 90 seconds on two cores
#     python tutorials/05_perceptron.py --quick    with less of everything
#
# The files open as notebooks as they are: VS Code, Spyder and PyCharm show "run cell" above each
# `# %%`. For Jupyter, install `jupytext` and `jupyterlab` with pip once; then `jupyter lab` opens a
# chapter by a right click, "Open With", "Notebook", and `jupytext --to ipynb` writes an .ipynb.
# Change any number and run on: where the text no longer holds, a note says so.
#
# Pictures go to `runs/tutorials/`. At the end of each chapter there are exercises: fill in a
# function, run its cell, and it says what is right and what is not. Answers in a file of your own
# are checked with `python tutorials/check.py my_answers.py`; `hint("05.1")` and `solution("05.1")`
# are there, too.
#
# ## Letters
#
# The same letters everywhere, in formulas, comments and error sentences:

# %%
LETTERS = {
    "B": "batch: how many examples side by side (批量)",
    "T": "target length: how many positions are computed (长度)",
    "S": "source length: how many positions are looked at; S = T in self-attention",
    "D": "width: how many numbers describe a position (宽度)",
    "H": "heads of attention (头), or hidden neurons (隐藏单元)",
    "K": "head size, D = H·K; the article's d_k",
    "F": "width of the feed-forward network, usually 4·D",
    "V": "vocabulary: how many different tokens there are (词表)",
    "L": "layers, or blocks (层)",
    "N": "how many there are of what is being counted: points, parameters",
}
for letter, meaning in LETTERS.items():
    print(f"{letter}  {meaning}")

# %% [markdown]
# A shape is written as in NumPy, `(B, T, D)`, and `(..., D)` says that anything may stand in front.
#
# | sign | meaning |
# |---|---|
# | x W + b | row vectors times matrices; W has the shape (in, out) |
# | x̄, or g | the gradient of the loss with respect to x: ∂loss/∂x (梯度) |
# | σ(x) | the logistic function 1 / (1 + e⁻ˣ) (Sigmoid) |
# | softmax(x) | e^x / Σ e^x: positive numbers that add up to 1 |
# | ln | the natural logarithm; losses are in *nats*, 1 nat = 1.44 bits |
# | a ⊙ b | element by element |
# | N(0, s²), U[a, b) | normally and evenly distributed random numbers |
#
# ## The letters at work
#
# A GPT small enough to be looked through, and the shape of everything on the way. Change a number
# and run the cell again.

# %%
import inspect
import re
from pathlib import Path

import chapter

import minibig as mb
from minibig.nn.attention import split_heads

B, T, D, H, V, L = 3, 7, 32, 4, 50, 2
K, F = D // H, 4 * D
config = mb.models.GPTConfig(vocab_size=V, context_length=16, n_layers=L, n_heads=H, d_model=D)
model = mb.models.GPT(config)
ids = mb.zeros((B, T), dtype="int64")
block = model.blocks[0]
h = model.token_embedding(ids)  # one vector a token
queries, keys, values = mb.split(block.attention.qkv(block.attention_norm(h)), 3, axis=-1)
weights = block.attention.weights(h)
wide = block.feed_forward.up(h)
logits = model(ids)

# %% [markdown]
# Everything on the way of three rows of seven tokens, with its shape in letters and in numbers:

# %%
for name, tensor, letters, shape in [
    ("token ids", ids, "(B, T)", (B, T)),
    ("embeddings", h, "(B, T, D)", (B, T, D)),
    ("queries of all heads", queries, "(B, T, D)", (B, T, D)),
    ("the same, head by head", split_heads(queries, H), "(B, H, T, K)", (B, H, T, K)),
    ("weights of attention", weights, "(B, H, T, S)", (B, H, T, T)),
    ("inside the feed-forward", wide, "(B, T, F)", (B, T, F)),
    ("logits", logits, "(B, T, V)", (B, T, V)),
    ("the loss", mb.cross_entropy(logits, ids), "()", ()),
]:
    print(f"{name:24} {letters:13} {tensor.shape}")
    chapter.expect(tensor.shape == shape, f"{name} have the shape {letters}")
print(f"\n{model.n_parameters:,} parameters in {L} blocks:")
print(model.summary())

# %% [markdown]
# ## The way through
#
# The order of the chapters is the order of the package's layers, and nearly that of history. For
# each: where to read on in the package, its sections of the article, and the years of its ideas.

# %%
WAY = [
    ("01", "3.1", "minibig/autograd", "how can a program know its derivative?", "1970, 2020"),
    ("02", "", "minibig/autograd", "what if shapes differ, and how does it go wrong?", ""),
    ("03", "", "minibig/ops", "what must the engine know of a new operation?", ""),
    ("04", "3.1, 4.3", "minibig/nn", "what does a layer compute, how wrong is it?", "2010, 2015"),
    ("05", "3.1", "minibig/optim", "what could the perceptron not do?", "1969, 1986"),
    ("06", "3.3, 4.1, 4.2", "minibig/nn", "how does a position know what matters?", "2017"),
    ("07", "5.3", "minibig/tokenizers", "which numbers should a text become?", "2016"),
    ("08", "2, 3.4, 5", "minibig/models", "from random numbers to answers?", "2018, 2019"),
]
here = Path(inspect.getfile(chapter)).resolve().parents[1]
for number, article, package, question, year in WAY:
    [path] = here.glob(f"tutorials/{number}_*.py")
    chapter.expect((here / package).is_dir(), f"there is a package {package}")
    place = f"article {article}" if article else ""
    print(f"{Path(path).stem:26}{package:22}{place:22}{year}".rstrip())
    print(f"    {question}")

# %% [markdown]
# If you have an evening: 01, 05, 06, 08. If you know another engine already: 03, 06, 08. If you
# came for Chinese text: 07 and 08. Whoever wants it all at once runs `minibig quickstart`.
#
# Every chapter keeps the same order, so that you can find things again:

# %%
lessons = sorted(here.glob("tutorials/0[1-9]_*.py"))
orders = {tuple(re.findall(r"^# ## (.*)$", p.read_text(encoding="utf-8"), re.M)) for p in lessons}
[order] = orders  # one for all
print(*order, sep="\n")

# %% [markdown]
# ## The article, section by section
#
# | section | title | in minibig |
# |---|---|---|
# | 1 | 背景介绍 (background) | |
# | 2 | 核心概念与联系 (pre-training, fine-tuning, adaptation, ...) | second half |
# | 3.1 | 深度学习基础 (neurons, losses, gradients) | `autograd/`, `ops/`, `nn/` |
# | 3.2 | 循环神经网络 (RNN, LSTM, GRU) | to come in `ops/`, `nn/` |
# | 3.3 | 递归神经网络 (Transformer) | `nn/`, `models/` |
# | 3.4 | 预训练与微调 | `objectives/`, `dialogue/` |
# | 4.1, 4.2 | Transformer 模型数学基础, 举例说明 | `ops/` |
# | 4.3 | 损失函数 (losses) | `ops/` |
# | 5 | 项目实战 (a chatbot on GPT-2) | `generation/`, `minibig chat` |
# | 6 | 实际应用场景 (applications) | |
# | 7 | 工具和资源推荐 (tools) | `training/` |
# | 8 | 总结：未来发展趋势与挑战 (outlook) | `explanation/` |
# | 9, 10 | 常见问题与解答, 扩展阅读 (questions, reading) | `explanation/` |
#
# ## Where the article is put right
#
# The article is a good map with some wrong turns. Each is computed in the chapter named here:
#
# | article | says | is | chapter |
# |---|---|---|---|
# | 4.1 | softmax(Q Kᵀ) V | softmax(Q Kᵀ / √d_k) V | 6 |
# | 4.2 | adds the scores, ends with five products | weights 1/5 each, context 2 | 6 |
# | 4.3 | about 2.307 | 2.2256; with the zeros 4.3459, mean 0.8692 | 4 |
# | 3.3 | the Transformer is a recursive network | it has no recurrence; that is its point | 6 |
# | 3.4 | masked words and next sentences train BERT *and* GPT | GPT predicts the next token | 8 |
# | 5 | a chatbot on GPT-3; `max_length` limits the reply | loads GPT-2; the prompt counts | 8 |
