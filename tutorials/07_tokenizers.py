# %% [markdown]
# # 7 · Tokenizers
#
# > **摘要**：模型读的是数字（原文 5.3 "分词处理"）。按字符切分，没见过的字写不出来；按 UTF-8 字节
# > 切分，什么都能写，但一个汉字要三个；字节级 BPE 从字节出发，把常见的相邻对合并成词元（token）。
# > GPT-2 以空格断词，中文没有空格，整个分句被当成一个"词"，同一个名字被切成许多种样子；
# > 把每个汉字单独隔开，就只剩一种。
#
# ## Question
#
# A model reads numbers. **Which numbers should a text become**, so that nothing is lost, sequences
# stay short, and the same word always looks the same?

# %%
import time
from collections import Counter
from itertools import pairwise

from chapter import BLUE, GREEN, QUICK, RED, cost, expect, picture, readable, within
from check import check

import minibig as mb
from minibig.data import World, load_documents
from minibig.tokenizers import ByteLevelBPE, Characters, StreamDecoder
from minibig.tokenizers.byte_level_bpe.byte_symbols import BYTE_ORDER
from minibig.tokenizers.byte_level_bpe.pretokenization import count_pre_tokens, pre_token_finder
from minibig.tokenizers.byte_level_bpe.training import learn_merges

GREETING = "你好，我是一个人工智能聊天机器人。请问你有什么问题？"  # the article's own, section 5

# %% [markdown]
# ## The smallest thing that could work
#
# ### First, the failure: one number a character
# Number the characters that occur. Nothing could be simpler, until the first new one comes:

# %%
characters = Characters.train("the cat sat on the mat")
print(characters.encode("the hat"), characters.vocab_size, "characters")
try:
    characters.encode("the cat purrs")
except mb.InputError as error:
    print("refused:", error)
else:
    expect(False, "a character that was never seen is refused")

# %% [markdown]
# All of Unicode would be 150,000 numbers, most of them never trained. Bytes are the other end: 256
# numbers write everything. But a Chinese character takes three of them, and attention pays for
# length squared (chapter 6):

# %%
for text in ("the cat purrs", GREETING):
    print(f"{len(text):3} characters, {len(text.encode()):3} bytes: {text}")

# %% [markdown]
# **Byte pair encoding** (字节对编码) lies between: start with bytes, and again and again make a new
# token of the pair that stands side by side most often. Text is first cut into pieces that merging
# does not cross (`pre_token_finder`), roughly words, and each piece counts as often as it occurs.

# %%
NUMBER = {byte: number for number, byte in enumerate(BYTE_ORDER)}  # as GPT-2 numbers the bytes

def merged(tokens, pair, new):
    result = []
    for token in tokens:
        if result and (result[-1], token) == pair:
            result[-1] = new
        else:
            result.append(token)
    return result

def learn(counts, n_merges):
    words = {word: [NUMBER[byte] for byte in word.encode()] for word in counts}
    merges = []
    for new in range(256, 256 + n_merges):
        pairs = Counter()
        for word, tokens in words.items():
            for pair in pairwise(tokens):
                pairs[pair] += counts[word]
        pair = min(pairs, key=lambda pair: (-pairs[pair], pair))  # of equals the smaller ids
        merges.append(pair)
        words = {word: merged(tokens, pair, new) for word, tokens in words.items()}
    return merges

# %% [markdown]
# A hundred merges of some English text, with the library beside it:

# %%
english = "".join(text for _, text in World().documents(60_000) if text.isascii())
counts = count_pre_tokens([english], special_tokens=(), isolate_han=False)
began = time.perf_counter()
ours = learn(counts, 100)
slow = time.perf_counter() - began
tokenizer = ByteLevelBPE.train(english, vocab_size=256 + 100, special_tokens=())
print("the first tokens:", [tokenizer.decode([number]) for number in range(256, 266)])

