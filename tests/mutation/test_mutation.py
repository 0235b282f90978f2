"""The tool itself, and a few dozen mutants: good tests catch them, and bad tests are found out."""

import ast
import inspect
import os
import re
import subprocess
import sys

import pytest

from minibig.autograd import registry
from minibig.autograd.primitives import Primitive
from minibig.ops import tanh
from minibig.ops.softmaxes import softmax

from .mutants import mutants_of
from .rules import all_rules, rule_nodes

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the tool forks")
TESTS = os.path.dirname(os.path.dirname(__file__))


def campaign(*arguments, limit=600):
    paths = [TESTS, os.path.dirname(TESTS), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "mutation", "--folders", "ops", *arguments],
        capture_output=True, text=True, timeout=limit, cwd=TESTS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip
    found = re.search(
        r"(\d+) tried\n +(\d+) change no .* caught (\d+) .* missed (\d+)", done.stdout
    )
    assert found, done.stdout + done.stderr
    return done, *map(int, found.groups())


def test_good_tests_catch_the_mutants():
    done, tried, equal, caught, missed = campaign(
        "--only", "ops/softmax", "--tests", "derivatives and softmax", "--sample", "24"
    )
    assert done.returncode == 0, done.stdout
    assert tried == 24 and caught >= 0.95 * (tried - equal) and missed <= 0.05 * tried


def test_tests_that_look_at_dtypes_only_are_found_out():
    done, tried, _, caught, missed = campaign(
        "--only", "ops/softmax", "--tests", "test_float32 and softmax", "--sample", "4"
    )
    assert done.returncode == 1 and missed > 0 and caught < tried == 4
    assert done.stdout.count("  missed: ops/softmaxes.py:") == missed


def test_the_rules_of_all_files_are_found():
    rules = all_rules()
    found = {id(rule.function) for rule in rules}
    primitives = [tanh, softmax.__wrapped__.__wrapped__]
    assert all(isinstance(p, Primitive) and id(p.rules["x"]) in found for p in primitives)
    for operation in registry.values():
        kernel = operation.kernels.get("cpu")
        if kernel and kernel.forward.__module__.startswith("minibig.kernels."):
            assert id(inspect.unwrap(kernel.forward)) in found
            assert kernel.backward is None or id(kernel.backward) in found
    assert len(rules) > 50


def test_each_mutant_differs_from_its_rule_and_from_the_others():
    (rule,) = [rule for rule in all_rules() if rule.name == "tanh.x"]
    changes = [mutant.change for mutant in mutants_of(rule)]
    assert "y * y  ->  y / y" in changes and "1 - y * y  ->  1 + y * y" in changes
    assert "1  ->  2" in changes and "g  ->  y" in changes and len(changes) >= 9
    codes = {m.code.co_code + repr(m.code.co_consts).encode() for m in mutants_of(rule)}
    assert len(codes) >= len(changes) - 1  # two names may lie in the same slots


def test_rules_are_found_by_how_they_are_stated():
    tree = ast.parse(
        "f.defvjp(x=lambda g, y: g * y)\n"
        "def helper(g): return g\n"
        "def unused(g): return g\n"
        "def rule(g): return helper(g)\n"
        "h.defvjp(x=rule)\n"
        "@h.vjp\n"
        "def joint(g, needed): return g\n"
    )
    assert [name for name, _ in rule_nodes(tree)] == ["f.x", "helper", "rule", "joint"]
