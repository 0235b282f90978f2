"""Files: durable writes, strict JSON, checksums, locks. Every other package reads and writes so.

    read_file, read_text, read_json      regular files of a limited size; JSON of a given shape
    read_blocks                          regular files of any size
    write_file, write_text, write_json   the new file as a whole, or what was there before
    new_file, new_path, new_folder       the same for what is too large to be written at once
    write_files, check_files             several files that belong together, with checksums
    locked                               one process in a folder
    set_aside, restore, discard, settle  to begin anew without losing the old
    files_below, files_matching          the files of a folder, or of a pattern
    decoded, decoded_blocks              bytes as text, or how to convert what is not UTF-8
    quoted, command_line                 a path or a command as a shell takes it
    cleaned, naming_stdout               what goes out to a terminal
    checkout_of                          the commit of the git checkout around a folder

Read in this order: temporary_names, durable, encodings, reading, shapes, strict_json, checksums,
lock, aside; matching, shell, terminal, git_state.
"""

from minibig.files.aside import discard, is_set_aside, restore, set_aside, settle
from minibig.files.checksums import CheckedJson, check_files, digest, write_files
from minibig.files.durable import (
    StorageError,
    make_folder,
    new_file,
    new_folder,
    new_path,
    remove_file,
    remove_folder,
    write_file,
    write_text,
)
from minibig.files.encodings import DECODE_ERRORS, decoded, decoded_blocks
from minibig.files.git_state import checkout_of
from minibig.files.lock import locked
from minibig.files.matching import files_below, files_matching, is_pattern
from minibig.files.reading import open_regular, read_blocks, read_file, read_text
from minibig.files.shapes import Whole, check_shape
from minibig.files.shell import command_line, quoted
from minibig.files.strict_json import MAX_JSON_BYTES, parse_json, read_json, unique_keys, write_json
from minibig.files.temporary_names import remove_stale_files
from minibig.files.terminal import cleaned, naming_stdout

__all__ = [
    "DECODE_ERRORS",
    "MAX_JSON_BYTES",
    "CheckedJson",
    "StorageError",
    "Whole",
    "check_files",
    "check_shape",
    "checkout_of",
    "cleaned",
    "command_line",
    "decoded",
    "decoded_blocks",
    "digest",
    "discard",
    "files_below",
    "files_matching",
    "is_pattern",
    "is_set_aside",
    "locked",
    "make_folder",
    "naming_stdout",
    "new_file",
    "new_folder",
    "new_path",
    "open_regular",
    "parse_json",
    "quoted",
    "read_blocks",
    "read_file",
    "read_json",
    "read_text",
    "remove_file",
    "remove_folder",
    "remove_stale_files",
    "restore",
    "set_aside",
    "settle",
    "unique_keys",
    "write_file",
    "write_files",
    "write_json",
    "write_text",
]
