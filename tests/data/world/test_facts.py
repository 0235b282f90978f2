"""The facts: consistent families, values dealt out evenly, another world for another seed."""

from collections import Counter

import pytest

from minibig.data.world.facts import KINSHIP, MEN, PEOPLE, PLACES, TRAITS, VALUES, WOMEN, Facts


@pytest.fixture(scope="module", params=[0, 1, 2])
def facts(request):
    return Facts(request.param)


def test_everyone_has_nine_facts_and_belongs_to_one_family(facts):
    assert len(facts.all()) == len(set(facts.all())) == 180
    assert {len(facts.of(person)) for person in PEOPLE} == {9}
    members = [person for family in facts.families for person in family]
    assert sorted(members) == sorted(PEOPLE)
    assert {family.mother for family in facts.families} <= set(WOMEN)
    assert {family.son for family in facts.families} <= set(MEN)


def test_relations_between_people_agree_with_each_other(facts):
    relatives = {(f.person, f.relation): f.value for f in facts.all() if f.relation in KINSHIP}
    back = {
        "husband": {"wife"},
        "wife": {"husband"},
        "brother": {"sister"},
        "sister": {"brother"},
        "son": {"father", "mother"},
        "daughter": {"father", "mother"},
        "father": {"son", "daughter"},
        "mother": {"son", "daughter"},
    }
    women = {"wife", "daughter", "sister", "mother"}
    for (person, relation), relative in relatives.items():
        assert (relative in WOMEN) == (relation in women)
        assert any(relatives.get((relative, other)) == person for other in back[relation])


def test_values_are_shared_evenly_and_families_live_together(facts):
    for relation, values in VALUES.items():
        counts = Counter(fact.value for fact in facts.all() if fact.relation == relation)
        assert counts == dict.fromkeys(values, 2)
    homes = [{facts.of(person, ("home",))[0].value for person in f} for f in facts.families]
    assert all(len(home) == 1 for home in homes)
    assert len(set.union(*homes)) == 5
    assert set.union(*homes) <= set(PLACES)


def test_a_seed_is_a_world():
    assert Facts(5).all() == Facts(5).all()
    assert Facts(5).all() != Facts(6).all()


def test_some_relations_only():
    assert [fact.relation for fact in Facts(0).of("Tom", TRAITS)] == list(TRAITS)
