import json

import pytest

from minibig.backend.errors import InputError
from minibig.tokenizers import ByteLevelBPE, Characters, load_tokenizer
from minibig.tokenizers.files import SETTINGS_FILE


@pytest.mark.parametrize(
    "tokenizer",
    [Characters.train("some text"), ByteLevelBPE.train("some text, some", vocab_size=260)],
)
def test_each_kind_is_recognised(tmp_path, tokenizer):
    tokenizer.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert type(loaded) is type(tokenizer)
    assert loaded.vocab_size == tokenizer.vocab_size
    assert loaded.encode("some text") == tokenizer.encode("some text")


def test_a_path_may_be_a_str(tmp_path):
    Characters.train("a").save(str(tmp_path))
    assert load_tokenizer(str(tmp_path)).vocab_size == 1


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent is not a folder"):
        load_tokenizer(tmp_path / "absent")


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    (tmp_path / "vocab.json").write_text("{}")
    with pytest.raises(InputError, match=r"holds no tokenizer.*ByteLevelBPE\.from_files"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("kind", ["word_piece", None, 3, ["characters"], {"a": 1}])
def test_an_unknown_kind_is_refused(tmp_path, kind):
    (tmp_path / SETTINGS_FILE).write_text(json.dumps({"kind": kind}))
    with pytest.raises(InputError, match="'characters' or 'byte_level_bpe'; got"):
        load_tokenizer(tmp_path)
