"""The corpus "world": a closed small world, told and asked about in English and in Chinese.

Twenty people (`facts.py`) are told about in stories, in questions with answers and in short
dialogues (`composition.py`), in the words of two languages (`english.py`, `chinese.py`). As all of
this is one unambiguous grammar (`grammar.py`), its entropy is known exactly: it is the floor of the
loss on these documents, which no model can get below.

**Held out** are about one in six of the facts. Stories tell them like all others, but nobody ever
asks for them: no form of the question, in neither language, by name or by pronoun, occurs in a
document or in a training dialogue, and so does no turn with the answer. (The other direction is a
fact of its own: who is held out as Clara's husband may be asked for his wife.) Who answers such a
question has found in the stories what was asked for, as no answer could be learned by heart.

Every question, and every greeting, has one answer, so the floor of the loss on answers alone is 0.
"""

import random
from collections import Counter
from collections.abc import Iterator

from minibig.backend.checks import one_of, whole
from minibig.data.world.chinese import CHINESE
from minibig.data.world.composition import dialogue_grammar, document_grammar
from minibig.data.world.english import ENGLISH
from minibig.data.world.facts import Fact, Facts, shuffled
from minibig.data.world.wording import Language, Turn, turns_of

LANGUAGES = {language.code: language for language in (ENGLISH, CHINESE)}
SPLITS = ("trained", "held_out")

_DEFAULT_BYTES = 8_000_000
_HELD_OUT = 6  # one fact in so many, of each relation
_DIALOGUES = 400  # of several turns, in each language


class World:
    """A world: its facts, its documents and dialogues, its questions, and its exact entropy.

    A document is a function of the seed and of its number, so that reading can go on anywhere.

    >>> world = World(seed=0)
    >>> world.document(3) == World(seed=0).document(3)
    True
    >>> 0.1 < world.entropy() < 0.3  # nats per byte
    True
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.facts = Facts(whole("seed", seed))
        self.held_out = frozenset(_held_out(self.facts, seed))
        self.grammar = document_grammar(list(LANGUAGES.values()), self.facts, self.held_out)

    def document(self, index: int) -> str:
        """Document number `index`."""
        return self.grammar.draw(random.Random(f"document {index} of world {self.seed}"))

    def documents(self, n_bytes: int | None = None) -> Iterator[tuple[int, str]]:
        """Documents with their numbers from 0 on, until they have `n_bytes` or more (8 MB)."""
        left = _DEFAULT_BYTES if n_bytes is None else whole("n_bytes", n_bytes)
        index = 0
        while left > 0:
            document = self.document(index)
            yield index, document
            left -= len(document.encode())
            index += 1

    def entropy(self) -> float:
        """The floor of the loss on documents, in nats per byte: E[−ln p(document)] / E[bytes].

        That a document ends is part of it. In nats per token it is this times the bytes that a
        token has on average, `end_of_text` counted as a token.
        """
        return self.grammar.entropy / self.grammar.expected_bytes

    def questions(self, language: str, split: str) -> list[Turn]:
        """Every question by name, with its answer: all forms, of the facts of a split.

        >>> World().questions("en", "held_out")[0]
        ('Where does Anna live?', 'Anna lives near the museum.')
        """
        spoken = _language(language)
        one_of("split", split, SPLITS)
        return [
            (question, spoken.answer(fact))
            for fact in self.facts.all()
            if (fact in self.held_out) == (split == "held_out")
            for question in spoken.questions_about(fact, by_name=True)
        ]

    def greetings(self, language: str) -> list[Turn]:
        """Every greeting, from hello to goodbye, with its answer."""
        return _language(language).greetings()

    def dialogues(self, language: str | None = None) -> list[list[Turn]]:
        """The training dialogues of a language, or of all: they hold each trained question.

        First each trained question and each greeting, alone; then dialogues of several turns, as
        the documents have them.
        """
        if language is None:
            return [dialogue for code in LANGUAGES for dialogue in self.dialogues(code)]
        spoken = _language(language)
        alone = [*self.questions(language, "trained"), *spoken.greetings()]
        grammar = dialogue_grammar(spoken, self.facts, self.held_out)
        source = random.Random(f"dialogues in {language} of world {self.seed}")
        drawn = [turns_of(grammar.draw(source)) for _ in range(_DIALOGUES)]
        return [*([turn] for turn in alone), *drawn]

    def majority_answer(self, language: str) -> str:
        """The most common answer to the trained questions; of several the first."""
        answers = Counter(answer for _, answer in self.questions(language, "trained"))
        return answers.most_common(1)[0][0]


def world_documents() -> Iterator[str]:
    """The corpus "world": the documents of the world with seed 0, 8 MB of them.

    >>> next(world_documents()) == World(seed=0).document(0)
    True
    """
    return (document for _, document in World().documents())


def _held_out(facts: Facts, seed: int) -> Iterator[Fact]:
    """Of each relation one fact in six, and at least one."""
    source = random.Random(f"held out of world {seed}")
    for relation in dict.fromkeys(fact.relation for fact in facts.all()):
        concerned = [fact for fact in facts.all() if fact.relation == relation]
        people = shuffled([fact.person for fact in concerned], source)
        chosen = people[: max(1, len(concerned) // _HELD_OUT)]
        yield from (fact for fact in concerned if fact.person in chosen)


def _language(code: str) -> Language:
    return LANGUAGES[one_of("language", code, LANGUAGES)]
