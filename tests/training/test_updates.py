"""What a step is: numbered batches, the mean over all targets, and updates of another kind."""

import signal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.data import Batch
from minibig.nn import Linear
from minibig.objectives import answer_loss
from minibig.optim import SGD
from minibig.stopping import stop_if_requested
from minibig.training import GradientUpdate, Interrupted, Trainer, TrainingError, TrainingSettings

from .tiny_runs import T, V, gpt


def gradients(model, batches, settings):
    """The gradient of the first step, by the weights that plain gradient descent leaves."""
    before = {name: p.numpy().copy() for name, p in model.named_parameters()}
    optimizer = SGD(model.parameters(), lr=1.0)
    update = GradientUpdate(model, answer_loss, batches, settings, optimizer=optimizer)
    values = update(0)
    return values, {name: before[name] - p.numpy() for name, p in model.named_parameters()}


def answers(lengths, seed=0):
    """A batch of one row for each length: so many answered tokens at its beginning."""
    ids = np.random.default_rng(seed).integers(0, V, (len(lengths), T + 1))
    return Batch(ids[:, :-1], ids[:, 1:], np.arange(T) < np.array(lengths)[:, None])


def rows(batch):
    return [
        Batch(batch.inputs[i : i + 1], batch.targets[i : i + 1], batch.mask[i : i + 1])
        for i in range(batch.n_examples)
    ]


@given(lengths=st.lists(st.integers(0, T), min_size=2, max_size=4), seed=st.integers(0, 99))
def test_a_step_is_the_mean_over_its_targets_however_they_are_cut(lengths, seed):
    whole = answers(lengths, seed)
    if not whole.n_targets:
        return
    chosen = {"lr": 1.0, "schedule": "constant", "warmup_steps": 0, "clip": None}
    one = gradients(gpt(0.0), lambda number: whole, TrainingSettings(**chosen))
    cut = rows(whole)
    settings = TrainingSettings(accumulation=len(cut), **chosen)
    several = gradients(gpt(0.0), lambda number: cut[number], settings)
    assert several[0]["loss"] == pytest.approx(one[0]["loss"], rel=1e-5)
    assert several[0]["n_tokens"] == one[0]["n_tokens"] == whole.inputs.size
    for name, expected in one[1].items():
        np.testing.assert_allclose(several[1][name], expected, atol=2e-6)


def test_answers_of_two_and_of_twenty_tokens():
    """A mean of means points elsewhere; the mean over all tokens does not."""
    rng = np.random.default_rng(0)
    layer = Linear(4, 1, bias=False)
    x, y = rng.normal(size=(22, 4)).astype("float32"), rng.normal(size=(22, 1)).astype("float32")

    class Part:
        def __init__(self, part):
            self.x, self.y = mb.tensor(x[part]), mb.tensor(y[part])
            self.n_targets = len(self.y)

    def loss(model, batch):
        return ((model(batch.x) - batch.y) ** 2).mean()

    parts = [Part(slice(0, 2)), Part(slice(2, 22))]
    chosen = TrainingSettings(accumulation=2, lr=1.0)
    update = GradientUpdate(layer, loss, lambda number: parts[number], chosen)
    value = update.mean_gradient(0, parts)
    found = layer.weight.grad.numpy().copy()
    layer.weight.grad = None
    everything = loss(layer, Part(slice(0, 22)))
    everything.backward()
    np.testing.assert_allclose(found, layer.weight.grad.numpy(), rtol=1e-5)
    assert value == pytest.approx(everything.item(), rel=1e-6)


@given(accumulation=st.integers(1, 5), steps=st.integers(1, 4))
def test_no_batch_comes_twice(tmp_path_factory, accumulation, steps):
    asked = []

    def batch(number):
        asked.append(number)
        return mb.tensor([[1.0]])

    layer = Linear(1, 1)
    settings = TrainingSettings(steps=steps, accumulation=accumulation, warmup_steps=0)
    loss = lambda model, x: (model(x) ** 2).mean()
    Trainer(layer, loss, batch, settings, tmp_path_factory.mktemp("run")).run()
    assert asked == list(range(steps * accumulation))


