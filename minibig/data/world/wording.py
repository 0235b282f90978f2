"""What it takes to tell the facts of the world in a language: a table of words, and sentences.

A sentence is a pattern with places to fill in:

    {who} {whose} {whom}   a person, by name or by pronoun; {Who} and {Whose} begin a sentence
    {own}                  what is this person's: "her" or "his"
    {value} {noun}         what is said: "a violin" and, without article or measure word, "violin"
    {kin}                  the word for a relation between people, such as "husband"

Sentences are written as a text, indented below the name of what they tell (`indented`), and what
may be said in a greeting below its answer (`greetings_in`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from minibig.data.world.facts import KINSHIP, WOMEN, Fact

Turn: TypeAlias = tuple[str, str]  # a question and its answer


@dataclass(frozen=True, kw_only=True)
class Language:
    """The words and sentences of a language.

    There are sentences for each trait, for all relations between people ("kin"), and for the
    beginning of a story about one person ("portrait") or several ("family"). Those that end with a
    question mark ask. The first, by name, is the answer to all questions about its fact.
    """

    code: str
    by_name: Mapping[str, str]  # {who} and its forms, of a name
    she: Mapping[str, str]
    he: Mapping[str, str]
    words: Mapping[str, str]  # "a |violin": the noun stands behind the bar
    sentences: Mapping[str, Sequence[str]]
    openings: Sequence[Sequence[Turn]]  # of each greeting all that may be said, with the answer
    closings: Sequence[Sequence[Turn]]
    space: str  # between sentences

    def told(self, fact: Fact, pattern: str, *, by_name: bool) -> str:
        """A pattern filled in with a fact."""
        article, _, noun = self.words[fact.value].rpartition("|")
        places = {"value": article + noun, "noun": noun, "kin": self.words.get(fact.relation, "")}
        return pattern.format(**self._person(fact.person, by_name), **places)

    def answer(self, fact: Fact) -> str:
        """The one answer to all questions about a fact."""
        return self.told(fact, self.sentences[_kind(fact)][0], by_name=True)

    def statements_of(self, fact: Fact, *, by_name: bool) -> list[str]:
        """Every way to state a fact."""
        return self._forms(fact, by_name, asking=False)

    def questions_about(self, fact: Fact, *, by_name: bool) -> list[str]:
        """Every way to ask for a fact."""
        return self._forms(fact, by_name, asking=True)

    def greetings(self) -> list[Turn]:
        """Everything that is said at the beginning or at the end of a dialogue."""
        return [turn for greeting in (*self.openings, *self.closings) for turn in greeting]

    def _forms(self, fact: Fact, by_name: bool, asking: bool) -> list[str]:
        return [
            self.told(fact, sentence, by_name=by_name)
            for sentence in self.sentences[_kind(fact)]
            if sentence.endswith(("?", "？")) == asking
        ]

    def _person(self, person: str, by_name: bool) -> Mapping[str, str]:
        pronouns = self.she if person in WOMEN else self.he
        if not by_name:
            return pronouns
        name = self.words[person]
        forms = {place: form.format(name=name) for place, form in self.by_name.items()}
        return {"own": pronouns["own"], **forms}


def _kind(fact: Fact) -> str:
    """Which sentences a fact is told with."""
    return "kin" if fact.relation in KINSHIP else fact.relation


def words_in(text: str) -> dict[str, str]:
    """The words of a text, each behind the name that it has in `facts.py`.

    >>> words_in("cat 一只|猫  dog 一条|狗")
    {'cat': '一只|猫', 'dog': '一条|狗'}
    """
    return dict(re.findall(r"(\S+) (\S+)", text))


def indented(text: str) -> dict[str, list[str]]:
    """The indented lines of a text, by the line above them.

    >>> indented('''
    ... home
    ...     {Who} lives near {value}.
    ...     Where does {who} live?
    ... ''')
    {'home': ['{Who} lives near {value}.', 'Where does {who} live?']}
    """
    found, above = dict[str, list[str]](), ""
    for line in text.splitlines():
        if line.startswith(" "):
            found[above].append(line.strip())
        elif line:
            above = line
            found[above] = []
    return found


def greetings_in(text: str) -> list[list[Turn]]:
    """The turns of each greeting: what may be said, between slashes, stands below the answer.

    >>> greetings_in('''
    ... Goodbye!
    ...     Bye! / See you!
    ... ''')
    [[('Bye!', 'Goodbye!'), ('See you!', 'Goodbye!')]]
    """
    return [
        [(said, answer) for line in lines for said in line.split(" / ")]
        for answer, lines in indented(text).items()
    ]


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
