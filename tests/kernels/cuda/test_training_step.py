import numpy as np

import minibig as mb
from minibig.backend import training_step
from minibig.optim import AdamW, clip_gradients

from .comparison import launches


def losses(device):
    """The losses of four steps of a small GPT that learns one batch, dropout included."""
    mb.manual_seed(3)
    config = mb.models.GPTConfig(
        vocab_size=11, context_length=9, n_layers=2, n_heads=2, d_model=16, dropout=0.1
    )
    model = mb.models.GPT(config).to("float64").to(device)
    optimizer = AdamW(model.parameters(), lr=0.01)
    ids = mb.tensor(np.random.default_rng(0).integers(0, 11, (2, 10)), device=device)
    results = []
    for step in range(4):
        model.train(step < 3)
        with training_step(step):
            loss = mb.cross_entropy(model(ids[:, :-1]), ids[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        clip_gradients(model.parameters(), 1.0)
        optimizer.step()
        results.append(loss.item())
    return results


def test_a_model_learns_on_cuda_as_on_the_cpu(cp):
    with mb.reference():
        expected = losses("cpu")
    with launches() as names:
        np.testing.assert_allclose(losses("cuda"), expected, rtol=1e-12)
    assert names >= {"masked", "attention_forward", "attention_keys", "gelu_tanh", "adamw_update"}
    assert expected[-1] < expected[0]
