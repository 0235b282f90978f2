"""The command `minibig`: options, exit codes, printing and keys; what it does lies in `recipes/`.

Read in this order: console, options; the files of `commands/`, one for each command, and of
`chat/`; program.
"""

from minibig.cli.program import main

__all__ = ["main"]
