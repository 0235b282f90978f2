"""Commands and paths in sentences, written so that a shell takes them as they were meant."""

import os
import re
from pathlib import Path

_PLAIN = re.compile(r"[\w@%+:,./-]+")  # what no shell changes


def quoted(word: str | Path) -> str:
    r"""A word or a path as it is typed in a shell: in quotes, if it needs them.

    A path that begins with "-" is no option. Line ends and other characters that do not print are
    written as bash and zsh read them.

    >>> print(quoted("runs/first"), quoted("my run"), quoted("it's"), quoted(Path("-x")))
    runs/first 'my run' 'it'"'"'s' ./-x
    >>> print(quoted("two\nlines"))
    $'two\nlines'
    """
    text = os.fspath(word)
    if isinstance(word, Path) and text.startswith("-"):
        text = f"./{text}"
    if _PLAIN.fullmatch(text):
        return text
    if os.name == "nt":  # a name holds no quotes there
        return f'"{text}"'
    if text.isprintable():
        return "'" + text.replace("'", "'\"'\"'") + "'"
    return "$'" + "".join(map(_escaped, text)) + "'"


def command_line(*words: str | Path) -> str:
    """A command of several words, as it is typed in a shell.

    >>> print(command_line("minibig", "generate", Path("my run")))
    minibig generate 'my run'
    """
    return " ".join(map(quoted, words))


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    octal = "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))
    return named.get(character, octal)
