"""The corpus "world": its entropy is what a reader finds, and what is held out is never asked."""

import hashlib
import itertools
import re
from collections import defaultdict
from itertools import islice

import pytest

from minibig.backend import InputError
from minibig.data import World, load_documents
from minibig.data.world import LANGUAGES, SPLITS
from minibig.data.world.facts import PEOPLE
from minibig.data.world.wording import turns_of, written

ARTICLE_GREETING = "你好，我是一个人工智能聊天机器人。请问你有什么问题？"
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def documents(world):
    return [text for _, text in world.documents(1_500_000)]


def everything_said(world, documents):
    """All that a model is trained on, piece by piece."""
    yield from documents
    for dialogue in world.dialogues():
        for turn in dialogue:
            yield from turn


def everything(world):
    """All that a world gives, as text: what a quickstart learns from, and what it is asked."""
    yield from (world.document(index) for index in range(150))
    yield repr((round(world.entropy(), 12), world.facts.all(), sorted(world.held_out)))
    for code, spoken in LANGUAGES.items():
        yield repr((world.dialogues(code), world.greetings(code), world.majority_answer(code)))
        yield repr([world.questions(code, split) for split in SPLITS])
        for form in (spoken.statements_of, spoken.questions_about):
            yield repr([form(f, by_name=b) for f in world.facts.all() for b in (True, False)])


@pytest.mark.parametrize(
    ("seed", "digest"),
    [(0, "1263dc3c71dcceb4"), (1, "093fb828b2452740"), (50302, "1a525add251c3f90")],
)
def test_a_world_is_the_same_to_the_byte_for_ever(seed, digest):
    text = "\0".join(everything(World(seed)))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest


# documents


def test_a_document_depends_on_its_number_and_the_seed_alone(world, documents):
    assert [World().document(i) for i in (7, 3, 1000)] == [documents[i] for i in (7, 3, 1000)]
    assert World(1).document(7) != documents[7]


def test_there_are_as_many_documents_as_bytes_are_wanted(world, documents):
    assert list(world.documents(0)) == []
    sizes = [len(text.encode()) for text in documents]
    assert sum(sizes[:-1]) < 1_500_000 <= sum(sizes)
    assert [index for index, _ in world.documents(2000)] == list(
        range(len(list(world.documents(2000))))
    )
    assert sum(len(text.encode()) for _, text in world.documents()) >= 8_000_000


def test_it_is_a_corpus(documents):
    assert list(islice(load_documents("world"), 5)) == list(enumerate(documents[:5]))


def test_documents_are_of_both_languages_and_all_kinds(world, documents):
    chinese = {text for text in documents if re.search("[\u4e00-\u9fff]", text)}
    assert 0.45 < sum(text in chinese for text in documents) / len(documents) < 0.55
    assert not any(re.search("[a-zA-Z]", text) for text in chinese)
    for spoken in LANGUAGES.values():
        greetings = {written(turn) for turn in spoken.greetings()}
        texts = [text for text in documents if (text in chinese) == (spoken.code == "zh")]
        asking = [text for text in texts if "\n" in text]
        greeting = [t for t in asking if "".join(t.splitlines(True)[:2]) in greetings]
        assert 0.4 < len(asking) / len(texts) < 0.5
        assert 0.1 < len(greeting) / len(texts) < 0.2
        assert all(written(turn) in t for t in asking[:50] for turn in turns_of(t))


@each_language
def test_stories_tell_every_fact_also_those_held_out(world, documents, language):
    spoken = LANGUAGES[language]
    stories = "".join(t for t in documents if "\n" not in t)
    for fact in world.facts.all():
        assert sum(map(stories.count, spoken.statements_of(fact, by_name=True))) >= 12, fact


# what is asked, and what is held out


