"""The layers against PyTorch's, with the same weights, where PyTorch is installed."""

import numpy as np
import pytest

import minibig as mb
from minibig.nn import (
    CrossAttention,
    FeedForward,
    LayerNorm,
    MultiHeadAttention,
    PostNormBlock,
    PreNormBlock,
)

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")

B, T, S, D, H, F = 2, 7, 4, 12, 3, 20


def random(*shape):
    return np.random.default_rng(shape).standard_normal(shape)


def into(parameter, tensor):
    """PyTorch stores (out, in)."""
    parameter.assign(np.ascontiguousarray(tensor.detach().numpy().T))


def copy_attention(ours, theirs):
    into(ours.qkv.weight, theirs.in_proj_weight)
    into(ours.qkv.bias, theirs.in_proj_bias)
    into(ours.output.weight, theirs.out_proj.weight)
    into(ours.output.bias, theirs.out_proj.bias)


def torch_attention():
    torch.manual_seed(0)
    theirs = torch.nn.MultiheadAttention(D, H, batch_first=True, dtype=torch.float64)
    torch.nn.init.normal_(theirs.in_proj_bias)
    return theirs


@pytest.mark.parametrize("causal", [False, True])
def test_self_attention_agrees_forward_and_backward(causal):
    theirs, ours = torch_attention(), MultiHeadAttention(D, H, causal=causal).to("float64")
    copy_attention(ours, theirs)
    x, g = random(B, T, D), random(B, T, D + 1)[..., :D]
    mask = torch.full((T, T), -torch.inf, dtype=torch.float64).triu(1) if causal else None
    their_x = torch.tensor(x, requires_grad=True)
    y, weights = theirs(their_x, their_x, their_x, attn_mask=mask, average_attn_weights=False)
    y.backward(torch.tensor(g))
    our_x = mb.tensor(x, requires_grad=True)
    our_y, our_weights = ours(our_x), ours.weights(our_x)
    our_y.backward(mb.tensor(g))
    np.testing.assert_allclose(our_y.numpy(), y.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(our_weights.numpy(), weights.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(our_x.grad.numpy(), their_x.grad.numpy(), atol=1e-10)
    their_gradient = theirs.in_proj_weight.grad.numpy().T
    np.testing.assert_allclose(ours.qkv.weight.grad.numpy(), their_gradient, atol=1e-10)


def test_cross_attention_agrees():
    theirs, ours = torch_attention(), CrossAttention(D, H).to("float64")
    into(ours.q.weight, theirs.in_proj_weight[:D])
    into(ours.q.bias, theirs.in_proj_bias[:D])
    into(ours.kv.weight, theirs.in_proj_weight[D:])
    into(ours.kv.bias, theirs.in_proj_bias[D:])
    into(ours.output.weight, theirs.out_proj.weight)
    into(ours.output.bias, theirs.out_proj.bias)
    x, memory = random(B, T, D), random(B, S, D)
    y, _ = theirs(torch.tensor(x), torch.tensor(memory), torch.tensor(memory))
    our_y = ours(mb.tensor(x), mb.tensor(memory))
    np.testing.assert_allclose(our_y.numpy(), y.detach().numpy(), atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("block", [PreNormBlock, PostNormBlock])
def test_a_block_agrees_forward_and_backward(block, seed):
    torch.manual_seed(seed)
    theirs = torch.nn.TransformerEncoderLayer(
        D, H, F, 0.0, "relu", batch_first=True, norm_first=block is PreNormBlock
    ).double()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    ours = block(MultiHeadAttention(D, H), FeedForward(D, F, mb.relu)).to("float64")
    copy_attention(ours.attention, theirs.self_attn)
    pairs = [
        (ours.feed_forward.up, theirs.linear1),
        (ours.feed_forward.down, theirs.linear2),
        (ours.attention_norm, theirs.norm1),
        (ours.feed_forward_norm, theirs.norm2),
    ]
    for mine, other in pairs:
        into(mine.weight, other.weight)
        into(mine.bias, other.bias)
    x, g = random(B, T, D), random(B, T, D + 2)[..., :D]
    their_x, our_x = torch.tensor(x, requires_grad=True), mb.tensor(x, requires_grad=True)
    y, our_y = theirs(their_x), ours(our_x)
    y.backward(torch.tensor(g))
    our_y.backward(mb.tensor(g))
    np.testing.assert_allclose(our_y.numpy(), y.detach().numpy(), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(our_x.grad.numpy(), their_x.grad.numpy(), rtol=1e-7, atol=1e-7)
    for mine, other in pairs:
        expected = other.weight.grad.numpy().T
        np.testing.assert_allclose(mine.weight.grad.numpy(), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_layer_norm_agrees_in_float32(seed):
    torch.manual_seed(seed)
    theirs, ours = torch.nn.LayerNorm(D), LayerNorm(D)
    x = torch.randn(B, T, D)
    np.testing.assert_allclose(
        ours(mb.tensor(x.numpy())).numpy(), theirs(x).detach().numpy(), rtol=1.3e-6, atol=1e-5
    )
