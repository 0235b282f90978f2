import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.tokenizers import ByteLevelBPE, Tokenizer
from minibig.tokenizers.byte_level_bpe.byte_symbols import SYMBOLS, to_symbols
from minibig.tokenizers.byte_level_bpe.pair_merging import encode_short, encode_together
from minibig.tokenizers.byte_level_bpe.pretokenization import pre_token_finder
from minibig.tokenizers.byte_level_bpe.vocabulary import ranked_merges
from minibig.tokenizers.files import CHECKSUMS_FILE, SETTINGS_FILE

END = "<|endoftext|>"
any_text = st.text(st.characters(exclude_categories=["Cs"]))
small_text = st.text("abé 中文，'s1\n", max_size=60)

HARD = [
    "",
    " ",
    "\t",
    "a  b   c \n\n d\r\n\r\ne\t\tf ",
    "I'm, they'll, WE'VE, o'clock 's",
    "👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪",
    "e\u0301 n\u0303 \u0301 a\u200db",
    "3.14159 1,000,000 ½ ٣٤٥ Ⅷ 一二三 x²",
    "مرحبا بالعالم، كيف حالك؟",
    "我们在学习，你呢？〇々 かな 한국어",
    "привет naïve straße ΑΩ",
    "\x00\x01\x1c\x1f\x7f\x80\x85\xa0\xad\u2028\u3000\ufeff\ufffd",
    "if x == 1:\n    return {'a': [1, 2]}\n",
    "<|endoftext|> <|endoftext",
    "\U0010ffff\U000e0001",
]
REPETITIVE = [
    unit * (10_000 // len(unit)) for unit in ("a", " ", "^", "ab", "\n", "中", "👍", "a ")
]


def encoded_by_plain_loops(tokenizer, text):
    ids = []
    for pre_token in pre_token_finder(tokenizer.isolate_han)(text):
        word = list(to_symbols(pre_token.encode()))
        while ranked := [
            tokenizer.merges.index(p) for p in pairwise(word) if p in tokenizer.merges
        ]:
            left, right = tokenizer.merges[min(ranked)]
            i = 0
            while i < len(word) - 1:
                if word[i : i + 2] == [left, right]:
                    word[i : i + 2] = [left + right]
                i += 1
        ids += [tokenizer.vocabulary[token] for token in word]
    return ids


@given(small_text.filter(bool), small_text, st.integers(0, 40), st.booleans())
def test_encoding_agrees_with_plain_loops(training, text, n_merges, isolate_han):
    tokenizer = ByteLevelBPE.train(training, vocab_size=257 + n_merges, isolate_han=isolate_han)
    for each in (training, text):
        assert tokenizer.encode(each) == encoded_by_plain_loops(tokenizer, each)


TRAINED = [
    ByteLevelBPE.train(" ".join(HARD * 2), vocab_size=500, isolate_han=isolate_han)
    for isolate_han in (False, True)
]


@given(any_text | small_text, st.sampled_from(TRAINED), st.booleans())
def test_round_trip_keeps_every_character(text, tokenizer, allow_special):
    ids = tokenizer.encode(text, allow_special=allow_special)
    assert tokenizer.decode(ids) == text
    assert tokenizer.decode_bytes(ids) == text.encode()


@given(st.lists(st.integers(0, TRAINED[0].vocab_size - 1)))
def test_any_ids_have_bytes_and_text(ids):
    data = b"".join(TRAINED[0].decode_bytes([token]) for token in ids)
    assert TRAINED[0].decode_bytes(ids) == data
    assert TRAINED[0].decode(ids) == data.decode(errors="replace")


@pytest.mark.parametrize("tokenizer", TRAINED)
@pytest.mark.parametrize("text", HARD + REPETITIVE)
def test_hard_texts_round_trip(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(small_text.filter(bool), st.integers(0, 30))
def test_a_trained_vocabulary_is_no_larger_than_asked(text, n_merges):
    tokenizer = ByteLevelBPE.train(text, vocab_size=257 + n_merges)
    assert 257 <= tokenizer.vocab_size <= 257 + n_merges
    assert tokenizer.end_of_text == tokenizer.vocab_size - 1
    assert set(tokenizer.vocabulary.values()) == set(range(tokenizer.vocab_size))


@given(st.lists(small_text.filter(bool), min_size=1, max_size=5))
def test_the_order_of_texts_has_no_influence(texts):
    forwards = ByteLevelBPE.train(texts, vocab_size=290)
    assert ByteLevelBPE.train(texts[::-1], vocab_size=290).merges == forwards.merges


def test_isolated_han_characters_are_never_merged_with_anything():
    text = "我们在学习，我们在学习 ab ab"
    joined = ByteLevelBPE.train(text, vocab_size=400)
    isolated = ByteLevelBPE.train(text, vocab_size=400, isolate_han=True)
    assert len(joined.encode("我们在学习")) == 1
    assert len(isolated.encode("我们在学习")) == 5
    assert all(len(isolated.decode([token])) == 1 for token in isolated.encode("我们在学习"))


def test_wikipedias_example_becomes_xdxac():
    tokenizer = ByteLevelBPE.train("aaabdaaabac", vocab_size=1000)
    assert tokenizer.merges == (("a", "a"), ("a", "b"), ("aa", "ab"))
    x, (d, a, c) = tokenizer.vocabulary["aaab"], (tokenizer.vocabulary[s] for s in "dac")
    assert tokenizer.encode("aaabdaaabac") == [x, d, x, a, c]


def test_special_tokens_are_text_unless_allowed():
    tokenizer = ByteLevelBPE.train("text", vocab_size=257)
    assert tokenizer.end_of_text == 256
    assert 256 not in tokenizer.encode(f"a{END}b")
    ids = tokenizer.encode(f"a{END}b", allow_special=True)
    assert ids == [*tokenizer.encode("a"), 256, *tokenizer.encode("b")]
    assert tokenizer.decode(ids) == f"a{END}b"


def test_special_tokens_in_a_corpus_are_not_learned_from():
    with_separators = ByteLevelBPE.train(f"abc{END}abc{END}" * 5, vocab_size=300)
    assert with_separators.merges == ByteLevelBPE.train(["abc"] * 10, vocab_size=300).merges


def test_without_end_of_text_there_is_none():
    tokenizer = ByteLevelBPE.train("text", vocab_size=257, special_tokens=("<pad>",))
    assert tokenizer.end_of_text is None
    assert tokenizer.encode("<pad>", allow_special=True) == [256]
    assert isinstance(tokenizer, Tokenizer)


@given(text=small_text.filter(bool), isolate_han=st.booleans())
def test_saving_and_loading_changes_nothing(tmp_path_factory, text, isolate_han):
    folder = tmp_path_factory.mktemp("bpe")
    special_tokens = ("<|endoftext|>", "<é>")
    tokenizer = ByteLevelBPE.train(
        text, vocab_size=280, special_tokens=special_tokens, isolate_han=isolate_han
    )
    tokenizer.save(folder)
    loaded = ByteLevelBPE.load(folder)
    for name in ("vocabulary", "merges", "special_tokens", "isolate_han", "end_of_text"):
        assert getattr(loaded, name) == getattr(tokenizer, name)
    assert loaded.encode(text) == tokenizer.encode(text)


@pytest.mark.parametrize("text", REPETITIVE)
def test_training_on_repetition_ends_and_compresses(text):
    tokenizer = ByteLevelBPE.train(text, vocab_size=300)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert len(tokenizer.encode(text)) <= len(text)


# Wrong uses.


def test_lone_surrogates_are_refused():
    with pytest.raises(InputError, match=r"U\+D83D at offset 2"):
        TRAINED[0].encode("ab\ud83d")
    with pytest.raises(InputError, match="lone surrogate"):
        ByteLevelBPE.train("ab\ud83d", vocab_size=300)


@pytest.mark.parametrize("wrong", [b"bytes", None, 3, ["a"]])
def test_only_text_is_encoded(wrong):
    with pytest.raises(InputError, match="text must be a str"):
        TRAINED[0].encode(wrong)


@pytest.mark.parametrize("wrong", [-1, TRAINED[0].vocab_size, True, 2.0])
def test_ids_outside_the_vocabulary_are_refused(wrong):
    expected = f"whole numbers from 0 to {TRAINED[0].vocab_size - 1}"
    for decode in (TRAINED[0].decode, TRAINED[0].decode_bytes):
        with pytest.raises(InputError, match=expected):
            decode([0, wrong])


@pytest.mark.parametrize(("size", "special"), [(256, (END,)), (255, ()), (0, ()), (-5, ())])
def test_a_vocabulary_without_room_for_the_bytes_is_refused(size, special):
    with pytest.raises(InputError, match=f"at least {256 + len(special)}: 256 bytes"):
        ByteLevelBPE.train("text", vocab_size=size, special_tokens=special)


@pytest.mark.parametrize("wrong", ["300", 300.0, True, None])
def test_a_vocabulary_size_is_an_int(wrong):
    with pytest.raises(InputError, match="vocab_size must be a whole number; got"):
        ByteLevelBPE.train("text", vocab_size=wrong)


@pytest.mark.parametrize("empty", ["", [], ["", ""], END])
def test_training_on_nothing_is_refused(empty):
    with pytest.raises(InputError, match="at least one character"):
        ByteLevelBPE.train(empty, vocab_size=300)


def test_a_special_token_spelled_like_a_learned_one_is_refused():
    with pytest.raises(InputError, match="special token 'Ġa' must differ from all"):
        ByteLevelBPE.train(" a a a", vocab_size=300, special_tokens=["Ġa"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("vocab.json", "{", "it is not JSON: .* at character 1"),
        ("vocab.json", '{"a": 0}', "each of the 256 bytes"),
        ("vocab.json", json.dumps({s: i for i, s in enumerate(SYMBOLS)}), "makes 'ab'"),
        ("merges.txt", "#version: 0.2\na\n", "line 2: a merge must be two tokens"),
        ("merges.txt", "#version: 0.2\n", "token 'ab' .* is neither a byte nor made by a merge"),
        ("merges.txt", "#version: 0.2\na b\na b\n", "merge 2, .* stands there a second time"),
        (SETTINGS_FILE, '{"kind": "characters"}', "must have \"kind\" 'byte_level_bpe'"),
        (SETTINGS_FILE, '{"kind": "byte_level_bpe"}', "a list of strings"),
        (
            SETTINGS_FILE,
            '{"kind": "byte_level_bpe", "isolate_han": 0, "special_tokens": []}',
            "true or false; got .* 0",
        ),
        (
            SETTINGS_FILE,
            '{"kind": "byte_level_bpe", "isolate_han": false, "special_tokens": [3]}',
            "a list of strings",
        ),
        (
            SETTINGS_FILE,
            '{"kind": "byte_level_bpe", "isolate_han": false, "special_tokens": ["<pad>"]}',
            "special token '<pad>' must be in the vocabulary",
        ),
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path, name, content, message):
    ByteLevelBPE.train("ab ab", vocab_size=258).save(tmp_path)
    (tmp_path / CHECKSUMS_FILE).unlink()
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message) as error:
        ByteLevelBPE.load(tmp_path)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_a_missing_file_is_named(tmp_path, name):
    ByteLevelBPE.train("ab ab", vocab_size=258).save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        ByteLevelBPE.load(tmp_path)


# GPT-2's own files.


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", []),
        (" ", [220]),
        ("\t", [197]),
        ("This is some text", [1212, 318, 617, 2420]),
        ("hello 👋 world 🌍", [31373, 50169, 233, 995, 12520, 234, 235]),
    ],
)
def test_gpt2_gives_the_published_ids(gpt2, text, ids):
    assert gpt2.encode(text) == ids
    assert gpt2.decode(ids) == text


