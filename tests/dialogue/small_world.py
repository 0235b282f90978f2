"""A stand-in for a world: a few facts, asked and answered in two languages."""

from minibig.dialogue import DIALOGUE_TOKENS
from minibig.models import GPT, GPTConfig
from minibig.tokenizers import ByteLevelBPE

DIALOGUES = [
    [("Where is Ann?", "In Rome.")],
    [("Hello!", "Hello, how can I help?"), ("Where is Bob?", "In Oslo.")],
    [("安在哪里？", "在罗马。")],
    [("你好！", "你好，请问你有什么问题？")],
    [("Who is in Rome?", "Ann.")],
    [("Where is Bob?", "In Oslo.")],
]
TOKENIZER = ByteLevelBPE.train(
    (text for turns in DIALOGUES for turn in turns for text in turn),
    vocab_size=300,
    special_tokens=("<|endoftext|>", *DIALOGUE_TOKENS),
    isolate_han=True,
)
T = 48


def gpt(dropout=0.0, context_length=T):
    sizes = {"n_layers": 1, "n_heads": 2, "d_model": 32}
    return GPT(GPTConfig(TOKENIZER.vocab_size, context_length, **sizes, dropout=dropout))
