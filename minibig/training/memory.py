"""How much memory this process holds, and how much the machine has.

psutil is imported when it is first asked: a command that trains nothing starts sooner without it.
"""


def process_memory() -> int:
    """Bytes of memory that this process occupies now.

    >>> process_memory() > 1_000_000
    True
    """
    import psutil

    return int(psutil.Process().memory_info().rss)


def machine_memory() -> tuple[int, int]:
    """Bytes of memory that the machine has, and that are free for use."""
    import psutil

    memory = psutil.virtual_memory()
    return memory.total, memory.available
