"""All workloads, by name: a new file is added to the list here."""

from benchmarks.workload import Workload
from benchmarks.workloads import (
    attention,
    decoding,
    gpt_step,
    nanogpt_run,
    small_operations,
    starting,
    tokenizers,
)

_FILES = (gpt_step, attention, decoding, small_operations, tokenizers, starting, nanogpt_run)

WORKLOADS: dict[str, Workload] = {
    workload.name: workload for file in _FILES for workload in file.WORKLOADS
}
