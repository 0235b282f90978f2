"""The command `minibig`: from a text file to a model that writes, without a line of Python.

Read in this order: settings, presets, console, corpora, run_folders, the commands (train,
quickstart, generate, tokenize, info), program.
"""

from minibig.cli.program import main

__all__ = ["main"]
