"""What is switched on: each context changes its own setting, in whatever order they end."""

import threading

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
