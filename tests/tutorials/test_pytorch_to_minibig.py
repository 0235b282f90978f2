"""The page for those who come from PyTorch: every expression gives what stands beside it."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import minibig as mb
from minibig.other_names import FUNCTIONS, METHODS, WAYS

PAGE = Path(__file__).resolve().parents[2] / "tutorials" / "pytorch_to_minibig.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = re.findall(r"^\|.*\| `([^|]*)` \| `([^|]*)` \|$", TEXT, flags=re.MULTILINE)


def test_every_expression_gives_what_stands_beside_it():
    (setup,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    examples = doctest.DocTestParser().get_examples(setup)
    examples += [doctest.Example(f"{source}\n", f"{value}\n") for source, value in ROWS]
    assert (
        len(ROWS) == len(re.findall(r"^\| (?!PyTorch|Convention)", TEXT, flags=re.MULTILINE)) > 80
    )
    failures = []
    with np.printoptions(precision=4):
        doctest.DocTestRunner(verbose=False).run(
            doctest.DocTest(examples, {}, PAGE.name, str(PAGE), 0, None), out=failures.append
        )
    assert not failures, "".join(failures)


def test_names_of_others_are_not_ours_and_lead_to_ours():
    assert not {name for name in METHODS if hasattr(mb.Tensor, name)}
    assert not set(FUNCTIONS) & set(mb.__all__)
    assert not (set(FUNCTIONS) | set(mb.__all__)) & set(WAYS)
    assert set(FUNCTIONS.values()) <= set(mb.__all__)
    ways = [*METHODS.values(), *WAYS.values()]
    named = {name for way in ways for name in re.findall(r"mb\.(\w+)", way)}
    assert named <= set(mb.__all__)
    methods = {name for way in METHODS.values() for name in re.findall(r"\bx\.(\w+)", way)}
    assert {name for name in methods if not hasattr(mb.Tensor, name)} == set()


@pytest.mark.parametrize(
    ("use", "way"),
    [
        (lambda x: mb.cat([x, x]), "'cat'. Use mb.concatenate."),
        (lambda x: mb.concatinate([x, x]), "Did you mean mb.concatenate?"),
        (lambda x: mb.square(x), r"Use x \* x\.$"),
        (lambda x: mb.random.normal(2), r"Use mb.normal, mb.uniform and mb.manual_seed\.$"),
        (lambda x: mb.cuda.is_available(), r'Use device="cuda"'),
        (lambda x: mb.log2(x), r"Use mb.log\(x\) / math.log\(2\)\.$"),
        (lambda x: x.reshap(2), r"'reshap'. Did you mean x.reshape\?$"),
        (lambda x: x.trasnpose(), r"Did you mean x.transpose\?$"),
        (lambda x: x.view(2), r"'view'. Use x.reshape\(shape\)."),
        (lambda x: x.add_(1), "never changed in place"),
        (lambda x: x.nonsense, "no attribute 'nonsense'.$"),
        (lambda x: mb.qzx, "no attribute 'qzx'.$"),
    ],
)
def test_a_name_of_others_is_answered_with_ours(use, way):
    with pytest.raises(AttributeError, match=way):
        use(mb.tensor([1.0, 2.0]))


@pytest.mark.parametrize("name", ["cross", "plot", "ones_of", "lstm"])
def test_a_name_that_only_looks_like_one_of_ours_has_no_hint(name):
    with pytest.raises(AttributeError, match=rf"no attribute '{name}'\.$"):
        getattr(mb, name)


def test_what_tensors_lack_is_asked_for_without_an_error():
    x = mb.tensor([1.0])
    assert not hasattr(x, "__cuda_array_interface__") and getattr(x, "view", None) is None
