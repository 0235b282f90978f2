"""The options of a command: made from the settings that it takes, for flags and for files.

A setting `n_layers` is the flag --n-layers, and "n_layers" in a configuration file; in which group
of settings it lies makes no difference. What is declared of it gives the help and the checks.
"""

import argparse
import difflib
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import MISSING, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, get_args, get_origin

from minibig import settings as declarations
from minibig.cli.console import complain, say, table_width
from minibig.files import DECODE_ERRORS
from minibig.settings import Settings, setting

_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}
_MISTAKES = {  # what argparse says, and what was expected, what came, and what to do
    r"argument (\S+): invalid int value: (.*)": r"\1 must be a whole number; got \2",
    r"argument (\S+): invalid float value: (.*)": r"\1 must be a number; got \2",
    r"argument (\S+): expected one argument": r"\1 needs a value; got none. Give it after the "
    r"name; one that begins with - is written \1=VALUE",
    r"argument (\S+): expected (\d+) arguments": r"\1 needs \2 values after it; got fewer",
    r"argument (\S+): ignored explicit argument (.*)": r"\1 takes no value; got \2. Give \1 alone",
    r"the following arguments are required: (.*)": r"not given, but needed: \1",
}


def argument(meaning: str, default: Any = MISSING) -> Any:
    """A setting that stands on the command line without a flag."""
    known = declarations.Declaration(meaning=meaning)
    return field(default=default, metadata={"setting": known, "argument": True})


def errors_setting() -> Any:
    """What becomes of bytes that are no UTF-8."""
    return setting("strict", "bytes that are no UTF-8", choices=DECODE_ERRORS)


class Action(NamedTuple):
    """Something that can be asked for: what it is, an example, its options, and how it is done."""

    meaning: str
    example: str
    options: type[Settings]
    run: Callable[[dict[str, Any]], int]


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the nearest name there is and the right help."""

    def print_help(self, file: Any = None) -> None:
        say(self.format_help(), end="")

    def error(self, message: str) -> NoReturn:
        for pattern, sentence in _MISTAKES.items():
            if match := re.fullmatch(pattern, message, re.DOTALL):
                message = match.expand(sentence)
        for action in self._actions if message.startswith("not given") else ():
            name = action.option_strings[0] if action.option_strings else str(action.metavar)
            message = re.sub(rf"(?<=[:,] ){name}(?=,|$)", rf"{name} ({action.help})", message)
        end = "" if message.endswith("?") else "."
        complain(f"{message}{end} See {self.prog} --help.")
        sys.exit(2)

    def given(self, words: Sequence[str]) -> dict[str, Any]:
        """The settings that were given, by name; those that were not leave no trace."""
        flags = [flag for action in self._actions for flag in action.option_strings]
        free = any(not action.option_strings for action in self._actions)
        if words and not free and "--data" in flags and not words[0].startswith("-"):
            self.error(f"a text is given as: --data {words[0]}")
        known, unknown = self.parse_known_args(list(words))
        if unknown:
            word = next((word for word in unknown if word.startswith("-")), unknown[0])
            if word.startswith("-"):
                self.error(f"there is no option {word.partition('=')[0]}{_advice(word, flags)}")
            self.error(f"{word!r} is one argument too many")
        values = vars(known)
        errors = "replace" if values.get("errors") == "replace" else "strict"  # as in files
        for name in [action.dest for action in self._actions if action.type is str]:
            if isinstance(given := values.get(name), str):
                with suppress(UnicodeError):  # the record of the options refuses the rest
                    values[name] = os.fsencode(given).decode(errors=errors)
        return values


def nearest(word: str, names: Iterable[str]) -> str:
    """The question that helps after a mistyped name.

    >>> nearest("--n-layer=2", ["--n-layers", "--steps"]), nearest("--wide", ["--data"])
    ('; did you mean --n-layers?', '')
    """
    bare = {name.lstrip("-"): name for name in names}  # two dashes would make all names alike
    near = difflib.get_close_matches(word.partition("=")[0].lstrip("-"), bare, n=1, cutoff=0.5)
    return f"; did you mean {bare[near[0]]}?" if near else ""


def _advice(word: str, flags: Sequence[str]) -> str:
    """The option meant, or the nearest one, or the way to give a setting that has no option."""
    from minibig.recipes.settings import Pretraining  # for an error only

    name = word.partition("=")[0].lstrip("-").replace("-", "_")
    word = ours if (ours := _flag(declarations.our_name(name))) in flags else word
    if "--config" in flags and name in declarations.places(Pretraining):
        return f'; give it in a file: {{"{name}": ...}} in --config FILE'
    return nearest(word, [flag for flag in flags if flag not in ("--help", "-h")])


def parser_for(prog: str, action: Action, description: str) -> Parser:
    """The parser of what is asked for."""
    kind, width = action.options, table_width()
    parser = Parser(
        prog=prog,
        usage=f"{prog} {_usage(kind)}",
        description=paragraphs_of(description, width),
        epilog=f"example:\n  {action.example}",
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
            prog, max_help_position=28, width=width
        ),
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for name, default in declarations.defaults(kind).items():
        _add(parser, declarations.holder_of(kind, name), name, default)
    return parser


def paragraphs_of(text: str, width: int) -> str:
    """Paragraphs in lines of at most `width` columns; marks of code go."""
    paragraphs = re.split(r"\n\s*\n", text.replace("`", "").strip())
    return "\n\n".join(
        textwrap.fill(" ".join(each.split()), width, break_on_hyphens=False) for each in paragraphs
    )


def _usage(kind: type[Settings]) -> str:
    known = declarations.fields_of(kind)
    words = [
        name.upper() if known[name].default is MISSING else f"[{name.upper()}]"
        for name in known
        if known[name].metadata.get("argument")
    ]
    return " ".join([*words, "[options]"])


def _add(parser: Parser, kind: type[Settings], name: str, default: Any) -> None:
    """An argument for one setting."""
    known = declarations.declaration_of(kind, name)
    inner, _ = declarations.optional(declarations.types_of(kind)[name])
    shown = " ".join(map(str, default)) if isinstance(default, tuple) else default
    hidden = any(default is each for each in (MISSING, None, False, ())) or default == "-"
    meaning = known.meaning
    if not all(str(choice) in meaning for choice in known.choices or ()):
        meaning += f": {', '.join(map(str, known.choices or ()))}"
    meaning += "" if hidden or shown == "" else f" ({shown})"
    options: dict[str, Any] = {"help": meaning.replace("%", "%%")}
    if inner is bool:
        parser.add_argument(_flag(name), dest=name, action="store_true", **options)
        return
    many = get_origin(inner) is tuple
    inside = get_args(inner) if many else (inner,)
    converted = os.fspath if inside[0] is Path else inside[0]  # as it is: the record makes paths
    options |= {"metavar": _METAVARS[inside[0]], "type": converted}
    if known.choices is not None:
        options["metavar"] = "NAME"  # the record of the options checks it
    if many:
        options["nargs"] = "*" if inside[-1] is Ellipsis else len(inside)
    if declarations.fields_of(kind)[name].metadata.get("argument"):
        options["metavar"] = name.upper()
        if not many and default is not MISSING:
            options["nargs"] = "?"
        elif many and default is MISSING:
            options["nargs"] = "+"
        parser.add_argument(name, **options)
    else:
        required = default is MISSING
        parser.add_argument(_flag(name), dest=name, required=required, **options)


def _flag(name: str) -> str:
    return "--" + declarations.written(name).replace("_", "-")
