"""Updates of many parameters in one region, and the norm of all gradients, in place."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.kernels import loops
from minibig.ops.updates import clip_by_global_norm

from .comparison import KINDS, with_loops

ADAM = {"lr": 0.01, "betas": (0.9, 0.99), "eps": 1e-8}
sizes = st.lists(st.sampled_from([0, 1, 5, 300, 40_000, 70_000, 140_000]), min_size=1, max_size=5)


def rows(shapes, n_states, dtype):
    """A parameter, its gradient and its state for each shape."""
    numbers = np.random.default_rng(len(shapes))
    made = [[numbers.standard_normal(s) for _ in range(2 + n_states)] for s in shapes]
    return [[np.array(abs(x) if i == 3 else x, dtype) for i, x in enumerate(row)] for row in made]


def expect_each(rule, shapes, n_states, dtype, tolerance, **settings):
    """Raise unless `for_each` writes what the formula gives in float64, and nothing else."""
    given = rows(shapes, n_states, dtype)
    with mb.no_grad(), mb.reference():
        expected = [
            rule(*[mb.tensor(x.astype("float64")) for x in row], **settings) for row in given
        ]
    for kind in KINDS:
        arrays = [[x.copy() for x in row] for row in given]
        with with_loops(kind):
            assert rule.kernels["cpu"].for_each(arrays, **settings)
        for (p, g, *state), before, exact in zip(arrays, given, expected, strict=True):
            np.testing.assert_array_equal(g, before[1])
            for result, formula in zip((p, *state), exact, strict=True):
                np.testing.assert_allclose(
                    result, formula.numpy(), rtol=tolerance, atol=tolerance, err_msg=kind
                )


DTYPES = pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-5)])


@DTYPES
@given(shapes=sizes, t=st.integers(1, 1000), decay=st.sampled_from([0.0, 0.3]))
def test_adamw_of_all_parameters_is_its_formula(dtype, tolerance, shapes, t, decay):
    settings = {**ADAM, "weight_decay": decay, "t": t}
    expect_each(mb.adamw_update, shapes, 2, dtype, tolerance, **settings)


@DTYPES
def test_adam_of_all_parameters_is_its_formula(dtype, tolerance):
    settings = {**ADAM, "weight_decay": 0.0, "t": 3}
    expect_each(mb.adam_update, [(3, 5), (), (70_000,)], 2, dtype, tolerance, **settings)


def refused():
    """What cannot be updated in place by a loop over numbers."""
    plain = rows([(4, 6)], 2, "float32")[0]
    read_only = [x.copy() for x in plain]
    read_only[0].flags.writeable = False
    yield "read only", read_only
    yield "strided", [np.asfortranarray(plain[0]), *plain[1:]]
    yield "of two dtypes", [plain[0].astype("float64"), *plain[1:]]
    yield "of two shapes", [plain[0], plain[1][:1], *plain[2:]]
    yield "float16", [x.astype("float16") for x in plain]


@pytest.mark.parametrize(("name", "row"), list(refused()), ids=[name for name, _ in refused()])
def test_what_does_not_fit_is_left_alone(name, row):
    fits = rows([(3,)], 2, "float32")[0]
    arrays, before = [fits, row], [[x.copy() for x in r] for r in (fits, row)]
    each = mb.adamw_update.kernels["cpu"].for_each
    assert not each(arrays, **ADAM, weight_decay=0.1, t=1)
    for xs, ys in zip(arrays, before, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(xs, ys, strict=True))


def test_adam_with_a_decay_in_the_gradient_goes_by_the_formula():
    each = mb.adam_update.kernels["cpu"].for_each
    assert not each(rows([(3,)], 2, "float32"), **ADAM, weight_decay=0.1, t=1)


def test_one_update_writes_into_the_arrays_that_it_got_unless_a_graph_keeps_them():
    settings = {**ADAM, "weight_decay": 0.1, "t": 2}
    inputs = [mb.tensor(x) for x in rows([(5,)], 2, "float64")[0]]
    results = mb.adamw_update(*inputs, **settings)
    assert [r.data is x.data for r, x in zip(results, (inputs[0], *inputs[2:]), strict=True)] == [
        True
    ] * 3
    inputs[1].requires_grad = True
    new = mb.adamw_update(*inputs, **settings)[0]
    assert new.data is not inputs[0].data
    new.sum().backward()
    assert inputs[1].grad is not None


@DTYPES
@given(shapes=sizes, max_norm=st.sampled_from([0.5, 1e9, math.inf]))
def test_the_norm_of_all_gradients_is_its_formula(dtype, tolerance, shapes, max_norm):
    gradients = [row[1] for row in rows(shapes, 0, dtype)]
    with mb.reference():
        norm, *clipped = clip_by_global_norm(*gradients, max_norm=max_norm)
    for kind in KINDS:
        arrays = [g.copy() for g in gradients]
        with with_loops(kind):
            ours, *results = clip_by_global_norm(*arrays, max_norm=max_norm)
        assert float(ours) == pytest.approx(float(norm), rel=1e-12)
        for result, array, formula in zip(results, arrays, clipped, strict=True):
            assert result is array
            np.testing.assert_allclose(result, formula, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_of_any_number_of_threads_has_the_same_bits(kind, monkeypatch):
    from minibig.kernels import parallel

    found = set()
    for n in (1, 2, 3):
        monkeypatch.setattr(parallel, "threads", lambda n=n: n)
        parallel._helpers.cache_clear()
        given = rows([(200_000,), (7,), (90, 100)], 2, "float32")
        with with_loops(kind):
            norm, *_ = clip_by_global_norm(*[row[1] for row in given], max_norm=1.0)
            mb.adamw_update.kernels["cpu"].for_each(given, **ADAM, weight_decay=0.1, t=3)
        found.add((float(norm), *[x.tobytes() for row in given for x in row]))
    parallel._helpers.cache_clear()
    assert len(found) == 1


def test_there_is_no_region_for_no_numbers():
    assert loops.kind() in KINDS
    norm, empty = clip_by_global_norm(np.zeros((0, 3), np.float32), max_norm=1.0)
    assert float(norm) == 0 and empty.shape == (0, 3)


def test_parameters_that_share_their_numbers_are_updated_one_after_the_other():
    for first, second in ((slice(0, 8), slice(0, 8)), (slice(0, 6), slice(2, 8))):
        numbers = np.ones(8, np.float32)
        given = [[numbers[part], *rows([(8,)], 2, "float32")[0][1:]] for part in (first, second)]
        given = [[p, *[x[: p.size] for x in others]] for p, *others in given]
        assert not mb.adamw_update.kernels["cpu"].for_each(given, **ADAM, weight_decay=0.1, t=1)
    once = np.ones(8, np.float32)
    twice = [[once, *rows([(8,)], 2, "float32")[0][1:]] for _ in range(2)]
    assert not mb.adamw_update.kernels["cpu"].for_each(twice, **ADAM, weight_decay=0.1, t=1)
