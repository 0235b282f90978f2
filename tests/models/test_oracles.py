"""GPT against PyTorch's own layers, with the same weights, where PyTorch is installed."""

import numpy as np
import pytest

import minibig as mb
from minibig.models import GPT, GPTConfig

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")


def torch_logits(state, config, tokens):
    """GPT-2's forward pass with torch.nn.functional."""
    F = torch.nn.functional
    h = state["token_embedding.weight"][tokens]
    h = h + state["position_embedding.weight"][: tokens.shape[1]]
    B, T, D = h.shape

    def norm(x, name):
        return F.layer_norm(x, (D,), state[f"{name}.weight"], state[f"{name}.bias"])

    def affine(x, name):
        return x @ state[f"{name}.weight"] + state[f"{name}.bias"]

    for i in range(config.n_layers):
        name = f"blocks.{i}"
        qkv = affine(norm(h, f"{name}.attention_norm"), f"{name}.attention.qkv")
        q, k, v = qkv.view(B, T, 3, config.n_heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = h + affine(y.transpose(1, 2).reshape(B, T, D), f"{name}.attention.output")
        inner = affine(norm(h, f"{name}.feed_forward_norm"), f"{name}.feed_forward.up")
        h = h + affine(F.gelu(inner, approximate="tanh"), f"{name}.feed_forward.down")
    return norm(h, "final_norm") @ state["token_embedding.weight"].T


@pytest.mark.parametrize(("dtype", "atol"), [("float32", 1e-5), ("float64", 1e-10)])
@pytest.mark.parametrize("seed", range(5))
def test_logits_and_gradients_agree(dtype, atol, seed):
    config = GPTConfig(31, 12, n_layers=3, n_heads=3, d_model=12)
    model, numbers = GPT(config).to(dtype), np.random.default_rng(seed)
    for p in model.parameters():
        p.assign((p.numpy() + 0.1 * numbers.standard_normal(p.shape)).astype(dtype))
    tokens, targets = numbers.integers(0, 31, (2, 2, 12))
    state = {
        name: torch.tensor(p.numpy(), requires_grad=True) for name, p in model.named_parameters()
    }
    expected = torch_logits(state, config, torch.tensor(tokens))
    torch.nn.functional.cross_entropy(
        expected.flatten(0, 1), torch.tensor(targets).flatten()
    ).backward()
    logits = model(tokens)
    mb.cross_entropy(logits, mb.tensor(targets)).backward()
    np.testing.assert_allclose(logits.numpy(), expected.detach().numpy(), rtol=0, atol=atol)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(
            p.grad.numpy(), state[name].grad.numpy(), rtol=0, atol=atol, err_msg=name
        )
