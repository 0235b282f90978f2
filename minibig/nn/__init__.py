"""Layers: parameters, the modules that hold them, and everything a Transformer is made of.

Read in this order: placeholders, parameter, loading, other_names, plain_collections, module,
containers, modes, capturing, replacing, shapes, initializers, linear, embedding, dropout,
normalization, activations, positions, cache, attention, transformer.
"""

from typing import TYPE_CHECKING

from minibig.other_names import hints as _hints
from minibig.nn.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    Activation,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Tanh,
    activation,
)
from minibig.nn.attention import CrossAttention, MultiHeadAttention
from minibig.nn.capturing import captured
from minibig.nn.containers import ModuleList, Sequential
from minibig.nn.dropout import Dropout
from minibig.nn.embedding import Embedding
from minibig.nn.initializers import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    normal_weights,
    uniform_weights,
)
from minibig.nn.cache import Cache, KeyValueCache, LayerState
from minibig.nn.linear import Linear
from minibig.nn.modes import evaluating
from minibig.nn.module import Module
from minibig.nn.normalization import LayerNorm, RMSNorm
from minibig.nn.other_names import WAYS as _WAYS
from minibig.nn.parameter import Parameter
from minibig.nn.placeholders import without_values
from minibig.nn.positions import LearnedPositions, Positions, RotaryPositions, SinusoidalPositions
from minibig.nn.replacing import freeze, replace, replace_all, unfreeze
from minibig.nn.transformer import FeedForward, PostNormBlock, PreNormBlock

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "Activation",
    "Cache",
    "CrossAttention",
    "Dropout",
    "Embedding",
    "FeedForward",
    "KeyValueCache",
    "LayerNorm",
    "LayerState",
    "LeakyReLU",
    "LearnedPositions",
    "Linear",
    "Module",
    "ModuleList",
    "MultiHeadAttention",
    "Parameter",
    "Positions",
    "PostNormBlock",
    "PreNormBlock",
    "RMSNorm",
    "ReLU",
    "RotaryPositions",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SinusoidalPositions",
    "Tanh",
    "activation",
    "captured",
    "evaluating",
    "freeze",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "normal_weights",
    "replace",
    "replace_all",
    "unfreeze",
    "uniform_weights",
    "without_values",
]

if not TYPE_CHECKING:  # a type checker knows what there is
    __getattr__ = _hints(__name__, __all__, _WAYS, near="nn.")
