"""Benchmarks: minibig side by side with what you would use instead.

    python -m benchmarks list             what there is
    python -m benchmarks step-small       one workload; `step` means all that begin with "step-"
    python -m benchmarks                  all of them, but for those that take long
    python -m benchmarks where step-small where its time goes, by operation
    python -m benchmarks --help           options: rounds, threads, JSON, a picture

A workload is something to do, and the sides that do it. Each side runs in a fresh process of its
own, one after the other in alternating order, a few rounds long; what counts is the ratio of their
times in the same round, for whatever slows the machine down slows both. Beside the time stand the
peak memory, and the limit: the time of what cannot be spared, such as the matrix products alone,
measured in the same process.

**How to add one.** A file in `workloads/`, which `workloads/__init__.py` lists:

    def minibig_sorts(n):                        # gets everything ready, in the fresh process
        import minibig as mb
        x = mb.normal((n,))
        return lambda: mb.sort(x)                # what is timed

    def numpy_sorts(n):
        import numpy as np
        x = np.random.default_rng(0).standard_normal(n, np.float32)
        return lambda: np.sort(x)

    WORKLOADS = [
        Workload(
            name="sort",
            what="a million numbers, sorted",
            sides={**minibig(minibig_sorts), "NumPy": Side(numpy_sorts, needs=("numpy",))},
            sizes={"n": 1_000_000},              # what every side is called with
            quick={"n": 100},                    # the same for a trial, as in the tests
        )
    ]

Read in this order: workload (what it is), limits, process (what happens in a fresh process), rounds
(alternation), results (statistics, JSON), tables, picture, where.
"""
