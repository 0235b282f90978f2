"""Arrays of NumPy or CuPy (nothing else knows which), random streams, error sentences."""

from minibig.backend.devices import (
    CPU, Array, Device, Shape, device, device_of, dtype_or_device, is_array, namespace, plain,
    to_device, to_numpy,
)
from minibig.backend.dtypes import promoted, real
from minibig.backend.errors import InputError
from minibig.backend import checks as checks
from minibig.backend.random import (
    DropoutKey, dropout_from, dropout_key, dropout_state, generator, keep_mask, keep_threshold,
    manual_seed, random_state, set_random_state, stream, training_step,
)
from minibig.backend.sums import total
