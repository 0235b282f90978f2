"""Work in blocks, on all cores.

NumPy lets go of the interpreter lock inside its loops and products, so the blocks of one operation
run on a small thread pool. A block is sized to stay in a core's cache, so that a chain of
element-wise steps costs little more than one pass over memory. Blocks depend on shapes only, never
on the number of threads, and inside them the BLAS library runs on one thread: so the bits of a
result do not depend on how many cores there are, and two levels of threads do not fight.
"""

import ctypes
import functools
import glob
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
    """Threads that wait for work: 28 µs for two empty blocks, where an executor took 84 µs."""

    def __init__(self, n: int):
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        for i in range(n):
            threading.Thread(target=self._serve, name=f"minibig-{i}", daemon=True).start()

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
def _blas() -> Any:
    """The BLAS library inside NumPy's wheel, if it is OpenBLAS; its threads can be set."""
    folder = os.path.dirname(np.__file__)
    for path in glob.glob(os.path.join(folder, "..", "numpy.libs", "*openblas*")) + glob.glob(
        os.path.join(folder, ".dylibs", "*openblas*")
    ):
        library = ctypes.CDLL(path)
        for suffix in ("64_", ""):
            setter = getattr(library, f"scipy_openblas_set_num_threads{suffix}", None)
            if setter is not None:
                return setter, getattr(library, f"scipy_openblas_get_num_threads{suffix}")
    return None


class _Regions:
    """How many parallel regions are under way; BLAS is back to its own threads when none is."""

    lock = threading.Lock()
    active = 0
    before = 1


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it, a matrix product runs on the thread that calls it."""
    blas = _blas()
    if blas is None:
        yield
        return
    set_threads, get_threads = blas
    with _Regions.lock:
        if _Regions.active == 0:
            _Regions.before = get_threads()
            set_threads(1)
        _Regions.active += 1
    try:
        yield
    finally:
        with _Regions.lock:
            _Regions.active -= 1
            if _Regions.active == 0:
                set_threads(_Regions.before)


Task: TypeAlias = Callable[[], object]


def blocks(function: Callable[[int, int], object], n: int, size: int) -> list[Task]:
    """function(start, stop) for every block of `size` of the numbers below n, as tasks for `run`.

    >>> for task in blocks(print, 10, 4):
    ...     task()
    0 4
    4 8
    8 10
    """
    return [partial(function, start, min(start + size, n)) for start in range(0, n, size)]


def run(tasks: Sequence[Task]) -> None:
    """Call every task, on all cores; a region has its price, so give all that can run at once.

    >>> seen = []
    >>> run([lambda: seen.append(1), lambda: seen.append(2)])
    >>> sorted(seen)
    [1, 2]
    """
    keep_memory()
    helpers = min(threads(), len(tasks)) - 1
    waiting = iter(tasks)  # shared by the threads: each takes the next task
    done: SimpleQueue[BaseException | None] = SimpleQueue()

    def help() -> None:
        for task in waiting:
            try:
                task()
                done.put(None)
            except BaseException as error:
                done.put(error)

    with one_blas_thread():
        for _ in range(helpers):
            _helpers(os.getpid()).jobs.put(help)
        own = 0
        error: BaseException | None = None
        for task in waiting:
            own += 1
            try:
                task()
            except BaseException as raised:
                error = raised
        _spin_until(done, len(tasks) - own)
        for _ in range(len(tasks) - own):  # what helpers took: one that came late has nothing
            error = done.get() or error
    if error is not None:
        raise error


def _spin_until(done: "SimpleQueue[Any]", n: int, seconds: float = 5e-4) -> None:
    """Stay awake for a moment: a thread that is put to sleep wakes up some 50 µs too late."""
    end = time.perf_counter() + seconds
    while done.qsize() < n and time.perf_counter() < end:
        time.sleep(0)


def for_blocks(function: Callable[[int, int], object], n: int, size: int) -> None:
    """Call function(start, stop) for every block of `size` of the numbers below n, on all cores.

    >>> seen = np.zeros(10)
    >>> for_blocks(lambda start, stop: seen[start:stop].fill(stop - start), 10, 4)
    >>> seen
    array([4., 4., 4., 4., 4., 4., 4., 4., 2., 2.])
    """
    run(blocks(function, n, size))


def rows_of(n: int, width: int, size: int = BLOCK) -> int:
    """How many rows of `width` numbers make a block, at least 1."""
    return max(1, min(n, size // max(1, width)))


def is_plain(*arrays: Array | None) -> bool:
    """Whether a kernel takes these arrays: all given ones float32, or all float64."""
    dtypes = {a.dtype for a in arrays if a is not None}
    return len(dtypes) == 1 and dtypes.pop() in (np.float32, np.float64)
