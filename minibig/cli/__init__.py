"""The command `minibig`: from a text file to a model that writes, without a line of Python.

Read in this order: settings, presets, console, columns, corpus, git_state, run_folders; the
command train; what quickstart does (stages, examination, report_style, report, dialogue_run),
quickstart; generate, tokenize, info and plot; what chat is made of (dialogue_forms, conversation,
answers, chat_session, chat_commands, chat_display, terminal_input), chat; what doctor looks at
(machine, self_test), doctor; program.
"""

from minibig.cli.program import main

__all__ = ["main"]
