"""Who is who in the world: twenty people in five families, and nine facts about each of them.

A seed deals the facts out: another seed, another world with the same people. Each fact is a person,
a relation and a value; how it is told stands in `english.py` and `chinese.py`, under the names used
here.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

WOMEN = ("Anna", "Clara", "Emma", "Grace", "Julia", "Lucy", "Maria", "Nora", "Rosa", "Vera")
MEN = ("Daniel", "Frank", "Henry", "Jack", "Leo", "Martin", "Oscar", "Paul", "Simon", "Tom")
PEOPLE = (*WOMEN, *MEN)

# Every family lives in one place; each other value belongs to two people.
_TABLE = """
home   harbour mill market bridge station park castle library museum school
work   baker teacher doctor painter gardener sailor tailor dentist cook carpenter
food   apples noodles cheese dumplings cake rice eggs tomatoes bananas potatoes
pet    cat dog horse rabbit parrot goldfish goat tortoise donkey duck
thing  bicycle violin boat lamp piano umbrella map watch camera drum
hobby  swimming singing chess running fishing drawing dancing reading hiking skating
"""
VALUES = {relation: values for relation, *values in map(str.split, _TABLE.split("\n")[1:-1])}
PLACES = VALUES.pop("home")
TRAITS = ("home", *VALUES)  # what is true of one person alone, told in portraits
KINSHIP = ("husband", "wife", "son", "daughter", "brother", "sister", "father", "mother")


class Fact(NamedTuple):
    """A person, a relation, and the value that it has: a name from the tables above."""

    person: str
    relation: str
    value: str


class Family(NamedTuple):
    """Two parents, their daughter, and her younger brother."""

    mother: str
    father: str
    daughter: str
    son: str


class Facts:
    """All that is true in a world, dealt out by the seed.

    >>> facts = Facts(seed=0)
    >>> len(facts.families), len(facts.all()), facts.of("Anna")[0].relation
    (5, 180, 'home')
    """

    def __init__(self, seed: int) -> None:
        source = random.Random(f"facts of world {seed}")
        women, men = shuffled(WOMEN, source), shuffled(MEN, source)
        self.families = [
            Family(women[2 * i], men[2 * i], women[2 * i + 1], men[2 * i + 1]) for i in range(5)
        ]
        homes = shuffled(PLACES, source)
        self._values = {(person, "home"): homes[i] for i in range(5) for person in self.families[i]}
        for relation, values in VALUES.items():
            people = shuffled(PEOPLE, source)
            self._values |= {
                (person, relation): value
                for person, value in zip(people, values + values, strict=True)
            }
        for family in self.families:
            self._values |= _kinship(family)

    def all(self) -> list[Fact]:
        """Every fact, person by person."""
        return [fact for person in PEOPLE for fact in self.of(person)]

    def of(self, person: str, relations: tuple[str, ...] = TRAITS + KINSHIP) -> list[Fact]:
        """The facts about a person, in the order of the relations."""
        return [
            Fact(person, relation, self._values[person, relation])
            for relation in relations
            if (person, relation) in self._values
        ]


def _kinship(family: Family) -> dict[tuple[str, str], str]:
    """Person and relation -> relative."""
    mother, father, daughter, son = family
    return {
        (mother, "husband"): father,
        (mother, "son"): son,
        (mother, "daughter"): daughter,
        (father, "wife"): mother,
        (father, "son"): son,
        (father, "daughter"): daughter,
        (daughter, "brother"): son,
        (daughter, "father"): father,
        (daughter, "mother"): mother,
        (son, "sister"): daughter,
        (son, "father"): father,
        (son, "mother"): mother,
    }


def shuffled(values: Sequence[str], source: random.Random) -> list[str]:
    """The values in a random order, by draws that Python promises never to change."""
    left = list(values)
    return [left.pop(int(source.random() * len(left))) for _ in values]
