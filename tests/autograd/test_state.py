"""What is switched on: each context changes its own setting, in whatever order they end."""

import gc
import signal
import threading

import numpy as np
import pytest

import minibig as mb
from minibig.autograd.state import state


def test_contexts_that_end_in_another_order_do_not_undo_each_other():
    no_grad, reference = mb.no_grad(), mb.reference()
    before = state.recording, state.kernels
    no_grad.__enter__()
    reference.__enter__()
    assert (state.recording, state.kernels) == (False, False)
    no_grad.__exit__(None, None, None)
    assert (state.recording, state.kernels) == (True, False)
    reference.__exit__(None, None, None)
    assert (state.recording, state.kernels) == before


def test_contexts_nest_and_end_with_an_exception():
    try:
        with mb.no_grad(), mb.enable_grad():
            assert state.recording
            raise KeyError
    except KeyError:
        pass
    assert state.recording


def test_another_thread_has_its_own():
    seen = []
    with mb.no_grad(), mb.reference():
        thread = threading.Thread(target=lambda: seen.append(state.recording))
        thread.start()
        thread.join(timeout=60)
    assert seen == [True]


def test_one_switch_can_be_entered_again_and_within_itself():
    switch = mb.no_grad()
    for _ in range(2):
        with switch:
            assert not state.recording
            with switch, mb.enable_grad(), switch:
                assert not state.recording
            assert not state.recording
        assert state.recording


def test_one_switch_serves_several_threads():
    switch, seen = mb.no_grad(), []

    def work():
        with switch:
            seen.append(state.recording)
        seen.append(state.recording)

    with switch:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(timeout=60)
    assert seen == [False, True]
    assert state.recording


@pytest.mark.parametrize(("switch", "name"), [(mb.no_grad, "recording"), (mb.reference, "kernels")])
def test_a_switch_stands_above_functions_and_above_generators(switch, name):
    def now():
        return getattr(state, name)

    @switch()
    def function(fail=False):
        """Its docstring."""
        if fail:
            raise KeyError
        return now()

    @switch()
    def steps():
        received = yield now()
        try:
            received = yield received, now()
        except KeyError:
            received = yield "caught", now()
        return now()

    before = now()
    assert function() is False
    assert function.__doc__ == "Its docstring."
    with pytest.raises(KeyError):
        function(fail=True)
    assert now() == before
    generator = steps()
    assert next(generator) is False
    assert now() == before
    assert generator.send("sent") == ("sent", False)
    assert generator.throw(KeyError()) == ("caught", False)
    with pytest.raises(StopIteration) as end:
        next(generator)
    assert end.value.value is False
    assert now() == before
    closed = steps()
    next(closed)
    closed.close()
    assert now() == before


def second_order():
    x = mb.tensor([1.0, 2.0], requires_grad=True)
    y = mb.checkpoint(lambda x: mb.layer_norm(x * x), x).sum()
    y.backward()
    mb.hvp(lambda x: (x * x * x).sum(), x, x.detach())


def interrupts_that_leave_other_settings(work):
    """How many of some hundred interrupts of work() find settings that are not as before."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    work()
    before, caught, wrong, random = dict(vars(state)), 0, 0, np.random.default_rng(0)
    handler = signal.signal(signal.SIGALRM, interrupt)
    gc.disable()  # an interrupt within a callback of the collector is printed, not raised
    try:
        while caught < 200:
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 1e-3))
                while True:
                    work()
            except KeyboardInterrupt:
                caught += 1
                wrong += vars(state) != before
                vars(state).update(before)
    finally:
        gc.enable()
        signal.signal(signal.SIGALRM, handler)
    return wrong


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of the system")
def test_an_interrupt_at_any_time_leaves_every_setting_as_it_was():
    assert interrupts_that_leave_other_settings(second_order) == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of the system")
def test_an_interrupt_at_any_time_does_not_pass_by_a_switch_above_a_function():
    x = mb.tensor([1.0, 2.0], requires_grad=True)

    @mb.no_grad()
    @mb.reference()
    def work():
        return x * 2.0

    assert interrupts_that_leave_other_settings(work) == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of the system")
def test_an_interrupt_in_a_step_of_an_optimizer_leaves_recording_on():
    weight = mb.nn.Parameter([1.0, 2.0])
    weight.grad = mb.ones((2,))
    optimizer = mb.optim.SGD([weight], lr=0.1)
    assert interrupts_that_leave_other_settings(optimizer.step) == 0
