"""The families of published models that are read and written: a file with a table each."""

from minibig.storage.gpt2 import GPT2
from minibig.storage.weight_tables import Family

FAMILIES: dict[str, Family] = {family.model_type: family for family in (GPT2,)}
