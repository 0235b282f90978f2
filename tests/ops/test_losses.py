"""Losses beyond their rows: the worked examples, and what is ignored."""

import math

import numpy as np
import pytest

import minibig as mb

Y = np.array([1, 0, 1, 0, 1])
P = np.array([0.2, 0.8, 0.6, 0.4, 0.9])


def test_cross_entropy_of_five_labels_has_the_right_values():
    logits = mb.tensor(np.log(P / (1 - P)))
    mean = mb.binary_cross_entropy_with_logits(logits, mb.tensor(Y.astype(float))).item()
    assert mean == pytest.approx(0.8692, abs=5e-5)
    assert 5 * mean == pytest.approx(4.345888, abs=5e-7)
    two_classes = mb.tensor(np.log(np.stack([1 - P, P], axis=1)))
    assert mb.cross_entropy(two_classes, mb.tensor(Y)).item() == pytest.approx(mean)
    ones_only = mb.cross_entropy(two_classes, mb.tensor(np.where(Y == 1, 1, -100))).item()
    assert 3 * ones_only == pytest.approx(2.2256, abs=5e-5)


@pytest.mark.parametrize("kernels", [True, False])
def test_ignored_targets_get_no_gradient_and_do_not_count(kernels):
    logits = mb.tensor(np.random.default_rng(0).standard_normal((3, 4)), requires_grad=True)
    targets = mb.tensor([1, -100, 3])
    if kernels:
        loss = mb.cross_entropy(logits, targets)
    else:
        with mb.reference():
            loss = mb.cross_entropy(logits, targets)
    loss.backward()
    rest = mb.cross_entropy(logits[np.array([0, 2])], mb.tensor([1, 3]))
    assert loss.item() == pytest.approx(rest.item())
    assert logits.grad.numpy()[1].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("logits", [np.zeros((2, 3)), np.zeros((0, 3))])
def test_the_mean_of_no_targets_is_nan(logits):
    targets = mb.tensor(np.full(len(logits), -100))
    assert math.isnan(mb.cross_entropy(mb.tensor(logits), targets).item())


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "uint64"])
def test_targets_of_any_integer_type_are_taken(dtype):
    x, targets = mb.normal((2, 3)), np.array([0, 2])
    expected = mb.cross_entropy(x, mb.tensor(targets)).item()
    assert mb.cross_entropy(x, mb.tensor(targets, dtype=dtype)).item() == expected
    assert mb.cross_entropy(x, targets.astype(dtype)).item() == pytest.approx(expected)


def test_class_numbers_and_their_one_hot_probabilities_agree():
    x, targets = mb.normal((4, 3)), np.array([0, 2, 1, 1])
    for smoothing in (0.0, 0.2):
        soft = mb.tensor(np.eye(3, dtype=np.float32)[targets])
        one = mb.cross_entropy(x, mb.tensor(targets), label_smoothing=smoothing).item()
        loss = mb.soft_cross_entropy(x, soft, label_smoothing=smoothing)
        assert loss.item() == pytest.approx(one)


def test_losses_without_a_reduction_are_one_each_and_add_up():
    x, targets = mb.normal(2, 3, 5), mb.tensor([[0, 4, -100], [2, 2, 1]])
    each = mb.cross_entropy(x, targets, reduction="none")
    assert each.shape == (2, 3) and each[0, 2].item() == 0
    assert mb.cross_entropy(x, targets, reduction="sum").item() == pytest.approx(each.sum().item())
    assert mb.cross_entropy(x, targets).item() == pytest.approx(each.sum().item() / 5)
    pairs = mb.normal(4), mb.uniform(4)
    for loss in (mb.mean_squared_error, mb.binary_cross_entropy_with_logits):
        assert loss(*pairs, reduction="none").mean().item() == pytest.approx(loss(*pairs).item())


def test_weights_of_classes_are_those_of_a_mean():
    x, targets = mb.normal(3, 2), mb.tensor([0, 1, 1])
    each = mb.cross_entropy(x, targets, reduction="none").numpy()
    weighted = mb.cross_entropy(x, targets, weights=mb.tensor([3.0, 0.5])).item()
    assert weighted == pytest.approx((each * [3, 0.5, 0.5]).sum() / 4)


def test_what_is_no_reduction_or_no_weight_of_each_class_is_refused():
    x = mb.normal(3, 2)
    for loss in (mb.mean_squared_error, mb.binary_cross_entropy_with_logits):
        with pytest.raises(mb.InputError, match="mean, sum, none; got 'average'"):
            loss(x, x, reduction="average")
    with pytest.raises(mb.InputError, match="reduction must be one of mean, sum, none; got None"):
        mb.cross_entropy(x, mb.tensor([0, 1, 1]), reduction=None)
    with pytest.raises(mb.InputError, match=r"weights must have shape \(2,\); got \(3,\)"):
        mb.cross_entropy(x, mb.tensor([0, 1, 1]), weights=mb.ones(3))


def test_minus_infinite_logits_of_other_classes_are_taken():
    x = mb.tensor([[0.0, -math.inf, 0.0]], requires_grad=True)
    mb.cross_entropy(x, mb.tensor([0])).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[-0.5, 0, 0.5]], atol=1e-7)
    with mb.reference():
        assert mb.cross_entropy(x, mb.tensor([0])).item() == pytest.approx(math.log(2))
