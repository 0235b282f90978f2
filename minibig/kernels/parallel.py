"""Work in blocks, on all cores.

NumPy lets go of the interpreter lock inside its loops and products, so the blocks of one operation
run on a small thread pool. A block is sized to stay in a core's cache, so that a chain of
element-wise steps costs little more than one pass over memory. Blocks depend on shapes only, never
on the number of threads, and inside them the BLAS library runs on one thread: so the bits of a
result do not depend on how many cores there are, and two levels of threads do not fight.
"""

import ctypes
import functools
import itertools
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeAlias

import numpy as np

from minibig.backend import Array

BLOCK = 1 << 16  # numbers in a block: 256 KiB of float32; smaller ones cost more in Python


@functools.cache
def threads() -> int:
    """How many threads kernels use: MINIBIG_THREADS, or the cores that this process may use."""
    wanted = os.environ.get("MINIBIG_THREADS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class _Helpers:
    """Threads that wait for work: 28 µs for two empty blocks, where an executor took 84 µs.

    Where the system gives no more threads there are fewer than `n`, or none: then the calling
    thread does all the work, and the bits are the same.
    """

    def __init__(self, n: int):
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.count = 0
        try:
            for i in range(n):
                threading.Thread(target=self._serve, name=f"minibig-{i}", daemon=True).start()
                self.count += 1
        except RuntimeError:  # "can't start new thread"
            return

    def _serve(self) -> None:
        while True:
            self.jobs.get()()


@functools.cache
def _helpers(process: int) -> _Helpers:
    """The helper threads of this process; a forked child has to start its own."""
    return _Helpers(threads() - 1)


@functools.cache
def keep_memory() -> None:
    """Let the C library keep freed memory for the next array; called when blocks first run.

    Memory that goes back to the system after every step comes again page by page: in a training
    step of a small GPT that was 15 % of the processor time. Only glibc has these settings.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
    mallopt(M_MMAP_THRESHOLD, 1 << 30)
    mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


@functools.cache
def blas_threads() -> list[tuple[Callable[[], int], Callable[[int], object]]]:
    """For each BLAS library of this process: what reads, and what sets, its number of threads.

    Of OpenBLAS they are the functions of the library: threadpoolctl's own would be 3 µs slower, and
    would let nobody but the first of Python's threads set the number.
    """
    from threadpoolctl import ThreadpoolController  # 4 ms of an import that shall be short

    found = []
    for library in ThreadpoolController().select(user_api="blas").lib_controllers:
        pair = library.get_num_threads, library.set_num_threads
        for prefix, suffix in itertools.product(("", "scipy_"), ("", "64_", "_64")):
            name = f"{prefix}openblas_{{}}_num_threads{suffix}"
            if hasattr(library.dynlib, name.format("set")):
                pair = tuple(
                    [getattr(library.dynlib, name.format(verb)) for verb in ("get", "set")]
                )
        found.append(pair)
    return found


class _Regions:
    """The parallel regions under way, and the numbers of BLAS threads from before they began.

    Nothing is counted up and down: `adjust` sets what has to be while there are regions, or while
    there are none. So what an exception at a wrong moment (Ctrl-C) left undone, the next call does.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.active: dict[object, int] = {}  # region -> the thread that entered it
        self.before: list[int] | None = None

    def adjust(self) -> None:
        """Let BLAS have one thread if there is a region, else as many as before."""
        with self.lock:
            if self.active:
                if self.before is None:
                    self.before = [get() for get, _ in blas_threads()]
                for _, set_number in blas_threads():
                    set_number(1)
            elif self.before is not None:
                for (_, set_number), number in zip(blas_threads(), self.before, strict=True):
                    set_number(number)
                self.before = None

    def after_fork(self) -> None:
        """In a forked child only the thread that forked goes on: forget the regions of others."""
        self.lock = threading.Lock()
        here = threading.get_ident()
        for region in [region for region, thread in self.active.items() if thread != here]:
            del self.active[region]
        self.adjust()


_regions = _Regions()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_regions.after_fork)


def on_one_blas_thread(task: Callable[[], Any]) -> Any:
    """What the task returns; meanwhile a matrix product runs on the thread that calls it.

    >>> on_one_blas_thread(lambda: float(np.ones((2, 2)).sum()))
    4.0
    """
    region, active = object(), _regions.active
    try:
        active[region] = threading.get_ident()
        _regions.adjust()
        return task()
    finally:
        try:
            active.pop(region, None)  # first: Python answers Ctrl-C after this call, not before it
            _regions.adjust()
        finally:
            if _regions.before is not None:  # that was interrupted, or others are at work
                _regions.adjust()


Task: TypeAlias = Callable[[], object]


def blocks(function: Callable[[int, int], object], n: int, size: int) -> list[Task]:
    """function(start, stop) for every block of `size` of the numbers below n, for `run_tasks`.

    >>> for task in blocks(print, 10, 4):
    ...     task()
    0 4
    4 8
    8 10
    """
    return [partial(function, start, min(start + size, n)) for start in range(0, n, size)]


def run_tasks(tasks: Sequence[Task]) -> None:
    """Call every task, on all cores; a region has its price, so give all that can run at once.

    >>> seen = []
    >>> run_tasks([lambda: seen.append(1), lambda: seen.append(2)])
    >>> sorted(seen)
    [1, 2]
    """
    keep_memory()
    on_one_blas_thread(partial(_shared, tasks))


def _shared(tasks: Sequence[Task]) -> None:
    """Call every task, each on the thread that takes it first."""
    helpers = _helpers(os.getpid()) if min(threads(), len(tasks)) > 1 else None
    waiting = iter(tasks)  # shared by the threads: each takes the next task
    done: SimpleQueue[BaseException | None] = SimpleQueue()

    def help() -> None:
        for task in waiting:
            try:
                task()
                done.put(None)
            except BaseException as error:
                done.put(error)

    if helpers is not None:
        for _ in range(min(helpers.count, len(tasks) - 1)):
            helpers.jobs.put(help)
    own = 0
    error: BaseException | None = None
    for task in waiting:
        own += 1
        try:
            task()
        except BaseException as raised:
            error = raised
    for _ in range(len(tasks) - own):  # what helpers took: one that came late has nothing
        error = done.get() or error
    if error is not None:
        raise error


def for_blocks(function: Callable[[int, int], object], n: int, size: int) -> None:
    """Call function(start, stop) for every block of `size` of the numbers below n, on all cores.

    >>> seen = np.zeros(10)
    >>> for_blocks(lambda start, stop: seen[start:stop].fill(stop - start), 10, 4)
    >>> seen
    array([4., 4., 4., 4., 4., 4., 4., 4., 2., 2.])
    """
    run_tasks(blocks(function, n, size))


def rows_of(n: int, width: int, size: int = BLOCK) -> int:
    """How many of n rows of `width` numbers make a block of `size` numbers at most; at least 1.

    >>> rows_of(1000, 100, 30_000)  # four equal blocks, not three of 300 and a small one
    250
    """
    most = max(1, size // max(1, width))
    return max(1, -(-n // max(1, -(-n // most))))


def as_rows(x: Array) -> Array:
    """x as contiguous rows: (..., D) -> (N, D)."""
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


def is_plain(*arrays: Array | None) -> bool:
    """Whether a kernel takes these arrays: all given ones float32, or all float64."""
    dtypes = {a.dtype for a in arrays if a is not None}
    return len(dtypes) == 1 and dtypes.pop() in (np.float32, np.float64)
