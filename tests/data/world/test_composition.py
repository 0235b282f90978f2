"""The grammar of the world: unambiguous, so that its entropy is that of the documents."""

import math
import re

import numpy as np
import pytest
from derivations import derivations
from readings import read

from minibig.data import World
from minibig.data.world import LANGUAGES
from minibig.data.world.composition import _portrait, _questions, dialogue_grammar
from minibig.data.world.facts import PEOPLE, TRAITS

each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def world():
    return World()


def test_entropy_agrees_with_the_probability_of_documents_drawn(world):
    n = 600
    documents = [world.document(i) for i in range(n)]
    readings = [read(world.grammar, text) for text in documents]
    assert {reading.derivations for reading in readings} == {1}
    surprise = -np.log([reading.probability for reading in readings])
    lengths = np.array([len(text.encode()) for text in documents])
    for values, expected in (
        (surprise, world.grammar.entropy),
        (lengths, world.grammar.expected_bytes),
        (surprise - world.entropy() * lengths, 0.0),
    ):
        assert abs(values.mean() - expected) < 4 * values.std() / math.sqrt(n)


def test_entropy_is_that_of_a_document_over_its_bytes(world):
    assert world.entropy() == world.grammar.entropy / world.grammar.expected_bytes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_worlds_are_unambiguous_too(seed):
    world = World(seed)
    for _, text in world.documents(30_000):
        assert read(world.grammar, text).derivations == 1


@each_language
def test_no_text_of_small_grammars_has_two_derivations(world, language):
    spoken, facts = LANGUAGES[language], world.facts
    anna = facts.of("Anna", TRAITS)
    small = [
        _portrait(spoken, anna[:3]),
        _questions(spoken, anna[:3]),
        dialogue_grammar(spoken, facts, set(facts.all()) - set(anna[:2])),
    ]
    texts = [text for grammar in small for text, _ in derivations(grammar)]
    assert len(texts) > 50_000
    assert len(set(texts)) == len(texts)


@each_language
def test_sentences_are_all_different_and_end_with_a_mark_found_nowhere_else(world, language):
    spoken = LANGUAGES[language]
    for by_name in (True, False):
        for person in PEOPLE:
            sentences = [
                sentence
                for fact in world.facts.of(person)
                for sentence in spoken.statements_of(fact, by_name=by_name)
            ]
            assert len(set(sentences)) == len(sentences)
            for sentence in sentences:
                assert re.findall("[.。]", sentence) == [sentence[-1]]
    named = [s for f in world.facts.all() for s in spoken.statements_of(f, by_name=True)]
    assert len(set(named)) == len(named)


@each_language
def test_questions_are_all_different_and_so_are_greetings(world, language):
    spoken = LANGUAGES[language]
    asked = [q for fact in world.facts.all() for q in spoken.questions_about(fact, by_name=True)]
    greeted = [question for question, _ in world.greetings(language)]
    assert len(set(asked + greeted)) == len(asked) + len(greeted)
    for person in PEOPLE:
        facts = world.facts.of(person)
        later = [q for fact in facts for q in spoken.questions_about(fact, by_name=False)]
        assert len(set(later)) == len(later)
