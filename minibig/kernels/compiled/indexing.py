"""The gradient of an embedding: the rows of each token are added up."""

import numpy as np

from minibig.kernels.compiled.array_types import Ids, In2, Out2
from minibig.kernels.compiled.compiling import compiled, f32


@compiled
def add_rows(rows: In2, order: Ids, starts: Ids, ids: Ids, y: Out2):
    """y[ids[i]] = Σ rows[order[j]] over j from starts[i] to starts[i + 1]; in float64."""
    D = rows.shape[1]
    for i in range(ids.size):
        total = np.zeros(D)
        for j in range(starts[i], starts[i + 1]):
            for d in range(D):
                total[d] += np.float64(rows[order[j], d])
        for d in range(D):
            y[ids[i], d] = f32(total[d])
