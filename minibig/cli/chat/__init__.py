"""`minibig chat` on a terminal or through a pipe: keys, commands, display, and the talk itself."""

from minibig.cli.chat.talk import answer_lines, talk

__all__ = ["answer_lines", "talk"]
