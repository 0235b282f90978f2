"""The same ids as the tokenizers that the world uses, where they are installed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_byte_level_bpe import HARD, REPETITIVE

from minibig.tokenizers import ByteLevelBPE
