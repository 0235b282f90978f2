"""Files: safetensors and JSON, checkpoints, models in folders. Nothing is unpickled.

Read in this order: tensor_files, checkpoints, weight_tables, gpt2, families, descriptions,
native, model_folders.
"""

from typing import TYPE_CHECKING

from minibig.contents import contents as _contents

if TYPE_CHECKING:  # each name comes from its module when it is first asked for
    from minibig.files import StorageError
    from minibig.storage.checkpoints import list_checkpoints, load_checkpoint, save_checkpoint
    from minibig.storage.families import FAMILIES
    from minibig.storage.gpt2 import GPT2
    from minibig.storage.model_folders import find_model, load, save
    from minibig.storage.tensor_files import load_tensors, metadata, save_tensors
    from minibig.storage.weight_tables import (
        JOINED,
        JOINED_TRANSPOSED,
        SAME,
        TRANSPOSED,
        ConfigTable,
        Family,
        Transform,
        Weight,
    )
else:
    __getattr__ = _contents(__name__, __file__)

__all__ = [
    "FAMILIES",
    "GPT2",
    "JOINED",
    "JOINED_TRANSPOSED",
    "SAME",
    "TRANSPOSED",
    "ConfigTable",
    "Family",
    "StorageError",
    "Transform",
    "Weight",
    "find_model",
    "list_checkpoints",
    "load",
    "load_checkpoint",
    "load_tensors",
    "metadata",
    "save",
    "save_checkpoint",
    "save_tensors",
]
