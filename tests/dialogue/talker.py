"""Very small models: one was taught four answers by heart, the other knows nothing."""

import numpy as np

import minibig as mb
from minibig.dialogue import DIALOGUE_TOKENS, dialogue_ids
from minibig.models import GPT, GPTConfig
from minibig.optim import AdamW
from minibig.tokenizers import ByteLevelBPE

TURNS = (
    ("Who are you?", "I am a small model."),
    ("你是谁？", "我是一个小模型。"),
    ("Say two lines.", "one\ntwo"),
    ("Where is Anna?", "Anna is in the garden behind the house."),
)
CONTEXT = 64


def taught(folder):
    """Teach, and save model and tokenizer to the folder."""
    text = "\n".join(f"{question}\n{answer}" for question, answer in TURNS * 4)
    special = ("<|endoftext|>", *DIALOGUE_TOKENS)
    tokenizer = ByteLevelBPE.train(text, vocab_size=340, special_tokens=special, isolate_han=True)
    mb.manual_seed(0)
    model = GPT(GPTConfig(tokenizer.vocab_size, CONTEXT, n_layers=2, n_heads=2, d_model=32))
    optimizer = AdamW(list(model.parameters()), lr=1e-2)
    random = np.random.default_rng(0)
    for _ in range(150):
        ids = []
        while len(ids) <= CONTEXT:
            ids += dialogue_ids(tokenizer, [TURNS[random.integers(4)]])[0]
        batch = np.array([ids[: CONTEXT + 1]])
        mb.cross_entropy(model(batch[:, :-1]), mb.tensor(batch[:, 1:])).backward()
        optimizer.step()
        optimizer.zero_grad()
    mb.save(model, folder)
    tokenizer.save(folder)


def babbling(folder):
    """Save a model that knows nothing, never ends, and has no dialogue tokens."""
    tokenizer = ByteLevelBPE.train("a b", vocab_size=256, special_tokens=())
    mb.manual_seed(0)
    mb.save(GPT(GPTConfig(256, 4096, n_layers=1, n_heads=1, d_model=8)), folder)
    tokenizer.save(folder)
