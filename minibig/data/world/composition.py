"""The grammar of the world: which documents there are about its facts, and how likely each is.

    portrait    what one person does, has and likes, in sentences with the name or a pronoun
    family      who is whose mother, son, wife, ..., always by name
    questions   some questions and their answers, each about anybody
    dialogue    a greeting, questions about one person ("Where does she live?"), perhaps thanks

It is unambiguous. Statements end with a full stop and turns are lines, so a document falls into
them in one way; no two that may stand at a place are alike; and no document begins like one of
another kind.
"""

from collections.abc import Container, Sequence

from minibig.data.world.facts import KINSHIP, PEOPLE, TRAITS, Fact, Facts, Family
from minibig.data.world.grammar import Arrangement, Choice, Concatenation, Grammar, Literal
from minibig.data.world.wording import Language, Turn, written

KINDS = {"portrait": 0.4, "family": 0.15, "questions": 0.3, "dialogue": 0.15}
SENTENCES = (3, 4, 5, 6)  # how many a portrait or a family has
QUESTIONS = (2, 3, 4)  # how many a document has that only asks
ASKED = (1, 2, 3)  # how many questions come between greeting and thanks
NAMED = 0.6  # how often a sentence of a portrait has the name, and not a pronoun


def document_grammar(
    languages: Sequence[Language], facts: Facts, held_out: Container[Fact]
) -> Choice:
    """All documents in all languages; the facts held out are told and not asked for."""
    return Choice([_documents(language, facts, held_out) for language in languages])


def _documents(language: Language, facts: Facts, held_out: Container[Fact]) -> Choice:
    kinds = {
        "portrait": Choice([_portrait(language, facts.of(p, TRAITS)) for p in PEOPLE]),
        "family": Choice([_family(language, facts, family) for family in facts.families]),
        "questions": _questions(language, [fact for fact in facts.all() if fact not in held_out]),
        "dialogue": dialogue_grammar(language, facts, held_out),
    }
    return Choice(list(kinds.values()), [KINDS[kind] for kind in kinds])


def _portrait(language: Language, traits: list[Fact]) -> Grammar:
    """How a portrait begins, and some of a person's traits in any order."""
    begin = _beginning(language, "portrait", traits[0])
    sentences = [
        Choice(
            [_stated(language, trait, by_name=by_name) for by_name in (True, False)],
            [NAMED, 1 - NAMED],
        )
        for trait in traits
    ]
    return Concatenation([begin, _some_of(sentences, SENTENCES)])


def _family(language: Language, facts: Facts, family: Family) -> Grammar:
    """Where a family lives, and some of what binds its members."""
    home = facts.of(family.mother, ("home",))[0]
    begin = _beginning(language, "family", home)
    sentences = [
        _stated(language, fact, by_name=True)
        for person in family
        for fact in facts.of(person, KINSHIP)
    ]
    return Concatenation([begin, _some_of(sentences, SENTENCES)])


def _beginning(language: Language, kind: str, fact: Fact) -> Choice:
    return _texts([language.told(fact, text, by_name=True) for text in language.sentences[kind]])


def _questions(language: Language, asked: list[Fact]) -> Grammar:
    """Questions about anybody, each with its answer."""
    turn = Choice([_asked(language, fact, by_name=True) for fact in asked])
    return Choice([Concatenation([turn] * n) for n in QUESTIONS])


def dialogue_grammar(language: Language, facts: Facts, held_out: Container[Fact]) -> Grammar:
    """A greeting, questions about one person, first by name and then by pronoun, perhaps thanks."""
    about_one = []
    for person in PEOPLE:
        asked = [fact for fact in facts.of(person, TRAITS) if fact not in held_out]
        if asked:
            named, later = (
                [_asked(language, fact, by_name=by_name) for fact in asked]
                for by_name in (True, False)
            )
            about_one.append(_some_of(later, ASKED, first=named))
    opening = Choice([_turns(greeting) for greeting in language.openings])
    closing = Choice([_turns(greeting) for greeting in language.closings])
    return Concatenation([opening, Choice(about_one), Choice([Literal(""), closing])])


def _stated(language: Language, fact: Fact, *, by_name: bool) -> Choice:
    """Every way to state a fact, behind another sentence."""
    return _texts([language.space + s for s in language.statements_of(fact, by_name=by_name)])


def _asked(language: Language, fact: Fact, *, by_name: bool) -> Choice:
    """Every way to ask for a fact, with the answer."""
    answer = language.answer(fact)
    return _turns(
        [(question, answer) for question in language.questions_about(fact, by_name=by_name)]
    )


def _turns(turns: Sequence[Turn]) -> Choice:
    return _texts([written(turn) for turn in turns])


def _texts(texts: list[str]) -> Choice:
    return Choice([Literal(text) for text in texts])


def _some_of(
    parts: Sequence[Grammar], numbers: Sequence[int], *, first: Sequence[Grammar] | None = None
) -> Choice:
    """Arrangements of as many parts as the numbers say and there are."""
    return Choice([Arrangement(parts, k, first=first) for k in numbers if k <= len(parts)])
