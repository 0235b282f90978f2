"""A terminal that a test types on: the command runs in it as it would for a person."""

import os
import re
import select
import subprocess
import sys
import time

from .commands import environment

# The process opens the terminal itself: so it becomes the one whose Ctrl-C reaches it.
_IN_TERMINAL = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(terminal, number)
os.execv(sys.executable, [sys.executable, "-m", "minibig", *sys.argv[2:]])
"""
_ESCAPES = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")
CTRL_C, CTRL_D, UP, ENTER = "\x03", "\x04", "\x1b[A", "\r"


class Terminal:
    """The command on a terminal of `columns`; use it in a `with` statement."""

    def __init__(self, *arguments, columns=80):
        import fcntl
        import pty
        import struct
        import termios

        self._screen, self._inside = pty.openpty()
        fcntl.ioctl(self._inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        variables = environment(TERM="xterm", LANG="C.UTF-8", LC_ALL="C.UTF-8")
        variables.pop("COLUMNS", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _IN_TERMINAL, os.ttyname(self._inside), *map(str, arguments)],
            start_new_session=True,
            env=variables,
            stdin=subprocess.DEVNULL,
        )
        self.raw, self._seen = b"", 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        os.close(self._screen)
        self._leave()

    @property
    def text(self):
        """All that was shown, without escape codes."""
        return _ESCAPES.sub("", self.raw.decode(errors="replace")).replace("\r", "")

    def type(self, keys):
        """Press keys."""
        os.write(self._screen, keys.encode())

    def interrupt_at_prompt(self):
        """Press Ctrl-C as a person does: not in the microseconds between prompt and waiting.

        A signal that comes just then is seen by Python's readline with the next key only.
        """
        time.sleep(0.3)
        self.type(CTRL_C)

    def wait_for(self, text, timeout=60):
        """Wait until a text is shown; returns what came since the last one that was waited for."""
        deadline = time.monotonic() + timeout
        while text not in self.text[self._seen :]:
            if not self._read(deadline):
                shown, code = self.text[self._seen :], self.process.poll()
                raise AssertionError(f"{text!r} was not shown but {shown!r}, exit code {code}")
        end = self.text.index(text, self._seen) + len(text)
        shown, self._seen = self.text[self._seen : end], end
        return shown

    def end(self, timeout=60):
        """Wait until the command has ended; returns its exit code."""
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            pass
        return self.process.wait(timeout=max(1, deadline - time.monotonic()))

    def _read(self, deadline):
        """Whether anything came before the deadline."""
        if not select.select([self._screen], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._screen, 65536)
        except OSError:  # nobody is left on the other side
            return False
        self._leave()
        self.raw += data
        return bool(data)

    def _leave(self):
        """Close our own end inside, once the process has its own: so its end can be noticed."""
        if self._inside is not None:
            os.close(self._inside)
            self._inside = None
