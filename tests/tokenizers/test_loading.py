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
    assert repr(loaded) == f"{type(tokenizer).__name__}({tokenizer.vocab_size} tokens)"
    assert loaded.encode("some text") == tokenizer.encode("some text")


def test_a_path_may_be_a_str(tmp_path):
    Characters.train("a").save(str(tmp_path))
    assert load_tokenizer(str(tmp_path)).vocab_size == 1


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent is not a folder"):
        load_tokenizer(tmp_path / "absent")


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    (tmp_path / "vocab.json").write_text("{}")
    with pytest.raises(InputError, match="has no tokenizer: neither"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("kind", ["word_piece", None, 3, ["characters"], {"a": 1}])
def test_an_unknown_kind_is_refused(tmp_path, kind):
    (tmp_path / SETTINGS_FILE).write_text(json.dumps({"kind": kind}))
    with pytest.raises(InputError, match="'characters' or 'byte_level_bpe'; got"):
        load_tokenizer(tmp_path)


def test_the_tokenizer_of_a_run_is_found_from_the_run_and_from_its_model(tmp_path):
    tokenizer = ByteLevelBPE.train("some text, some", vocab_size=260)
    tokenizer.save(tmp_path / "tokenizer")
    (tmp_path / "model").mkdir()
    with pytest.raises(InputError, match="model has no tokenizer"):
        load_tokenizer(tmp_path / "model")
    (tmp_path / "model" / "config.json").write_text("{}")
    for folder in (tmp_path, tmp_path / "model", tmp_path / "tokenizer"):
        assert load_tokenizer(folder).merges == tokenizer.merges
    own = Characters.train("own")
    own.save(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "config.json").write_text("{}")
    assert load_tokenizer(tmp_path / "elsewhere").vocab_size == own.vocab_size


@pytest.mark.parametrize("names", [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")])
def test_published_files_are_read_without_settings(tmp_path, names):
    tokenizer = ByteLevelBPE.train("some text, some", vocab_size=260)
    tokenizer.save(tmp_path / "saved")
    (tmp_path / "published").mkdir()
    for theirs, ours in zip(names, ("vocab.json", "merges.txt"), strict=True):
        content = (tmp_path / "saved" / ours).read_bytes()
        (tmp_path / "published" / theirs).write_bytes(content)
    assert load_tokenizer(tmp_path / "published").merges == tokenizer.merges


@pytest.mark.parametrize("wrong", [None, 3, b"folder", ["folder"]])
def test_what_is_no_path_is_refused(wrong):
    for use in (load_tokenizer, Characters.train("a").save, ByteLevelBPE.load):
        with pytest.raises(InputError, match="folder must be the path of a file or a folder; got"):
            use(wrong)
