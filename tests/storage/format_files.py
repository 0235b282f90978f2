"""Safetensors files by the rules of the format, byte for byte, without minibig: each of the hostile
ones breaks one rule, and each of the odd ones keeps all of them in an unusual way.
"""

import json
import struct

import numpy as np

ONES = struct.pack("<2f", 1.0, 1.0)


def raw(header, data=b""):
    """A file with this header, whatever it is."""
    header = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(header)) + header + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


def file(data=ONES, **entries):
    return raw(json.dumps(entries), data)


def text(field, value, data=ONES):
    """A file with one tensor, one field of which is this JSON text."""
    fields = {"dtype": '"F32"', "shape": "[2]", "data_offsets": "[0, 8]", field: value}
    inner = ", ".join(f'"{key}": {value}' for key, value in fields.items())
    return raw(f'{{"w": {{{inner}}}}}', data)


_BY_LIBRARY = "is not a usable safetensors file: "  # the reason is in the library's words

GOOD = file(w=entry())
HEADER = GOOD[8:-8].decode()

# name of the broken rule -> (file, what the refusal says)
HOSTILE = {
    "an empty file": (b"", _BY_LIBRARY),
    "a file of seven bytes": (GOOD[:7], _BY_LIBRARY),
    "only a length": (struct.pack("<Q", 2), _BY_LIBRARY),
    "a length beyond the end": (struct.pack("<Q", len(GOOD)) + GOOD[8:], _BY_LIBRARY),
    "a length one too long": (struct.pack("<Q", len(GOOD) - 7) + GOOD[8:], _BY_LIBRARY),
    "a length over 10 MB": (struct.pack("<Q", 10_000_001) + GOOD[8:], "more than 10,000,000"),
    "a length of 2^63": (struct.pack("<Q", 2**63) + GOOD[8:], "more than 10,000,000"),
    "a length of 2^64 - 1": (b"\xff" * 8 + GOOD[8:], "more than 10,000,000"),
    "a big-endian length": (struct.pack(">Q", len(HEADER)) + GOOD[8:], "more than 10,000,000"),
    "no header": (raw(b"", ONES), _BY_LIBRARY),
    "a truncated header": (raw(HEADER[:-3], ONES), _BY_LIBRARY),
    "a header cut in a text": (raw('{"w', ONES), _BY_LIBRARY),
    "a header of zeros": (raw(b"\0" * 16, ONES), _BY_LIBRARY),
    "two headers": (raw(HEADER + HEADER, ONES), _BY_LIBRARY),
    "text after the header": (raw(HEADER + "x", ONES), _BY_LIBRARY),
    "zeros after the header": (raw(HEADER + "\0", ONES), _BY_LIBRARY),
    "a trailing comma": (raw(HEADER[:-1] + ",}", ONES), _BY_LIBRARY),
    "a comment": (raw("/* */" + HEADER, ONES), _BY_LIBRARY),
    "single quotes": (raw(HEADER.replace('"', "'"), ONES), _BY_LIBRARY),
    "a header that is a list": (raw(f"[{HEADER}]", ONES), _BY_LIBRARY),
    "a header that is a text": (raw('"w"', ONES), _BY_LIBRARY),
    "a header that is a number": (raw("1", ONES), _BY_LIBRARY),
    "a header that is null": (raw("null", ONES), _BY_LIBRARY),
    "a header in Latin-1": (raw('{"é": {}}'.encode("latin-1")), _BY_LIBRARY),
    "a header in UTF-16": (raw(HEADER.encode("utf-16"), ONES), _BY_LIBRARY),
    "a byte order mark": (raw(b"\xef\xbb\xbf" + HEADER.encode(), ONES), _BY_LIBRARY),
    "overlong UTF-8": (raw(b'{"\xc0\xaf": {}}'), _BY_LIBRARY),
    "a control character in a name": (raw('{"a\nb": {}}'), _BY_LIBRARY),
    "half a surrogate pair in a name": (file(**{"\ud800": entry()}), _BY_LIBRARY),
    "half a surrogate pair in the metadata": (
        file(w=entry(), __metadata__={"a": "\udfff"}),
        _BY_LIBRARY,
    ),
    "a surrogate as raw UTF-8": (raw(b'{"\xed\xa0\x80": {}}'), _BY_LIBRARY),
    "100,000 nested lists": (raw("[" * 100_000), _BY_LIBRARY),
    "100,000 nested lists as a shape": (text("shape", "[" * 100_000 + "]" * 100_000), _BY_LIBRARY),
    "100,000 nested objects": (raw('{"a":' * 100_000), _BY_LIBRARY),
    "a name that comes twice": (raw(HEADER[:-1] + ", " + HEADER[1:], ONES), "'w' comes twice"),
    "a name twice with other bytes": (
        raw(HEADER[:-1] + ', "w": {"dtype": "F32", "shape": [0], "data_offsets": [8, 8]}}', ONES),
        _BY_LIBRARY,
    ),
    "a name twice, once escaped": (
        raw(HEADER[:-1] + ', "\\u0077": ' + json.dumps(entry()) + "}", ONES),
        "'w' comes twice",
    ),
    "a field that comes twice": (text("shape", '[2], "shape": [2]'), _BY_LIBRARY),
    "metadata that comes twice": (raw('{"__metadata__": {}, "__metadata__": {}}'), _BY_LIBRARY),
    "a metadata key that comes twice": (
        raw('{"__metadata__": {"a": "1", "a": "2"}}'),
        "'a' comes twice",
    ),
    "metadata that is a text": (file(b"", __metadata__="a"), _BY_LIBRARY),
    "metadata that is a list": (file(b"", __metadata__=[]), _BY_LIBRARY),
    "a number in the metadata": (file(b"", __metadata__={"a": 1}), _BY_LIBRARY),
    "null in the metadata": (file(b"", __metadata__={"a": None}), _BY_LIBRARY),
    "an object in the metadata": (file(b"", __metadata__={"a": {}}), _BY_LIBRARY),
    "a tensor that is a number": (file(w=1), _BY_LIBRARY),
    "a tensor that is null": (file(w=None), _BY_LIBRARY),
    "a tensor that is a list": (file(w=["F32", [2], [0, 8]]), "must have exactly dtype"),
    "no dtype": (file(w={"shape": [2], "data_offsets": [0, 8]}), _BY_LIBRARY),
    "no shape": (file(w={"dtype": "F32", "data_offsets": [0, 8]}), _BY_LIBRARY),
    "no offsets": (file(w={"dtype": "F32", "shape": [2]}), _BY_LIBRARY),
    "a field that is unknown": (file(w=entry(strides=[4])), "must have exactly dtype"),
    "a dtype that is unknown": (file(w=entry("F33")), _BY_LIBRARY),
    "a dtype in lower case": (file(w=entry("f32")), _BY_LIBRARY),
    "NumPy's name of a dtype": (file(w=entry("<f4")), _BY_LIBRARY),
    "a dtype of objects": (file(w=entry("O")), _BY_LIBRARY),
    "a dtype that is a number": (file(w=entry(4)), _BY_LIBRARY),
    "a dtype that is null": (file(w=entry(None)), _BY_LIBRARY),
    "a dtype that is a list": (file(w=entry(["F32"])), _BY_LIBRARY),
    "a shape that is a number": (text("shape", "2"), _BY_LIBRARY),
    "a shape that is a text": (text("shape", '"2"'), _BY_LIBRARY),
    "a shape that is null": (text("shape", "null"), _BY_LIBRARY),
    "a shape that is an object": (text("shape", '{"0": 2}'), _BY_LIBRARY),
    "a size that is a text": (text("shape", '["2"]'), _BY_LIBRARY),
    "a size that is null": (text("shape", "[null]"), _BY_LIBRARY),
    "a size that is a list": (text("shape", "[[2]]"), _BY_LIBRARY),
    "a size that is true": (text("shape", "[2, true]"), _BY_LIBRARY),
    "a size that is false": (text("shape", "[2, false]"), _BY_LIBRARY),
    "a size that is 2.0": (text("shape", "[2.0]"), _BY_LIBRARY),
    "a size that is 2e0": (text("shape", "[2e0]"), _BY_LIBRARY),
    "a size that is NaN": (text("shape", "[NaN]"), _BY_LIBRARY),
    "a size that is infinite": (text("shape", "[Infinity]"), _BY_LIBRARY),
    "a size beyond floating point": (text("shape", "[1e999]"), _BY_LIBRARY),
    "a size with a leading zero": (text("shape", "[02]"), _BY_LIBRARY),
    "a size that is negative": (text("shape", "[-2]"), _BY_LIBRARY),
    "two negative sizes": (text("shape", "[-1, -2]"), _BY_LIBRARY),
    "a size of minus zero": (text("shape", "[2, -0]"), _BY_LIBRARY),
    "a negative zero as a float": (text("shape", "[2, -0.0]"), _BY_LIBRARY),
    "a size of 5,000 digits": (text("shape", f"[{'9' * 5000}]"), _BY_LIBRARY),
    "a size of 2^63": (text("shape", f"[{2**63}]"), _BY_LIBRARY),
    "a product that wraps to 2": (
        text("shape", "[4194305, 4194305, 211106198978564]", b"1234" * 4),
        _BY_LIBRARY,
    ),
    "a product that wraps to 0": (
        file(b"", w=entry(shape=[2**32] * 2, offsets=(0, 0))),
        _BY_LIBRARY,
    ),
    "bytes that wrap to 8": (file(w=entry(shape=[2**62, 2])), _BY_LIBRARY),
    "an empty tensor with huge axes": (
        file(b"", w=entry(shape=[2**62, 2**62, 0], offsets=(0, 0))),
        _BY_LIBRARY,
    ),
    "an empty tensor that NumPy cannot hold": (
        file(b"", w=entry(shape=[0, 2**62], offsets=(0, 0))),
        "too large",
    ),
    "too many bytes for the shape": (file(b"1" * 12, w=entry(offsets=(0, 12))), _BY_LIBRARY),
    "too few bytes for the shape": (file(w=entry(shape=[3])), _BY_LIBRARY),
    "bytes for a tensor of size 0": (file(w=entry(shape=[0])), _BY_LIBRARY),
    "no bytes for a scalar": (file(b"", w=entry(shape=[], offsets=(0, 0))), _BY_LIBRARY),
    "offsets the wrong way round": (file(w=entry(offsets=(8, 0))), _BY_LIBRARY),
    "one offset": (file(w=entry(offsets=(8,))), _BY_LIBRARY),
    "three offsets": (file(w=entry(offsets=(0, 8, 8))), _BY_LIBRARY),
    "no offset": (file(w=entry(offsets=())), _BY_LIBRARY),
    "an offset that is negative": (file(w=entry(offsets=(-8, 0))), _BY_LIBRARY),
    "an offset that is 8.0": (file(w=entry(offsets=(0, 8.0))), _BY_LIBRARY),
    "an offset that is false": (file(w=entry(offsets=(False, 8))), _BY_LIBRARY),
    "offsets that are a text": (text("data_offsets", '"08"'), _BY_LIBRARY),
    "offsets that are an object": (text("data_offsets", '{"0": 8}'), _BY_LIBRARY),
    "an offset beyond 2^64": (file(w=entry(offsets=(2**64, 2**64 + 8))), _BY_LIBRARY),
    "an offset beyond the file": (file(w=entry(offsets=(800, 808))), _BY_LIBRARY),
    "data that is missing": (file(ONES[:-1], w=entry()), _BY_LIBRARY),
    "no data at all": (file(b"", w=entry()), _BY_LIBRARY),
    "bytes behind the last tensor": (file(ONES + b"PK", w=entry()), _BY_LIBRARY),
    "bytes without a tensor": (raw("{}", ONES), _BY_LIBRARY),
    "a hole at the start": (file(b"12345678" * 2, w=entry(offsets=(8, 16))), _BY_LIBRARY),
    "a hole between tensors": (file(b"1" * 24, a=entry(), b=entry(offsets=(16, 24))), _BY_LIBRARY),
    "two tensors on the same bytes": (file(a=entry(), b=entry()), _BY_LIBRARY),
    "two tensors that overlap": (file(b"1" * 12, a=entry(), b=entry(offsets=(4, 12))), _BY_LIBRARY),
    "an empty tensor within another": (
        file(a=entry(), b=entry(shape=[0], offsets=(4, 4))),
        _BY_LIBRARY,
    ),
    "an empty tensor behind the end": (
        file(a=entry(), b=entry(shape=[0], offsets=(12, 12))),
        _BY_LIBRARY,
    ),
    "8-bit floats": (file(w=entry("F8_E4M3", [8])), "for which NumPy has no type"),
    "8-bit floats of the other kind": (file(w=entry("F8_E5M2", [8])), "for which NumPy has no"),
    "4-bit floats": (file(w=entry("F4", [16])), "for which NumPy has no type"),
    "65 axes": (file(w=entry(shape=[2] + [1] * 64)), "has 65 axes; NumPy allows 64"),
    "100,000 axes": (file(w=entry(shape=[2] + [1] * 99_999)), "has 100,000 axes"),
    "100,000 tensors on the same bytes": (
        file(**{f"w{i}": entry() for i in range(100_000)}),
        _BY_LIBRARY,
    ),
    "10,000 tensors on the same bytes": (
        file(**{f"w{i}": entry() for i in range(10_000)}),
        _BY_LIBRARY,
    ),
    "a million numbers": (raw('{"w": [' + "1," * 1_000_000 + "1]}"), _BY_LIBRARY),
    "a name of a million characters that comes twice": (
        raw(f'{{"{"a" * 10**6}": 1, "{"a" * 10**6}": 1}}'),
        _BY_LIBRARY,
    ),
    "a tensor called by a million characters": (file(**{"n" * 10**6: 1}), _BY_LIBRARY),
    "a pickle": (b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x07builtins\x94.", "header would have"),
    "a zip archive": (b"PK\x03\x04" + b"\0" * 60, "header would have"),
    "a page of HTML": (b"<!DOCTYPE html><html></html>", "header would have"),
    "a Git LFS pointer": (b"version https://git-lfs.github.com/spec/v1\n", "header would have"),
}


def _odd():
    """name of the oddity -> (file, the arrays, the metadata)"""
    two = np.ones(2, "float32")
    half = {"w": two}
    files = {
        "no tensor": (raw("{}"), {}, {}),
        "only metadata": (file(b"", __metadata__={"a": "1"}), {}, {"a": "1"}),
        "empty metadata": (file(w=entry(), __metadata__={}), half, {}),
        "metadata behind the tensors": (file(w=entry(), __metadata__={"": ""}), half, {"": ""}),
        "spaces behind the header": (raw(HEADER + "   ", ONES), half, {}),
        "line ends behind the header": (raw(HEADER + "\r\n\t", ONES), half, {}),
        "spaces before the header": (raw("  " + HEADER, ONES), half, {}),
        "a header over many lines": (raw(json.dumps({"w": entry()}, indent=3), ONES), half, {}),
        "fields in another order": (
            raw('{"w":{"data_offsets":[0,8],"shape":[2],"dtype":"F32"}}', ONES),
            half,
            {},
        ),
        "escapes for plain letters": (raw(HEADER.replace("w", "\\u0077"), ONES), half, {}),
        "an empty name": (file(**{"": entry()}), {"": two}, {}),
        "a name of dots and slashes": (file(**{"../../x": entry()}), {"../../x": two}, {}),
        "a Chinese name": (raw(HEADER.replace("w", "权重"), ONES), {"权重": two}, {}),
        "a name beyond the basic plane": (file(**{"𝄞": entry()}), {"𝄞": two}, {}),
        "a name with a zero character": (file(**{"a\0b": entry()}), {"a\0b": two}, {}),
        "a name of 100,000 characters": (file(**{"n" * 10**5: entry()}), {"n" * 10**5: two}, {}),
        "a scalar": (file(ONES[:4], w=entry(shape=[], offsets=(0, 4))), {"w": two[0]}, {}),
        "a tensor of size 0": (
            file(b"", w=entry(shape=[3, 0, 2], offsets=(0, 0))),
            {"w": np.zeros((3, 0, 2), "float32")},
            {},
        ),
        "a tensor of size 0 between others": (
            file(
                a=entry(shape=[1], offsets=(0, 4)),
                b=entry(shape=[0], offsets=(4, 4)),
                c=entry(shape=[1], offsets=(4, 8)),
            ),
            {"a": two[:1], "b": two[:0], "c": two[:1]},
            {},
        ),
        "tensors in another order than their bytes": (
            file(ONES + b"\0" * 8, z=entry(offsets=(8, 16)), a=entry()),
            {"z": two * 0, "a": two},
            {},
        ),
        "data at an odd address": (
            file(b"\1" + ONES, b=entry("U8", [1], (0, 1)), w=entry(offsets=(1, 9))),
            {"b": np.ones(1, "uint8"), "w": two},
            {},
        ),
        "64 axes": (file(w=entry(shape=[1] * 63 + [2])), {"w": two.reshape([1] * 63 + [2])}, {}),
        "NaN and infinities as values": (
            file(struct.pack("<2f", np.nan, -np.inf), w=entry()),
            {"w": np.float32([np.nan, -np.inf])},
            {},
        ),
        "metadata that is null": (file(w=entry(), __metadata__=None), half, {}),
        "a bool that is 2": (
            file(b"\0\1\2", w=entry("BOOL", [3], (0, 3))),
            {"w": np.array([0, 1, 2], "uint8").view(bool)},
            {},
        ),
        "bfloat16": (
            file(bytes.fromhex("803f 49c0 0100 c07f 80ff"), w=entry("BF16", [5], (0, 10))),
            {"w": np.float32([1.0, -3.140625, 2.0**-133, np.nan, -np.inf])},
            {},
        ),
        "a bfloat16 scalar": (
            file(b"\x80\x3f", w=entry("BF16", [], (0, 2))),
            {"w": np.float32(1.0)},
            {},
        ),
        "10,000 tensors": (
            file(
                ONES * 10_000, **{f"w{i}": entry(offsets=(8 * i, 8 * i + 8)) for i in range(10_000)}
            ),
            {f"w{i}": two for i in range(10_000)},
            {},
        ),
    }
    dtypes = {
        "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2",
        "U32": "<u4", "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
        "C64": "<c8",
    }  # fmt: skip
    for name, dtype in dtypes.items():
        array = np.array([[0, 1, 1]]).astype(dtype)
        data = array.tobytes()
        files[f"dtype {name}"] = (
            file(data, w=entry(name, [1, 3], (0, len(data)))),
            {"w": array},
            {},
        )
    return files


ODD = _odd()
