"""The command `minibig`: from a text file to a model that writes, without a line of Python.

Read in this order: settings, presets, console, columns, corpus, git_state, run_folders, the commands
(train, quickstart, generate, tokenize, info, plot), then chat (dialogue_forms, conversation,
answers, chat_session, chat_commands, chat_display, terminal_input, chat) and doctor (machine,
self_test, doctor), program.
"""

from minibig.cli.program import main

__all__ = ["main"]
