"""What was measured, as text for a terminal of 80 columns and as the table of the README."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.results import Ratio, Result, SideResult
from benchmarks.workload import OURS, WITHOUT_NUMBA
from minibig.backend import InputError
from minibig.files import MAX_JSON_BYTES, read_text, write_text
from minibig.text_layout import columns_of, padded, wrapped

WIDTH = 79
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


_COLUMNS = (
    "All are medians over processes that alternate. Ratio: minibig's time in multiples of the "
    "other's in the same round, and from where to where it went. Memory: the peak beyond the "
    "imports, minibig's and the other's. Limit: the share of minibig's time that what cannot be "
    "spared takes alone, in the same process: the matrix products of a step, or reading the "
    "weights once for each token."
)


def duration(seconds: float) -> str:
    """A time in three digits and a unit that suits it.

    >>> duration(0.0454), duration(1.1046), duration(7.34e-6), duration(115.2)
    ('45.4 ms', '1.10 s', '7.34 µs', '115 s')
    """
    unit, scale = next(
        (unit, scale) for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9))
        if seconds * scale >= 0.9995 or unit == "ns"
    )  # fmt: skip
    return f"{digits(seconds * scale)} {unit}"


def digits(value: float) -> str:
    """A number with three digits, or with all that stand before its point."""
    places = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:,.{places}f}"


def megabytes(n_bytes: float) -> str:
    """Bytes as megabytes."""
    return f"{digits(n_bytes / 1e6)} MB"


def time_or_speed(result: Result, side: SideResult) -> str:
    """The median of a side: the time of one thing, or how many are done in a second."""
    seconds, amount = side.median("seconds"), side.median("amount")
    return (
        f"{digits(amount / seconds)} {result.unit}/s" if result.unit else duration(seconds / amount)
    )


def spread(ratio: Ratio) -> str:
    """A ratio with its lowest and its highest value."""
    return f"{ratio.median:.2f} ({ratio.lowest:.2f} to {ratio.highest:.2f})"


HEADER = f"{'':24}{'median':>14}{'minibig takes':>21}{'peak memory':>13}"


def section(result: Result) -> str:
    """A workload: what it is, and a line for each side.

    "minibig takes 0.85" stands with a peer if minibig's time is 0.85 times that of the peer.
    """
    lines = [wrapped(f"{result.name}: {result.what}", WIDTH)]
    for name, side in result.sides.items():
        if side.rounds:
            ratio = None if name == OURS else result.ratio(name)
            line = f"  {padded(name, 22)}{_right(time_or_speed(result, side), 14)}"
            line += _right(spread(ratio) if ratio else "", 21)
            lines.append((line + _right(megabytes(side.median("memory")), 13)).rstrip())
        if side.error:
            said = wrapped(side.error, WIDTH - 24).split("\n")
            lines += [f"  {padded(name if not i else '', 22)}{line}" for i, line in enumerate(said)]
    share = result.share_of_limit(OURS) if OURS in result.sides else None
    if share is not None:
        lines.append(f"  {share:.0%} of minibig's time is the limit: {result.limit}")
    return "\n".join(lines)


def _right(text: str, width: int) -> str:
    return " " * (width - columns_of(text)) + text


def markdown(machine: dict[str, str], results: Sequence[Result]) -> str:
    """The table of the README: a row for each workload."""
    head = ["what", "minibig", "without Numba", "the other", "ratio", "memory", "limit"]
    rows = [head, ["---", *["--:"] * (len(head) - 1)], *map(_row, results)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    return f"{wrapped(f'{described(machine)} {_COLUMNS}', 104)}\n\n{table}"


def described(machine: dict[str, str]) -> str:
    """The machine, the versions, and what the columns mean.

    >>> described({"processor": "A", "cores": "2", "threads": "2", "system": "B", "NumPy": "2.4"})
    'A, 2 cores, threads: 2, B; NumPy 2.4.'
    """
    facts = dict(machine)
    where = [facts.pop("processor", ""), f"{facts.pop('cores', '?')} cores"]
    where += [f"threads: {facts.pop('threads', '?')}", facts.pop("system", "")]
    versions = ", ".join(f"{name} {version}" for name, version in facts.items())
    return f"{', '.join(where)}; {versions}."


def _row(result: Result) -> list[str]:
    sides = {name: side for name, side in result.sides.items() if side.rounds}
    peers = [name for name in sides if name not in (OURS, WITHOUT_NUMBA)]
    shown = {name: time_or_speed(result, side) for name, side in sides.items()}
    memory = [
        digits(sides[name].median("memory") / 1e6) for name in (OURS, *peers) if name in sides
    ]
    share = result.share_of_limit(OURS) if OURS in sides else None
    return [
        result.what,
        shown.get(OURS, ""),
        shown.get(WITHOUT_NUMBA, ""),
        "; ".join(f"{shown[name]} ({name})" for name in peers),
        "; ".join(spread(ratio) for name in peers if (ratio := result.ratio(name))),
        f"{' / '.join(memory)} MB",
        "" if share is None else f"{share:.0%}",
    ]


def put_into(path: Path, text: str) -> None:
    """Replace what stands between the two markers in a file."""
    document = read_text(path, MAX_JSON_BYTES)
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(
            f"{path} must have the lines {BEGIN} and {END}. Add them where it belongs."
        )
    write_text(path, f"{before}{begin}\n{text}\n{end}{after}")
