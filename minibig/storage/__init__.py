"""Files: safetensors and JSON, checkpoints, models in Hugging Face's layout. Nothing is unpickled.

Read in this order: tensor_files, checkpoints, model_folders, gpt2.
"""

from minibig.storage.checkpoints import list_checkpoints, load_checkpoint, save_checkpoint
from minibig.files.durable import StorageError
from minibig.storage.gpt2 import GPT2
from minibig.storage.model_folders import ModelFormat, has_format, load, register_model, save
from minibig.storage.tensor_files import load_tensors, metadata, save_tensors

__all__ = [
    "GPT2",
    "ModelFormat",
    "StorageError",
    "has_format",
    "list_checkpoints",
    "load",
    "load_checkpoint",
    "load_tensors",
    "metadata",
    "register_model",
    "save",
    "save_checkpoint",
    "save_tensors",
]