# %% [markdown]
# ## The library's version
#
# `minibig/tokenizers/byte_level_bpe/training.py` learns the same merges, but touches only the
# places where a pair stands, instead of counting everything anew; the tokenizer around them, in
# GPT-2's file format, is `minibig/tokenizers/byte_level_bpe/tokenizer.py`.

# %%
began = time.perf_counter()
theirs = learn_merges(counts, 100)
fast = time.perf_counter() - began
expect(theirs == ours, "the library learns the same merges")
print(f"100 equal merges: {readable(slow, 's')} counted anew, {readable(fast, 's')} by the library")
for text in (english[:500], GREETING, "naïve café ☕ \t\n", "a\u0301"):
    expect(tokenizer.decode(tokenizer.encode(text)) == text, "nothing is lost")

# %% [markdown]
# Nothing is ever unknown, and nothing is lost. Two details that hurt whoever forgets them. A token
# can be *part* of a character, so text that is written token by token must wait for whole ones. And
# a special token is not text: a user who types it must not be able to end a document.

# %%
decoder = StreamDecoder(tokenizer)
print([decoder.feed([number]) for number in tokenizer.encode("你好!")])
guarded = ByteLevelBPE.train(english, vocab_size=300)
print(guarded.encode("<|endoftext|>", allow_special=True), len(guarded.encode("<|endoftext|>")))
typed = guarded.encode("<|endoftext|>")
expect(guarded.end_of_text not in typed, "what a user types is text")

# %% [markdown]
# ## Experiment
#
# ### Chinese has no spaces
# GPT-2's pattern cuts at spaces and punctuation. In Chinese, that leaves whole clauses:

# %%
clause = "安娜住在桥附近，她喜欢吃蛋糕。"
for isolate_han in (False, True):
    print(f"{isolate_han!s:5}", "|".join(pre_token_finder(isolate_han)(clause)))

# %% [markdown]
# With room for enough tokens, whole sentences are merged. How many faces does one name get? For
# every place in unseen text where 安娜 (Anna) stands we ask which tokens touch it:

