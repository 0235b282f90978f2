"""A kill at a moment that a test chooses: at the n-th call to the system that changes a folder."""

import os
import shutil

import pytest

CALLS = ("fsync", "rename", "replace", "unlink", "mkdir")


class Killed(BaseException):
    """What stands for SIGKILL: nothing catches it, and nothing is cleaned up after it."""


def killed_at(call, act):
    """Do something, with an end at this call to the system and at all later ones; whether it came.

    The calls are counted from 0.
    """
    count, killed = 0, False

    def dying(function):
        def wrapped(*arguments, **keywords):
            nonlocal count
            count += 1
            if count > call:
                raise Killed
            return function(*arguments, **keywords)

        return wrapped

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, dying(getattr(os, name)))
        patch.setattr(shutil, "rmtree", dying(shutil.rmtree))
        try:
            act()
        except Killed:
            killed = True
    assert killed == (count > call)
    return killed
