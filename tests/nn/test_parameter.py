import contextlib
import copy

import numpy as np
import pytest

import minibig as mb
from minibig.nn import Parameter


def test_a_parameter_is_a_leaf_with_an_array_of_its_own():
    values = np.ones(3, "float32")
    parameter = Parameter(values)
    values[:] = 7
    assert parameter.tolist() == [1, 1, 1]
    assert parameter.requires_grad and parameter.grad is None


def test_assign_writes_in_place_and_keeps_the_gradient():
    parameter = Parameter([1.0, 2.0])
    array = parameter.data
    (parameter * 3.0).sum().backward()
    parameter.assign(mb.tensor([5.0, 6.0]))
    assert parameter.data is array
    assert array.tolist() == [5, 6]
    assert parameter.grad.tolist() == [3, 3]


def test_backward_through_values_that_were_assigned_over_is_refused():
    parameter = Parameter([1.0, 2.0])
    loss = (parameter * parameter).sum()
    parameter.assign(parameter.detach() * 2)
    with pytest.raises(mb.InputError, match="assigned after mul"):
        loss.backward()


def test_assigning_the_own_array_only_makes_older_graphs_stale():
    parameter = Parameter([1.0, 2.0])
    loss = (parameter * parameter).sum()
    parameter.assign(parameter.data)
    assert parameter.tolist() == [1, 2]
    with pytest.raises(mb.InputError, match="Call backward before"):
        loss.backward()


def test_assigning_a_reversed_view_of_itself_reads_before_it_writes():
    parameter = Parameter([1.0, 2.0, 3.0])
    parameter.assign(parameter.data[::-1])
    assert parameter.tolist() == [3, 2, 1]


def test_a_graph_made_with_a_frozen_parameter_survives_assignment_and_unfreezing():
    frozen = Parameter([2.0, 3.0])
    frozen.requires_grad = False
    x = mb.tensor([1.0, 1.0], requires_grad=True)
    loss = (x * frozen).sum()
    frozen.assign(np.array([9.0, 9.0], "float32"))
    frozen.requires_grad = True
    frozen.assign(np.array([8.0, 8.0], "float32"))
    loss.backward()
    assert x.grad.tolist() == [2, 3]


def test_unfreezing_makes_a_private_copy():
    parameter = Parameter([2.0, 3.0])
    parameter.requires_grad = False
    x = mb.tensor([1.0, 1.0], requires_grad=True)
    loss = (x * parameter).sum()
    parameter.requires_grad = True
    parameter.assign(np.array([8.0, 8.0], "float32"))
    loss.backward()
    assert x.grad.tolist() == [2, 3]


def test_setting_requires_grad_on_a_learned_parameter_keeps_its_gradient():
    parameter = Parameter([2.0])
    (parameter * 3.0).sum().backward()
    parameter.requires_grad = True
    assert parameter.grad.tolist() == [3]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.zeros(3, "float32"), r"shape \(2,\), float32, on cpu was assigned shape \(3,\)"),
        (np.zeros(2, "float64"), "was assigned shape .2,., float64"),
        (mb.tensor([1, 2]), "was assigned shape .2,., int64"),
    ],
)
def test_assign_refuses_what_does_not_fit_and_changes_nothing(values, sentence):
    parameter = Parameter([1.0, 2.0])
    with pytest.raises(mb.InputError, match=sentence):
        parameter.assign(values)
    assert parameter.tolist() == [1, 2]


def test_assign_refuses_lists():
    with pytest.raises(mb.InputError, match="needs a tensor or an array; got list"):
        Parameter([1.0]).assign([2.0])


def test_integers_are_not_learned():
    with pytest.raises(mb.InputError, match="only floating-point tensors have gradients"):
        Parameter([1, 2])


def test_a_deep_copy_is_independent():
    parameter = Parameter([1.0, 2.0])
    twin = copy.deepcopy(parameter)
    parameter.assign(np.zeros(2, "float32"))
    (twin * 2.0).sum().backward()
    assert twin.tolist() == [1, 2]
    assert twin.grad.tolist() == [2, 2] and parameter.grad is None


@pytest.mark.parametrize("operator", ["+=", "-=", "*=", "/=", "**=", "@=", "%=", "//="])
@pytest.mark.parametrize("recorded", [True, False])
def test_in_place_operators_are_refused_with_the_way_that_works(operator, recorded):
    method = {
        "+=": "__iadd__", "-=": "__isub__", "*=": "__imul__", "/=": "__itruediv__",
        "**=": "__ipow__", "@=": "__imatmul__", "%=": "__imod__", "//=": "__ifloordiv__",
    }[operator]  # fmt: skip
    parameter = Parameter([1.0, 2.0])
    context = contextlib.nullcontext() if recorded else mb.no_grad()
    with context, pytest.raises(mb.InputError, match=r"Use parameter.assign\(parameter - change\)"):
        getattr(parameter, method)(2.0)
    assert parameter.tolist() == [1, 2]


def test_the_loop_that_a_reader_would_write_is_refused():
    layer = mb.nn.Linear(2, 2)
    layer(mb.ones((1, 2))).sum().backward()
    with mb.no_grad(), pytest.raises(mb.InputError, match=r"an optimizer of mb\.optim"):
        for p in layer.parameters():
            p -= 0.1 * p.grad


def test_in_place_arithmetic_on_the_data_counts_as_an_assignment():
    p = Parameter([1.0, 2.0])
    y = (p * p).sum()
    p.data -= 1
    assert p.tolist() == [0.0, 1.0]
    with pytest.raises(mb.InputError, match="a parameter was assigned after mul had used it"):
        y.backward()
    (p * p).sum().backward()
    p.data *= 0.5
    assert p.grad.tolist() == [0.0, 2.0] and p.tolist() == [0.0, 0.5]


def test_the_data_of_a_frozen_parameter_cannot_be_written_in_place():
    p, x = Parameter([1.0, 2.0]), mb.tensor([3.0, 4.0], requires_grad=True)
    p.requires_grad = False
    y = (p * x).sum()
    with pytest.raises(ValueError, match="read-only"):
        p.data -= 1
    p.assign(mb.zeros(2))
    with pytest.raises(ValueError, match="read-only"):
        p.data[0] = 1
    p.move(np.dtype("float64"), p.device)
    with pytest.raises(ValueError, match="read-only"):
        p.data[0] = 1
    y.backward()
    assert x.grad.tolist() == [1.0, 2.0]
    p.requires_grad = True
    p.data -= 1
    assert p.tolist() == [-1.0, -1.0]
