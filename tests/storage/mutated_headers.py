"""Real headers of safetensors files, damaged at random: each is opened exactly or refused.

    python mutated_headers.py 100000

The process allows itself a gigabyte of address space and counts the seconds of each file, so that
an exception of another kind, a hang and an allocation without bound all end it.
"""

import json
import os
import random
import re
import resource
import struct
import sys
import time

import numpy as np

from minibig.storage import StorageError, load_tensors, metadata

EVIL = [
    "-1", "0", "1", "2", "7", "8", "4294967296", "9223372036854775807", "18446744073709551616",
    "1e9", "1.0", "NaN", "true", "null", '""', "[]", "{}", "9" * 70, "00", "-0",
]  # fmt: skip
WORDS = ['"F32"', '"BF16"', '"F64"', '"U8"', '"BOOL"', '"F8_E4M3"', '"shape"', '"dtype"']
STRUCTURE = b'{}[],:"\\\\u0000 \n\xff\x00'
MEMORY = 1 << 30


def seeds():
    """Files such as models have: names, dtypes and shapes of several kinds."""
    rng = np.random.default_rng(0)
    kinds = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U8": "u1", "BOOL": "?", "BF16": "<u2"}
    for n_tensors in (1, 3, 12):
        header, data = {"__metadata__": {"format": "pt"}}, b""
        for i in range(n_tensors):
            kind = list(kinds)[i % len(kinds)]
            shape = tuple(int(n) for n in rng.integers(0, 4, i % 4))
            array = rng.integers(0, 2, shape).astype(kinds[kind])
            end = len(data) + array.nbytes
            entry = {"dtype": kind, "shape": list(shape), "data_offsets": [len(data), end]}
            header[f"h.{i}.weight"], data = entry, data + array.tobytes()
        yield json.dumps(header).encode(), data


def mutated(header, chance):
    """The header with one to four things changed."""
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        header = chance.choice([flipped, cut, doubled, moved, renumbered, reworded])(header, chance)
    return header


def flipped(header, chance):
    """Another byte, or a character that structures JSON."""
    if not header:
        return header
    i = chance.randrange(len(header))
    byte = chance.choice([header[i] ^ 1 << chance.randrange(8), chance.choice(STRUCTURE)])
    return header[:i] + bytes([byte]) + header[i + 1 :]


def _span(header, chance):
    start = chance.randrange(len(header) + 1)
    return start, min(len(header), start + chance.choice([1, 2, 8, 40]))


def cut(header, chance):
    """Without a span."""
    start, stop = _span(header, chance)
    return header[:start] + header[stop:]


def doubled(header, chance):
    """With a span a few times, or very often."""
    start, stop = _span(header, chance)
    return header[:start] + header[start:stop] * chance.choice([2, 2, 3, 5000]) + header[stop:]


def moved(header, chance):
    """With a span somewhere else."""
    start, stop = _span(header, chance)
    rest = header[:start] + header[stop:]
    i = chance.randrange(len(rest) + 1)
    return rest[:i] + header[start:stop] + rest[i:]


def _replaced(pattern, words, header, chance):
    found = list(re.finditer(pattern, header))
    if not found:
        return header
    match = chance.choice(found)
    return header[: match.start()] + chance.choice(words).encode() + header[match.end() :]


def renumbered(header, chance):
    """With another number."""
    return _replaced(rb"\d+", EVIL, header, chance)


def reworded(header, chance):
    """With another text: a dtype, a field, a value of another kind."""
    return _replaced(rb'"[^"]*"', WORDS + EVIL, header, chance)


def mutant(header, data, chance):
    """A file: mostly the length is right, sometimes it is not."""
    header = mutated(header, chance)
    length = len(header)
    if chance.random() < 0.05:
        length = chance.choice([0, length - 1, length + 1, length ^ 1 << chance.randrange(64)])
    return struct.pack("<Q", length % 2**64) + header + data


def check(path, content):
    """Raise unless what is opened holds every byte once; BF16 is widened by 16 bits of zero."""
    arrays, words = load_tensors(path), metadata(path)
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    sizes = {name: entry["data_offsets"] for name, entry in header.items()}
    assert arrays.keys() == sizes.keys() and all(isinstance(v, str) for v in words.values())
    for name, array in arrays.items():
        start, stop = sizes[name]
        kept = content[8 + length + start : 8 + length + stop]
        if header[name]["dtype"] == "BF16":
            assert array.dtype == np.float32
            array = (array.view(np.uint32) >> 16).astype(np.uint16)
        assert array.tobytes() == kept and list(array.shape) == header[name]["shape"]
    assert sum(stop - start for start, stop in sizes.values()) == len(content) - 8 - length


def peak_memory():
    """The most memory that this process has held, in MB."""
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read())[1]) / 1000


def main(count):
    """Try `count` mutants; prints how many were refused and how many opened."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    chance, originals = random.Random(0), list(seeds())
    file = os.memfd_create("mutant")
    path = f"/proc/self/fd/{file}"
    refused = opened = 0
    slowest = 0.0
    for _ in range(count):
        content = mutant(*chance.choice(originals), chance)
        os.ftruncate(file, 0)
        os.pwrite(file, content, 0)
        began = time.process_time()
        try:
            check(path, content)
            opened += 1
        except StorageError:
            refused += 1
        seconds = time.process_time() - began
        slowest = max(slowest, seconds)
        if seconds > 1:
            raise SystemExit(f"{seconds:.1f} s for {content[:200]!r}")
    peak = peak_memory()
    print(f"mutated headers: {refused} refused, {opened} opened exactly, none of {count} otherwise")
    print(f"  the slowest took {1000 * slowest:.0f} ms, the process {peak:.0f} MB at most")
    if peak > 200:
        raise SystemExit("more than 200 MB were used")


if __name__ == "__main__":
    main(int(sys.argv[1]))
