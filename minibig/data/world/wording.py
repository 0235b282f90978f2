"""What it takes to tell the facts of the world in a language: tables of words and of sentences.

A sentence is a pattern with places to fill in:

    {who} {whose} {whom}   a person, by name or by pronoun; {Who} and {Whose} begin a sentence
    {own}                  what is this person's: "her" or "his"
    {value} {noun}         what is said: "a violin" and, without article or measure word, "violin"
    {kin}                  the word for a relation between people, such as "husband"
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from minibig.data.world.facts import KINSHIP, WOMEN, Fact

Turn: TypeAlias = tuple[str, str]  # a question and its answer


@dataclass(frozen=True)
class Greeting:
    """What can be said in many ways and is answered in one."""

    paraphrases: tuple[str, ...]
    answer: str

    def turns(self) -> list[Turn]:
        """Each paraphrase with the answer."""
        return [(paraphrase, self.answer) for paraphrase in self.paraphrases]


@dataclass(frozen=True, kw_only=True)
class Language:
    """The words and sentences of a language.

    `statements` and `questions` have an entry for each trait, and one, "kin", for all relations
    between people. The first statement, by name, is the answer to all questions about its fact.
    """

    code: str
    by_name: Mapping[str, str]  # {who} and its forms, of a name
    she: Mapping[str, str]
    he: Mapping[str, str]
    words: Mapping[str, str]  # "a |violin": the noun stands behind the bar
    statements: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, tuple[str, ...]]
    portraits: tuple[str, ...]  # how a portrait begins
    families: tuple[str, ...]  # how a story about a family begins
    openings: tuple[Greeting, ...]
    closings: tuple[Greeting, ...]
    space: str  # between sentences

    def told(self, fact: Fact, pattern: str, *, by_name: bool) -> str:
        """A pattern filled in with a fact."""
        article, _, noun = self.words[fact.value].rpartition("|")
        places = {"value": article + noun, "noun": noun, "kin": self.words.get(fact.relation, "")}
        return pattern.format(**self._person(fact.person, by_name), **places)

    def answer(self, fact: Fact) -> str:
        """The one answer to all questions about a fact."""
        return self.told(fact, self.statements[_sentences(fact)][0], by_name=True)

    def statements_of(self, fact: Fact, *, by_name: bool) -> list[str]:
        """Every way to state a fact."""
        patterns = self.statements[_sentences(fact)]
        return [self.told(fact, pattern, by_name=by_name) for pattern in patterns]

    def questions_about(self, fact: Fact, *, by_name: bool) -> list[str]:
        """Every way to ask for a fact."""
        patterns = self.questions[_sentences(fact)]
        return [self.told(fact, pattern, by_name=by_name) for pattern in patterns]

    def greetings(self) -> list[Turn]:
        """Everything that is said at the beginning or at the end of a dialogue."""
        return [turn for greeting in self.openings + self.closings for turn in greeting.turns()]

    def _person(self, person: str, by_name: bool) -> Mapping[str, str]:
        pronouns = self.she if person in WOMEN else self.he
        if not by_name:
            return pronouns
        name = self.words[person]
        forms = {place: form.format(name=name) for place, form in self.by_name.items()}
        return {"own": pronouns["own"], **forms}


def _sentences(fact: Fact) -> str:
    """Which patterns a fact is told with."""
    return "kin" if fact.relation in KINSHIP else fact.relation


def written(turn: Turn) -> str:
    """A turn as plain text: a line that asks and a line that answers.

    >>> written(("Where does Anna live?", "Anna lives near the mill."))
    'Where does Anna live?\\nAnna lives near the mill.\\n'
    """
    question, answer = turn
    return f"{question}\n{answer}\n"


def turns_of(text: str) -> list[Turn]:
    """The turns of a dialogue that is written as plain text.

    >>> turns_of("Hello!\\nHi!\\n")
    [('Hello!', 'Hi!')]
    """
    lines = text.splitlines()
    return list(zip(lines[::2], lines[1::2], strict=True))