def test_gpt2s_special_token_is_50256(gpt2):
    assert gpt2.vocab_size == 50_257
    assert gpt2.end_of_text == 50_256
    assert gpt2.encode(f"a{END}b", allow_special=True) == [64, 50_256, 65]
    assert gpt2.encode(END) != [50_256]


def test_each_of_gpt2s_tokens_is_merged_from_its_own_bytes(gpt2):
    merges = ranked_merges(gpt2.vocabulary, gpt2.merges)
    spelled = [gpt2.decode_bytes([token]) for token in range(50_256)]
    for token, data in enumerate(spelled):
        assert gpt2.vocabulary[to_symbols(data)] == token
        ids = [gpt2.vocabulary[symbol] for symbol in to_symbols(data)]
        assert encode_short(ids, merges) == [token]
    byte_ids = [gpt2.vocabulary[to_symbols(bytes([byte]))] for byte in range(256)]
    in_utf8 = {token: data for token, data in enumerate(spelled) if 0xFF not in data}
    found = encode_together(in_utf8.values(), merges, byte_ids, 50_257)
    assert found == [(token,) for token in in_utf8]
    assert gpt2.decode([50_256]) == END


def test_gpt2s_files_are_written_to_the_byte(gpt2, gpt2_files, tmp_path):
    gpt2.save(tmp_path)
    for ours, theirs in zip(("vocab.json", "merges.txt"), gpt2_files, strict=True):
        assert (tmp_path / ours).read_bytes() == theirs.read_bytes()


