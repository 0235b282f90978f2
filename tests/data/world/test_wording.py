"""The words and sentences of both languages: complete, distinct and well punctuated."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.data import World
from minibig.data.world import LANGUAGES
from minibig.data.world.facts import KINSHIP, PEOPLE, PLACES, TRAITS, VALUES, Fact
from minibig.data.world.wording import turns_of, written

each_language = pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
LINE = st.text(st.characters(categories=["L", "P", "N"]), min_size=1)


@pytest.fixture(scope="module")
def world():
    return World()


@each_language
def test_there_is_a_word_for_everything_and_none_too_many(language):
    values = {value for values in VALUES.values() for value in values}
    assert set(language.words) == {*PEOPLE, *PLACES, *KINSHIP, *values}
    assert len(set(language.words.values())) == len(language.words)


@each_language
def test_everything_can_be_stated_and_asked_in_four_ways(language):
    assert set(language.sentences) == {*TRAITS, "kin", "portrait", "family"}
    for kind in (*TRAITS, "kin"):
        marks = [sentence[-1] in "?？" for sentence in language.sentences[kind]]
        assert marks == [False] * 4 + [True] * 4
        assert len(set(language.sentences[kind])) == 8


@each_language
def test_an_answer_names_person_and_value(language, world):
    for fact in world.facts.all():
        answer = language.answer(fact)
        assert language.words[fact.person] in answer
        assert language.words[fact.value].rpartition("|")[2] in answer


@each_language
def test_pronouns_hide_the_name_and_nothing_else(language, world):
    for fact in world.facts.all():
        for forms in (language.statements_of, language.questions_about):
            for named, hidden in zip(
                forms(fact, by_name=True), forms(fact, by_name=False), strict=True
            ):
                assert language.words[fact.person] in named
                assert language.words[fact.person] not in hidden


@pytest.mark.parametrize(
    ("code", "fact", "by_name", "statements", "question"),
    [
        (
            *("en", Fact("Tom", "pet", "goat"), True),
            [
                "Tom has a goat as a pet.",
                "Tom's pet is a goat.",
                "For company Tom keeps a goat.",
                "Every morning Tom feeds his goat.",
            ],
            "What is Tom's pet?",
        ),
        (
            *("en", Fact("Rosa", "hobby", "chess"), False),
            [
                "She loves playing chess.",
                "Her hobby is playing chess.",
                "On Sundays she spends hours playing chess.",
                "In her free time, playing chess comes first.",
            ],
            "What is her hobby?",
        ),
        (
            *("zh", Fact("Anna", "thing", "violin"), False),
            [
                "她有一把小提琴。",
                "她最珍惜的东西是一把小提琴。",
                "过生日的时候，她收到了一把小提琴。",
                "想借小提琴的人都去找她。",
            ],
            "她最珍惜的东西是什么？",
        ),
        (
            *("zh", Fact("Tom", "brother", "Leo"), True),
            [
                "汤姆的弟弟是里奥。",
                "汤姆的弟弟叫里奥。",
                "汤姆常常说起自己的弟弟里奥。",
                "汤姆和弟弟里奥住在一起。",
            ],
            "汤姆的弟弟叫什么名字？",
        ),
    ],
)
def test_by_example(code, fact, by_name, statements, question):
    language = LANGUAGES[code]
    assert language.statements_of(fact, by_name=by_name) == statements
    assert language.questions_about(fact, by_name=by_name)[1] == question


def test_chinese_is_written_with_chinese_marks(world):
    chinese = LANGUAGES["zh"]
    texts = [text for turn in chinese.greetings() for text in turn]
    for fact in world.facts.all():
        texts += chinese.statements_of(fact, by_name=True)
        texts += chinese.questions_about(fact, by_name=True)
    for text in texts:
        assert re.fullmatch("[\u4e00-\u9fff，。？！]+[。？！]", text), text


def test_measure_words_fit_their_nouns():
    words = LANGUAGES["zh"].words
    assert (words["horse"], words["violin"], words["boat"]) == (
        "一匹|马",
        "一把|小提琴",
        "一条|小船",
    )
    assert (words["dog"], words["donkey"], words["lamp"]) == ("一条|狗", "一头|驴", "一盏|台灯")


@given(st.lists(st.tuples(LINE, LINE), max_size=3))
def test_a_dialogue_is_read_back_from_plain_text(turns):
    assert turns_of("".join(written(turn) for turn in turns)) == turns
