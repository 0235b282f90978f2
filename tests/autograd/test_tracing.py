"""Traces: what is printed, and that nothing changes."""

import minibig as mb


def test_trace_prints_each_step_and_changes_no_gradient(capsys):
    x = mb.tensor([3.0, 4.0], requires_grad=True)
    loss = mb.linear(x, mb.ones((2, 1))).sum()
    loss.trace()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["sum", "linear"]
    assert "|g| = 1.414" in lines[-1]
    assert x.grad is None
    loss.backward()
    assert x.grad.tolist() == [1.0, 1.0]
