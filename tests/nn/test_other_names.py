"""What PyTorch calls otherwise is answered with our way, and that way exists."""

import copy
import re

import pytest

import minibig as mb
from minibig import nn
from minibig.nn.other_names import ATTRIBUTES, NAMES


def test_names_of_others_are_not_ours_and_lead_to_ours():
    assert not {name for name in NAMES if name in nn.__all__}
    assert not {name for name in ATTRIBUTES if hasattr(nn.Module, name)}
    for way in [*NAMES.values(), *ATTRIBUTES.values()]:
        for name in re.findall(r"\bnn\.(\w+)", way):
            assert name in nn.__all__
        for name in re.findall(r"\bmodule\.(\w+)", way):
            assert hasattr(nn.Module, name)
        for name in re.findall(r"\bmb\.(\w+)", way):
            assert hasattr(mb, name)


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (lambda net: net.cuda(), r"Linear has no attribute 'cuda'. Use module.to\("),
        (lambda net: net.register_forward_hook(print), r"Use nn.captured\(module, kind_or_path\)"),
        (lambda net: net.wieght, "Did you mean weight?"),
        (lambda net: net.n_paramters, "Did you mean n_parameters?"),
        (lambda net: net.qqq, "Linear has no attribute 'qqq'.$"),
        (lambda net: nn.MultiheadAttention, "Use nn.MultiHeadAttention."),
        (lambda net: nn.CrossEntropyLoss(), "Use mb.cross_entropy."),
        (lambda net: nn.Conv2d(1, 2, 3), "'Conv2d'. There is none yet; write an nn.Module.$"),
        (lambda net: nn.LSTM(1, 2), "'LSTM'. There is none yet; there is nn.PreNormBlock.$"),
        (lambda net: nn.BatchNorm1d(2), "There is none yet; there is nn.LayerNorm.$"),
        (lambda net: nn.functional.relu, "Use mb: its functions are mb.relu"),
        (lambda net: nn.normal((2, 3)), "Use nn.normal_weights, or mb.normal.$"),
        (lambda net: nn.uniform_, "Use nn.uniform_weights.$"),
        (lambda net: nn.Liner, "Did you mean nn.Linear?"),
        (lambda net: nn.qqq, "module 'minibig.nn' has no attribute 'qqq'.$"),
    ],
)
def test_a_name_that_is_not_here_is_answered(use, sentence):
    with pytest.raises(AttributeError, match=sentence):
        use(nn.Linear(2, 2))


def test_the_error_of_a_property_is_its_own():
    class Broken(nn.Module):
        @property
        def width(self):
            return self.layer.d_in

    with pytest.raises(AttributeError, match="Broken has no attribute 'layer'"):
        Broken().width  # noqa: B018


def test_asking_for_what_is_not_there_and_copying_work_as_ever():
    net = nn.Linear(2, 2)
    assert not hasattr(net, "scale") and getattr(net, "scale", 3) == 3
    assert copy.copy(net).weight is net.weight
    assert (copy.deepcopy(net).weight.numpy() == net.weight.numpy()).all()
