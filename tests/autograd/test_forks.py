"""A forked child computes derivatives, whatever the other threads of its parent were doing."""

import os
import threading

import numpy as np
import pytest

import minibig as mb
from minibig.autograd import backward_pass
from minibig.autograd.state import state

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def in_a_child(work):
    """Whether work() is true in a forked child; False if it does not end within 20 seconds."""
    child = os.fork()
    if not child:
        right = False
        try:
            right = bool(work())
        finally:
            os._exit(0 if right else 1)
    done = threading.Event()
    timer = threading.Timer(20, lambda: done.is_set() or os.kill(child, 9))
    timer.start()
    _, status = os.waitpid(child, 0)
    done.set()
    timer.cancel()
    return status == 0


def gradient_is_right():
    with mb.reference():  # the kernels' threads have tests of their own
        x = mb.tensor([1.0, 2.0], requires_grad=True)
        (x * x).sum().backward()
        return x.grad.tolist() == [2.0, 4.0]


def test_a_child_does_not_wait_for_a_thread_that_is_adding_to_leaves():
    held, release = threading.Event(), threading.Event()

    def hold():
        with backward_pass._gathering:
            held.set()
            release.wait(timeout=60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(timeout=60)
    try:
        assert in_a_child(gradient_is_right)
    finally:
        release.set()
        thread.join(timeout=60)
    assert gradient_is_right()


def test_children_of_a_computing_process_compute():
    going = True
    weight = mb.tensor(np.ones(50_000), requires_grad=True)

    def work():
        while going:
            with mb.reference():
                (weight * 2.0).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert all(in_a_child(gradient_is_right) for _ in range(8))
    finally:
        going = False
        for thread in threads:
            thread.join(timeout=60)


def test_a_child_that_is_forked_within_a_switch_leaves_it_as_its_parent_does():
    def work():
        inside = state.recording
        switch.__exit__(None, None, None)
        return not inside and state.recording and gradient_is_right()

    switch = mb.no_grad()
    with switch:
        assert in_a_child(work)
        assert not state.recording
    assert state.recording
