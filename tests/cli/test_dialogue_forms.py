import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.cli.dialogue_forms import TaughtDialogue, Transcript, dialogue_form, until
from minibig.data import DIALOGUE_TOKENS, prompt_ids
from minibig.tokenizers import ByteLevelBPE, Characters

PLAIN = ByteLevelBPE.train("yes no", vocab_size=257)
TAUGHT = ByteLevelBPE.train(
    "yes no", vocab_size=260, special_tokens=("<|endoftext|>", *DIALOGUE_TOKENS)
)


def test_a_tokenizer_with_dialogue_tokens_asks_with_them():
    form = dialogue_form(TAUGHT)
    assert isinstance(form, TaughtDialogue)
    assert form.prompt([("a", "b")], "c") == prompt_ids(TAUGHT, [("a", "b")], "c")
    assert form.stop_tokens == set(range(256, 260))
    assert "".join(form.answer(["User:", "\nUser: x"])) == "User:\nUser: x"


def test_another_tokenizer_asks_with_a_transcript():
    form = dialogue_form(PLAIN)
    assert isinstance(form, Transcript)
    asked = PLAIN.decode(form.prompt([("a", "b"), ("c", "d")], "e"))
    assert asked == "User: a\nAssistant: b\nUser: c\nAssistant: d\nUser: e\nAssistant:"
    assert form.stop_tokens == {256}
    assert "".join(form.answer([" f\nUs", "er: g"])) == " f"


def test_a_tokenizer_that_cannot_write_the_names_is_refused():
    with pytest.raises(InputError, match="this model cannot hold a conversation"):
        dialogue_form(Characters.train("the cat"))


@given(st.lists(st.text("ab", max_size=3), max_size=8), st.text("ab", min_size=1, max_size=4))
def test_a_text_ends_at_the_mark_wherever_it_is_cut(pieces, mark):
    assert "".join(until(mark, pieces)) == "".join(pieces).partition(mark)[0]


@given(st.lists(st.text("ab", max_size=3), max_size=8), st.text("ab", min_size=1, max_size=4))
def test_no_more_waits_than_may_become_the_mark(pieces, mark):
    shown = ""
    for number, piece in enumerate(until(mark, pieces), 1):
        shown += piece
        rest = "".join(pieces[:number]).removeprefix(shown)
        assert mark.startswith(rest) or rest.startswith(mark) or number > len(pieces)


def test_nothing_is_read_after_the_mark():
    def pieces():
        yield "yes|"
        raise AssertionError("read too far")

    assert list(until("|", pieces())) == ["yes"]