# %%
n_bytes = 150_000 if QUICK else 1_500_000
documents = [text for _, text in World().documents(n_bytes)]
chinese = "\n".join(text for text in documents if not text.isascii())
cut = chinese.index("\n", len(chinese) * 9 // 10)
learned_from, unseen = chinese[:cut], chinese[cut:]

def faces(tokenizer, text, word):
    """The different sequences of tokens that touch an occurrence of the word."""
    found = Counter()
    lengths = [len(tokenizer.decode_bytes([number])) for number in range(tokenizer.vocab_size)]
    for line in text.split("\n"):
        for begin in [len(line[:i].encode()) for i in range(len(line)) if line.startswith(word, i)]:
            place, touching = 0, []
            for number in tokenizer.encode(line):
                if place < begin + len(word.encode()) and place + lengths[number] > begin:
                    touching.append(number)
                place += lengths[number]
            found[tuple(touching)] += 1
    return found

# %% [markdown]
# Two tokenizers learn from the same text, one as GPT-2's pattern cuts it, one with every Chinese
# character apart (`isolate_han=True`):

# %%
V = 1500 if QUICK else 3000
clauses = ByteLevelBPE.train(learned_from, vocab_size=V)
isolated = ByteLevelBPE.train(learned_from, vocab_size=V, isolate_han=True)
n_faces = {}
for name, each in (("clauses", clauses), ("isolated", isolated)):
    found = faces(each, unseen, "安娜")
    n_faces[name] = len(found)
    shown = ["|".join(each.decode([n]) for n in face) for face, _ in found.most_common(3)]
    print(f"{name}: {len(found)} faces in {sum(found.values())} places, such as {shown}")
expect(n_faces["isolated"] == 1 < n_faces["clauses"], "only isolated characters have one face")
longer = len(isolated.encode(unseen)) / len(clauses.encode(unseen))
print(f"the price: isolated, the same text takes {longer:.1f} times as many tokens")
within("how much longer", longer, 1.5, 6)

# %% [markdown]
# To a model, tokens are numbers without any likeness: it has as many Annas to learn as there are
# faces. But isolating is dear: this text, which repeats its sentences, becomes 3.7 times as long in
# tokens, with all that attention pays for length (chapter 6). How it grows with the vocabulary is
# in the picture; in English prose spaces do the work.

# %%
def bytes_per_token(tokenizer, text):
    return len(text.encode()) / len(tokenizer.encode(text))

prose = []
for _, text in load_documents("stdlib"):
    prose.append(text)
    if sum(map(len, prose)) > (200_000 if QUICK else 1_500_000):
        break
prose, later = "".join(prose[:-3]), "".join(prose[-3:])
sizes = [300, 500, 1000] if QUICK else [300, 500, 1000, 2000, 4000]
with picture("07_compression", panels=2) as (left, right):
    for label, han, colour in (("clauses", False, RED), ("Han isolated", True, BLUE)):
        each = [ByteLevelBPE.train(learned_from, vocab_size=n, isolate_han=han) for n in sizes]
        ratios = [bytes_per_token(t, unseen) for t in each]
        left.plot(sizes, ratios, "o-", color=colour, label=label)
    each = [ByteLevelBPE.train(prose, vocab_size=n) for n in sizes]
    ratios = [bytes_per_token(t, later) for t in each]
    right.plot(sizes, ratios, "o-", color=GREEN, label="unseen English prose")
    left.set(title="Chinese", xlabel="vocabulary", ylabel="bytes a token")
    right.set(title="English", xlabel="vocabulary")
expect(ratios == sorted(ratios) and ratios[-1] > 2, "more tokens make shorter texts")

large = each[-1]
needed = {name: len(t.encode(GREETING)) for name, t in (("English", large), ("Chinese", isolated))}
print(f"tokens of the greeting, by language learned from: {needed}")
expect(needed["Chinese"] < needed["English"], "a tokenizer learned from Chinese needs fewer tokens")

# %% [markdown]
# A tokenizer made from English breaks Chinese into bytes. GPT-2's vocabulary, which the article
# loads for a Chinese chatbot, is of this kind: its sequences are long, and its weights have hardly
# seen such bytes.
#
# ## What it costs

# %%
began = time.perf_counter()
n, n_tokens = len(prose.encode()), len(large.encode(prose))
encoding = time.perf_counter() - began
cost(
    f"a vocabulary of V = {large.vocab_size:,} for a model of width D = 256",
    parameters=f"V·D = {large.vocab_size * 256:,} for the table of embeddings, which also predicts",
    operations=f"2·V·D = {readable(2 * large.vocab_size * 256, 'flop')} a token for the prediction",
    kept=f"4·V = {readable(4 * large.vocab_size, 'B')} of logits a token while training",
    time=f"encoding: {readable(n / encoding, 'B/s')}",
    length=f"{n:,} bytes are {n_tokens:,} tokens: {n / n_tokens:.2f} times shorter, so attention "
    f"over the same text takes {(n / n_tokens) ** 2:.0f} times less",
    ten_times="ten times the vocabulary: tokens grow by a few tenths of a byte (see the picture), "
    "the table and the prediction tenfold, and rare tokens are seen too rarely to be learned.",
)

# %% [markdown]
# ## Summary
#
# - Characters lose what is new, bytes are long; byte-level BPE loses nothing and is short.
# - What is merged depends on where text is cut first: in Chinese, isolate Han characters.
# - A token may be half a character, and a special token is no text.
# - More tokens make shorter texts and larger tables.
#
# ## Exercises
#
# Fill in a function and run its cell. `from check import hint, solution` gives more help.

# %%
@check("07.1")
def most_frequent_pair(words):
    """The most frequent pair of neighbours; words maps tuples of tokens to how often they occur."""

@check("07.2")
def merge(tokens, pair, new):
    """The list with `new` wherever the pair stands, from left to right, without overlap."""

@check("07.3")
def byte_lengths(tokenizer, text):
    """How many bytes each token of the text has, as a list."""

@check("07.4")
def stream_text(pieces):
    """A list of texts from a list of bytes: each holds what became whole with that piece."""