def test_a_step_without_a_target_is_told():
    update = GradientUpdate(gpt(), answer_loss, lambda number: answers([0, 0]), TrainingSettings())
    with pytest.raises(mb.InputError, match="step 4 has nothing to predict"):
        update(3)


def test_the_batch_size_on_record_is_that_of_the_batches(tmp_path):
    class Batches:
        batch_size = 3

        def batch(self, number):
            return mb.ones((3, 1))

    loss = lambda model, x: (model(x) ** 2).mean()
    run = Trainer(Linear(1, 1), loss, Batches(), TrainingSettings(batch_size=8), tmp_path)
    assert run.settings.batch_size == 3


class MaskedUpdate(GradientUpdate):
    """Weights that are pruned stay at 0."""

    def __init__(self, masks, *arguments):
        super().__init__(*arguments)
        self.masks = masks

    def __call__(self, step):
        values = super().__call__(step)
        for parameter, mask in self.masks:
            parameter.assign(parameter * mask)
        return {**values, "kept": float(sum(mask.sum().item() for _, mask in self.masks))}


class PrivateUpdate:
    """The gradients of single examples, clipped and with noise: no part of the usual update."""

    def __init__(self, model, loss, batches, lr):
        self.model, self.loss, self.batches, self.lr = model, loss, batches, lr
        self.lr_factor, self.norms = 1.0, []

    def __call__(self, step):
        total, losses = 0.0, []
        batch = self.batches(step)
        for i in range(len(batch)):
            loss = self.loss(self.model, batch[i : i + 1])
            loss.backward()
            g = self.model.weight.grad.numpy()
            total = total + g * min(1.0, 0.5 / np.linalg.norm(g))
            self.model.weight.grad = None
            losses.append(loss.item())
        noise = mb.backend.stream("noise").normal(size=g.shape).astype("float32")
        g = (total + 0.1 * noise) / len(batch)
        self.norms.append(float(np.linalg.norm(g)))
        self.model.weight.assign(self.model.weight - mb.tensor(self.lr * self.lr_factor * g))
        return {"loss": float(np.mean(losses)), "epsilon": 0.1 * (step + 1)}

    def state(self):
        return {"norms": self.norms}

    def load(self, state):
        self.norms = list(state["norms"])


X = np.random.default_rng(1).normal(size=(40, 3)).astype("float32")
TARGET = np.array([[1.0], [0.0], [-1.0]], "float32")


def distance(model, x):
    return ((model(x) - x @ mb.tensor(TARGET)) ** 2).mean()


def some(number):
    first = 4 * number % len(X)
    return mb.tensor(X[first : first + 4])


def masked(folder, steps):
    mb.manual_seed(0)
    layer = Linear(3, 1, bias=False)
    settings = TrainingSettings(steps=steps, lr=0.05, checkpoint_every=50)
    masks = [(layer.weight, mb.tensor([[1.0], [0.0], [1.0]]))]
    update = MaskedUpdate(masks, layer, distance, some, settings)
    return Trainer(layer, distance, some, settings, folder, update=update)


def private(folder, steps, crash=None):
    mb.manual_seed(0)
    layer = Linear(3, 1, bias=False)

    def batches(number):
        if number == crash:
            raise KeyboardInterrupt
        return some(number)

    settings = TrainingSettings(steps=steps, checkpoint_every=20)
    update = PrivateUpdate(layer, distance, batches, lr=0.1)
    return Trainer(layer, None, None, settings, folder, update=update)


def test_a_masked_update_needs_no_change_of_the_loop(tmp_path):
    run = masked(tmp_path, 200)
    assert run.run().loss < 1.0
    assert run.model.weight.numpy()[1] == 0.0
    np.testing.assert_allclose(run.model.weight.numpy()[[0, 2], 0], [1.0, -1.0], atol=0.3)
    assert {x["kept"] for x in run.metrics.read() if "loss" in x} == {2.0}


