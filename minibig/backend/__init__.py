"""Arrays of NumPy or CuPy (nothing else knows which), random streams, error sentences."""

from minibig.backend.devices import (
    CPU, Array, Device, Shape, device, device_of, is_array, namespace, to_device, to_numpy,
)
from minibig.backend.errors import InputError
from minibig.backend import checks as checks
from minibig.backend.random import (
    DropoutKey, at, dropout_key, generator, keep_mask, keep_threshold, manual_seed, moment,
    random_state, set_random_state, stream, training_step,
)
from minibig.backend.settings import Settings, group, required, setting