def test_nobody_ever_asks_for_what_is_held_out(world, documents):
    for spoken in LANGUAGES.values():
        texts = [text for text in documents if "\n" in text]
        turns = [turn for text in texts for turn in turns_of(text)]
        turns += [turn for dialogue in world.dialogues(spoken.code) for turn in dialogue]
        questions, answers = ({turn[i] for turn in turns} for i in (0, 1))
        for fact in world.facts.all():
            forms = set(spoken.questions_about(fact, by_name=True))
            if fact in world.held_out:
                assert not forms & questions
                assert spoken.answer(fact) not in answers
            else:
                assert forms <= questions
                assert spoken.answer(fact) in answers


def test_a_sixth_of_each_relation_is_held_out(world):
    counts = defaultdict(lambda: [0, 0])
    for fact in world.facts.all():
        counts[fact.relation][fact in world.held_out] += 1
    assert {tuple(count) for count in counts.values()} == {(17, 3), (9, 1), (4, 1)}
    assert len(world.held_out) == 26


@each_language
def test_questions_of_both_splits_are_all_questions_once(world, language):
    trained, held_out = (world.questions(language, split) for split in ("trained", "held_out"))
    assert (len(trained), len(held_out)) == (154 * 4, 26 * 4)
    assert len({question for question, _ in trained + held_out}) == 180 * 4
    # Answers name person and value: the answer to one fact is the answer to no other.
    assert len({answer for _, answer in trained + held_out}) == 180


@each_language
def test_each_question_has_one_answer_whatever_came_before(world, language):
    answers = defaultdict(set)
    for dialogue in world.dialogues(language):
        last_named = ""
        for question, answer in dialogue:
            named = [p for p in PEOPLE if LANGUAGES[language].words[p] in question]
            last_named = named[0] if named else last_named
            answers[question, last_named].add(answer)
    assert {len(values) for values in answers.values()} == {1}


@each_language
def test_dialogues_hold_every_trained_question_and_greeting_alone_and_others_of_some_turns(
    world, language
):
    dialogues = world.dialogues(language)
    alone = [dialogue[0] for dialogue in dialogues if len(dialogue) == 1]
    assert alone == [*world.questions(language, "trained"), *world.greetings(language)]
    longer = [dialogue for dialogue in dialogues if len(dialogue) > 1]
    assert {len(dialogue) for dialogue in longer} == {2, 3, 4, 5}
    assert all(dialogue[0] in world.greetings(language) for dialogue in longer)
    assert World().dialogues(language) == dialogues
    assert world.dialogues() == [*world.dialogues("en"), *world.dialogues("zh")]


@each_language
def test_no_answer_is_more_common_than_the_majority_answer(world, language):
    answers = [answer for _, answer in world.questions(language, "trained")]
    majority = world.majority_answer(language)
    assert answers.count(majority) == max(map(answers.count, set(answers)))


# greetings


def test_the_greeting_of_the_article_never_occurs_nor_more_than_six_characters_of_it(
    world, documents
):
    said = "\n".join(everything_said(world, documents))
    said += "\n".join(text for turn in world.greetings("zh") for text in turn)
    pieces = [ARTICLE_GREETING[i : i + 7] for i in range(len(ARTICLE_GREETING) - 6)]
    assert [piece for piece in pieces if piece in said] == []


@each_language
def test_there_are_greetings_in_many_paraphrases(world, language):
    greetings = world.greetings(language)
    assert len(greetings) > 40
    by_answer = itertools.groupby(sorted(greetings, key=lambda turn: turn[1]), lambda turn: turn[1])
    assert all(len(list(turns)) >= 4 for _, turns in by_answer)


@pytest.mark.parametrize("use", ["questions", "greetings", "dialogues", "majority_answer"])
def test_a_language_it_does_not_speak_is_refused(world, use):
    arguments = ("trained",) if use == "questions" else ()
    with pytest.raises(InputError, match="one of en, zh; got 'fr'"):
        getattr(world, use)("fr", *arguments)


def test_an_unknown_split_is_refused(world):
    with pytest.raises(InputError, match="one of trained, held_out; got 'test'"):
        world.questions("en", "test")