def test_a_private_update_needs_no_change_of_the_loop_and_resumes_to_the_bit(tmp_path):
    whole = private(tmp_path / "whole", 60)
    assert whole.run().loss < 1.0
    with pytest.raises(KeyboardInterrupt):
        private(tmp_path / "broken", 60, crash=47).run()
    broken = private(tmp_path / "broken", 60)
    broken.run()
    np.testing.assert_array_equal(broken.model.weight.numpy(), whole.model.weight.numpy())
    assert broken.update.norms == whole.update.norms and len(whole.update.norms) == 60
    assert "epsilon" in whole.metrics.read()[1]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_update_that_returns_no_finite_loss_is_stopped(tmp_path, value):
    run = private(tmp_path, 5)
    run.update.__class__ = type(
        "Bad", (PrivateUpdate,), {"__call__": lambda self, s: {"loss": value}}
    )
    with pytest.raises(TrainingError, match="step 1 has the loss"):
        run.run()


def test_an_update_that_returns_no_loss_is_told(tmp_path):
    run = private(tmp_path, 5)
    run.update.__class__ = type("Bad", (PrivateUpdate,), {"__call__": lambda self, s: {}})
    with pytest.raises(mb.InputError, match="an update must return its loss as a number; got None"):
        run.run()


def test_processes_that_share_a_step_find_the_gradient_of_the_whole():
    """Two ranks with 5 and 3 rows: the seam between the gradient and the clipping."""
    whole = answers([T] * 8)
    parts = [
        Batch(whole.inputs[part], whole.targets[part], whole.mask[part])
        for part in (slice(0, 5), slice(5, 8))
    ]
    chosen = TrainingSettings(lr=1.0, schedule="constant", warmup_steps=0, clip=None)
    _, expected = gradients(gpt(0.0), lambda number: whole, chosen)
    sent = []

    def send(parameters, loss, n_targets):
        sent.append(([p.grad.numpy().copy() for p in parameters], loss, n_targets))
        return loss

    def receive(parameters, loss, n_targets):
        other, their_loss, theirs = sent[0]
        share = n_targets / (n_targets + theirs)
        for p, g in zip(parameters, other, strict=True):
            p.grad = mb.tensor(share * p.grad.numpy() + (1 - share) * g)
        return share * loss + (1 - share) * their_loss

    for part, reduce in zip(parts, (send, receive), strict=True):
        model = gpt(0.0)
        before = {name: p.numpy().copy() for name, p in model.named_parameters()}
        optimizer = SGD(model.parameters(), lr=1.0)
        batches = lambda number, part=part: part
        GradientUpdate(model, answer_loss, batches, chosen, optimizer=optimizer, reduce=reduce)(0)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(before[name] - p.numpy(), expected[name], atol=2e-6)


def test_an_update_that_is_given_up_half_way_is_made_again_to_the_bit(tmp_path, monkeypatch):
    """Its random numbers are drawn again, as if it had never begun."""
    monkeypatch.setattr("minibig.training.interruption._PATIENCE", 0.0)

    class Interruptible(PrivateUpdate):
        at = None

        def __call__(self, step):
            mb.backend.stream("noise").normal(size=3)
            if step == self.at:
                signal.raise_signal(signal.SIGINT)
            stop_if_requested()
            return super().__call__(step)

    def run(folder, at=None):
        made = private(folder, 30)
        made.update.__class__, made.update.at = Interruptible, at
        return made

    whole = run(tmp_path / "whole")
    whole.run()
    with pytest.raises(Interrupted):
        run(tmp_path / "broken", at=17).run()
    broken = run(tmp_path / "broken")
    broken.run()
    np.testing.assert_array_equal(broken.model.weight.numpy(), whole.model.weight.numpy())