@given(text=any_text | small_text)
def test_gpt2_round_trip_keeps_every_character(gpt2, text):
    assert gpt2.decode(gpt2.encode(text)) == text


# The tokenizers that the world uses.


@pytest.fixture(scope="module")
def tiktoken_gpt2(gpt2_files):
    tiktoken = pytest.importorskip("tiktoken")
    load = pytest.importorskip("tiktoken.load")
    vocabulary, merges = map(str, gpt2_files)
    return tiktoken.Encoding(
        "gpt2-from-files",
        pat_str=r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        mergeable_ranks=load.data_gym_to_mergeable_bpe_ranks(merges, vocabulary),
        special_tokens={END: 50_256},
    )


@pytest.fixture(scope="module")
def hugging_face_gpt2(gpt2_files):
    implementations = pytest.importorskip("tokenizers.implementations")
    return implementations.ByteLevelBPETokenizer(*map(str, gpt2_files))


@pytest.mark.oracle
def test_gpt2_ids_are_tiktokens(gpt2, tiktoken_gpt2, shakespeare):
    for text in [shakespeare, *HARD, *REPETITIVE]:
        assert gpt2.encode(text) == tiktoken_gpt2.encode_ordinary(text)
        allowed = tiktoken_gpt2.encode(text, allowed_special="all")
        assert gpt2.encode(text, allow_special=True) == allowed


@pytest.mark.oracle
@given(text=any_text | small_text)
def test_gpt2_ids_of_any_text_are_tiktokens(gpt2, tiktoken_gpt2, text):
    assert gpt2.encode(text) == tiktoken_gpt2.encode_ordinary(text)


@pytest.mark.oracle
def test_gpt2_ids_are_those_of_hugging_face(gpt2, hugging_face_gpt2, shakespeare):
    for text in [shakespeare, *HARD, *REPETITIVE]:
        assert gpt2.encode(text) == hugging_face_gpt2.encode(text).ids


@pytest.mark.oracle
def test_training_learns_the_merges_of_hugging_face(shakespeare, tmp_path):
    implementations = pytest.importorskip("tokenizers.implementations")
    theirs = implementations.ByteLevelBPETokenizer()
    theirs.train_from_iterator([shakespeare], vocab_size=2000, min_frequency=2, show_progress=False)
    theirs.save_model(str(tmp_path))
    ours = ByteLevelBPE.train(shakespeare, vocab_size=2000, special_tokens=())
    assert (
        ours.merges
        == ByteLevelBPE.from_files(
            tmp_path / "vocab.json", tmp_path / "merges.txt", special_tokens=()
        ).merges
    )
