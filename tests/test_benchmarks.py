"""The benchmarks: each workload runs, rounds alternate, figures are right, errors are sentences."""

import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

import benchmarks.process
import benchmarks.rounds
from benchmarks import __main__ as command
from benchmarks.limits import Product, backward, products, reading
from benchmarks.picture import bars, draw_results
from benchmarks.results import (
    Measurement,
    Result,
    SideResult,
    add_results,
    load_results,
    save_results,
)
from benchmarks.rounds import Options, SideError, compare, environment, measured, order
from benchmarks.tables import BEGIN, END, WIDTH, digits, duration, markdown, section
from benchmarks.where import Clock, account, account_table, clocked, in_short
from benchmarks.workload import WITHOUT_NUMBA, Limit, Side, Workload
from benchmarks.workloads import WORKLOADS, gpt_step, nanogpt_run
from minibig.backend import InputError
from minibig.text_layout import columns_of

ROOT = Path(__file__).resolve().parents[1]


def measurement(seconds, **others):
    known = {"best": seconds, "processor": seconds, "memory": 1e6, "imports": 1e6}
    return Measurement(seconds=seconds, **{**known, "amount": 1.0, "limit": 0.0, **others})


def result(ours, theirs, **others):
    sides = {
        "minibig": SideResult([measurement(x, **others) for x in ours]),
        "peer": SideResult([measurement(x) for x in theirs]),
    }
    return Result("sort", "numbers, sorted", "", "products", sides)


@pytest.mark.parametrize("name", WORKLOADS)
def test_minibig_does_every_workload_and_its_limit_in_small(name):
    found = benchmarks.process.measure(WORKLOADS[name], "minibig", quick=True)
    assert found["seconds"] > 0 and found["amount"] > 0
    assert bool(found["limit"]) == (WORKLOADS[name].limit is not None)
    Measurement(**found)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_says_what_it_is_and_has_the_same_sizes_in_small(name):
    workload = WORKLOADS[name]
    assert workload.name == name and workload.what and len(workload.sides) >= 1
    assert next(iter(workload.sides)) == "minibig"
    assert workload.quick.keys() == workload.sizes.keys()


def test_a_side_runs_in_a_process_of_its_own(monkeypatch):
    found = measured(WORKLOADS["sum-4x4"], "minibig", Options(quick=True, threads=1))
    assert found.seconds > 0 and found.amount == 3 and found.memory > 0
    command_line = [sys.executable, "-m", "benchmarks", "no-such-workload"]
    done = subprocess.run(command_line, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("benchmarks: there is no workload")
    assert len(done.stderr.splitlines()) == 1


def test_the_order_alternates_and_every_side_is_as_often_first():
    assert list(order(["a", "b", "c"], 2)) == ["a", "b", "c", "c", "b", "a"]
    assert sorted(order(["a", "b"], 5)) == ["a"] * 5 + ["b"] * 5


def test_compare_runs_the_sides_in_that_order_and_a_failing_one_once(monkeypatch):
    ran = []

    def fake(workload, name, options):
        ran.append(name)
        if name == "PyTorch":
            raise SideError("torch is not installed.", is_missing=True)
        return measurement(1.0)

    monkeypatch.setattr(benchmarks.rounds, "measured", fake)
    found = compare(WORKLOADS["sum-4x4"], Options(rounds=3), lambda text: None)
    assert ran == ["minibig", "PyTorch", "minibig", "minibig"]
    assert found.sides["PyTorch"].error == "torch is not installed."
    assert found.sides["PyTorch"].is_missing and len(found.sides["minibig"].rounds) == 3


def test_ctrl_c_keeps_the_rounds_before(monkeypatch):
    times = iter([1.0, 2.0, 3.0])

    def fake(workload, name, options):
        try:
            return measurement(next(times))
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(benchmarks.rounds, "measured", fake)
    with pytest.raises(benchmarks.rounds.Interrupted) as caught:
        compare(WORKLOADS["sum-4x4"], Options(rounds=3), lambda text: None)
    assert caught.value.result.ratio("PyTorch") == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL. Is there"),
        ("raise RuntimeError('CUDA_ERROR')", "RuntimeError: CUDA_ERROR"),
        ("import sys; sys.exit(7)", "ended with status 7"),
        ('print(\'{"missing": "torch"}\'); raise SystemExit(3)', r"torch is not installed. Get"),
        ('print(\'{"missing": "numba"}\'); raise SystemExit(3)', r"install -e '.\[fast\]'"),
        ("import time; time.sleep(60)", "longer than 1 seconds and was stopped"),
    ],
)
def test_what_goes_wrong_in_a_side_is_a_sentence(program, sentence, monkeypatch):
    run = subprocess.run
    stand_in = [sys.executable, "-c", program]
    monkeypatch.setattr(subprocess, "run", lambda command, **how: run(stand_in, **how))
    workload = Workload("x", "x", {"minibig": Side(dict, ())}, timeout=1.0)
    with pytest.raises(SideError, match=sentence):
        measured(workload, "minibig", Options())


def test_a_missing_module_is_named_on_stdout_with_status_3(monkeypatch, capsys):
    sides = {"peer": Side(dict, ("no_such_module",))}
    monkeypatch.setitem(WORKLOADS, "x", Workload("x", "x", sides))
    assert benchmarks.process.main(["x", "peer"]) == 3
    assert capsys.readouterr().out == '{"missing": "no_such_module"}\n'


def test_what_a_side_prints_does_not_disturb_the_answer(monkeypatch, capsys):
    def noisy():
        print("loading")
        return lambda: print("working")

    monkeypatch.setitem(WORKLOADS, "x", Workload("x", "x", {"peer": Side(noisy, ())}, repeats=2))
    assert benchmarks.process.main(["x", "peer"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1 and said.err.count("working") == 3


def test_the_environment_of_a_side_has_its_own_settings_and_the_threads(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    known = environment(Side(dict, (), {"MINIBIG_KERNELS": "numpy"}), 2)
    assert known["MINIBIG_KERNELS"] == "numpy" and "PYTHONDONTWRITEBYTECODE" not in known
    assert known["MINIBIG_THREADS"] == known["OMP_NUM_THREADS"] == "2"
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert "OMP_NUM_THREADS" not in environment(Side(dict, ()), None)


times = st.floats(1e-6, 1e3)


@given(st.lists(st.tuples(times, times), min_size=1, max_size=9))
def test_ratios_are_those_of_the_rounds(pairs):
    found = result(*zip(*pairs, strict=True)).ratio("peer")
    ratios = sorted(a / b for a, b in pairs)
    middle = ratios[(len(ratios) - 1) // 2], ratios[len(ratios) // 2]
    assert found.lowest == ratios[0] and found.highest == ratios[-1]
    assert found.median == pytest.approx(sum(middle) / 2)


def test_without_both_sides_there_is_no_ratio_and_a_lost_round_counts_not():
    assert result([], [1.0]).ratio("peer") is None
    assert result([1.0], [1.0]).ratio("nobody") is None
    assert result([1.0, 9.0], [2.0]).ratio("peer") == (0.5, 0.5, 0.5)


def test_the_share_of_the_limit_is_that_of_the_rounds():
    assert result([2.0, 4.0], [], limit=1.0).share_of_limit("minibig") == pytest.approx(0.375)
    assert result([2.0], []).share_of_limit("minibig") is None


def test_results_come_back_from_their_file_and_a_wrong_file_is_refused(tmp_path):
    machine, path = {"processor": "one"}, tmp_path / "x.json"
    results = [result([0.1, 0.2], [0.3], limit=0.05), result([], [])]
    results[1].sides["peer"].error = "torch is not installed."
    save_results(path, machine, results)
    assert load_results(path) == (machine, results)
    path.write_text('{"machine": {}, "results": [{"name": 1}]}')
    assert command.main(["readme", str(path)]) == 1


def test_a_file_keeps_what_others_measured_on_the_same_machine(tmp_path):
    machine, path = {"processor": "one"}, tmp_path / "x.json"
    first, second = result([1.0], [2.0]), result([3.0], [4.0])
    second.name, second.what = "sum-4x4", "sums"
    add_results(path, machine, [first])
    add_results(path, machine, [second])
    add_results(path, machine, [again := result([5.0], [6.0])])
    assert load_results(path) == (machine, [second, again])
    with pytest.raises(InputError, match="another processor: one, not two"):
        add_results(path, {"processor": "two"}, [first])


def test_products_do_as_many_operations_as_their_shapes_say():
    forward = [Product(2, 3, 5, batch=4, count=2)]
    assert sum(p.operations for p in forward) == 2 * 2 * 3 * 5 * 4 * 2
    assert [p.operations for p in backward(forward)] == [480, 480]
    products(forward + backward(forward))()
    reading(1 << 20)()


def test_the_section_of_a_workload_fits_its_width():
    long = result([0.1], [0.2], limit=0.05)
    long.what = "a text that is a good deal longer than what fits into one line, " * 2
    long.sides["peer"].error = "it took longer than 120 seconds and was stopped. " * 3
    text = section(long)
    assert max(map(columns_of, text.split("\n"))) <= WIDTH
    assert "100 ms" in text and "0.50 (0.50 to 0.50)" in text and "50%" in text


def test_numbers_have_three_digits():
    assert [digits(x) for x in (0.5, 9.99, 9.996, 99.96, 1234.5)] == [
        *("0.50", "9.99", "10.0", "100", "1,234")
    ]
    assert [duration(x) for x in (0, 3e-9, 0.9999e-3, 59.94)] == [
        *("0.00 ns", "3.00 ns", "1.00 ms", "59.9 s")
    ]


def test_the_table_of_the_readme_stands_between_its_markers(tmp_path):
    readme, file = tmp_path / "README.md", tmp_path / "x.json"
    save_results(file, {"processor": "one"}, [result([0.1], [0.2], limit=0.05)])
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        assert command.main(["readme", str(file), "--into", str(readme)]) == 0
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n") and text.endswith(f"\n{END}\nafter\n")
    assert "old" not in text and "| 100 ms |" in text and "| 50% |" in text
    readme.write_text("no markers")
    assert command.main(["readme", str(file), "--into", str(readme)]) == 1


def test_markdown_has_a_row_for_each_workload():
    text = markdown({"processor": "one"}, [result([1], [2]), result([1], [])])
    rows = text.partition("\n\n")[2].splitlines()
    assert len(rows) == 4 and len({row.count("|") for row in rows}) == 1


def test_a_beginning_chooses_what_does_not_take_long_if_there_is_such():
    names = [
        [workload.name for workload in command.chosen(words)] for words in (["step"], ["nanogpt"])
    ]
    assert names == [["step-small", "step-medium", "step-wide"], ["nanogpt-run"]]
    everything = command.chosen([])
    assert everything and not any(workload.takes_long for workload in everything)


def test_the_picture_has_a_bar_for_each_side_that_is_minibig_and_each_peer(tmp_path):
    one, two = result([0.1, 0.2], [0.2, 0.1], limit=0.05), result([1.0], [])
    one.sides[WITHOUT_NUMBA] = SideResult([measurement(0.4)])
    found = bars([one, two])
    assert [(bar.side, bar.ratio.median) for bar in found] == [
        ("minibig", 1.25),
        (WITHOUT_NUMBA, 2.0),
    ]
    assert found[0].limit == pytest.approx(0.375) and found[1].limit is None
    draw_results([one, two], tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="none was measured"):
        draw_results([two], tmp_path / "x.png")


def test_list_help_and_mistakes(capsys):
    assert command.main(["list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in WORKLOADS)
    assert max(map(columns_of, listed.splitlines())) <= WIDTH
    assert command.main(["stp-small"]) == 1
    assert "did you mean step-small?" in capsys.readouterr().err
    assert command.main(["--sides", "torch", "--quick"]) == 1
    assert "there is no side torch; did you mean PyTorch?" in capsys.readouterr().err
    assert command.main(["sum-4x4", "--device", "cuda"]) == 1
    assert "sum-4x4 runs on cpu only" in capsys.readouterr().err
    for words in (["--help"], ["--rounds", "0"]):
        with pytest.raises(SystemExit):
            command.main(words)
    assert "at least 1; got 0" in capsys.readouterr().err


def test_the_command_measures_and_its_exit_code_says_whether_all_went_well(
    tmp_path, monkeypatch, capsys
):
    def fake(workload, name, options):
        if name == "PyTorch":
            raise SideError("RuntimeError: no", "Traceback ...\nRuntimeError: no")
        return measurement(0.002, amount=2.0)

    monkeypatch.setattr(benchmarks.rounds, "measured", fake)
    file = tmp_path / "x.json"
    assert command.main(["sum", "--rounds", "2", "--json", str(file)]) == 1
    said = capsys.readouterr()
    assert "1.00 ms" in said.out and "RuntimeError: no" in said.out and "Traceback" in said.err
    assert load_results(file)[1][0].sides["PyTorch"].error == "RuntimeError: no"
    assert command.main(["sum", "--sides", "minibig"]) == 0


def test_a_workload_with_a_limit_measures_it_on_minibigs_side_only():
    limit = Limit("nothing", lambda: {"a": dict, "b": dict})
    sides = {"minibig": Side(lambda: dict, ("minibig",)), "peer": Side(lambda: dict, ("json",))}
    workload = Workload("x", "x", sides, limit=limit)
    assert benchmarks.process.measure(workload, "minibig")["limit"] > 0
    assert benchmarks.process.measure(workload, "peer")["limit"] == 0


def test_the_script_for_a_gpu_answers_help_and_a_mistake():
    for word, code in (("--help", 0), ("--nonsense", 2)):
        script = [sys.executable, str(ROOT / "benchmarks" / "gpu_check.py"), word]
        done = subprocess.run(script, capture_output=True, text=True, timeout=60)
        assert done.returncode == code and "Traceback" not in done.stderr


def test_where_the_time_goes_adds_up():
    found = account(WORKLOADS["step-small"], quick=True)
    rows = {row.name: row for row in in_short(found)}
    assert sum(row.whole for row in rows.values()) == pytest.approx(found.whole, rel=0.2)
    assert rows["linear"].calls == 3 and rows["linear"].backward > 0
    assert {name for name, row in rows.items() if row.limit} == set(
        gpt_step.forward_products(gpt_step.Sizes(1, 1, 1, 1, 1, 1))
    )
    text = account_table(found, "products")
    assert max(map(columns_of, text.split("\n"))) <= WIDTH and "feed_forward" in text


def test_what_is_wrapped_is_put_back_and_a_formula_keeps_what_it_calls():
    import minibig as mb

    clock, before = Clock(), type(mb.softmax).__call__
    with clocked(clock):
        x = mb.tensor([[1.0, 2.0]], requires_grad=True)
        with mb.reference():
            mb.cross_entropy(x, mb.tensor([1])).backward()
    assert type(mb.softmax).__call__ is before
    forward = {name for name, direction in clock.seconds if direction == "forward"}
    assert forward == {"cross_entropy"}
    assert clock.calls["the backward pass itself", "backward"] == 1
    mb.exp(x)
    assert "exp" not in {name for name, _ in clock.seconds}


def test_the_clock_gives_each_moment_to_one_name():
    clock, times = Clock(), iter([0.0, 1.0, 3.0, 7.0])
    with mock.patch("time.perf_counter", lambda: next(times)):
        inner = lambda: clock.run(("b", "forward"), True, lambda: None)
        clock.run(("a", "forward"), False, inner)
    assert clock.seconds == {("a", "forward"): 1.0 + 4.0, ("b", "forward"): 2.0}


def test_the_learning_rate_of_nanogpt_is_that_of_its_formula():
    rates = [
        nanogpt_run.learning_rate(step, nanogpt_run.Sizes()) for step in (0, 99, 100, 1050, 2000)
    ]
    assert rates == pytest.approx([1e-3 / 101, 100e-3 / 101, 1e-3, 0.55e-3, 1e-4])


def test_the_table_in_the_readme_is_what_the_command_makes_of_the_stored_results(tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    copy = tmp_path / "README.md"
    copy.write_text(text, encoding="utf-8")
    for file in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        assert command.main(["readme", str(file), "--into", str(copy)]) == 0
        if copy.read_text(encoding="utf-8") == text:
            return
    raise AssertionError("python -m benchmarks readme FILE makes another table")


def test_a_file_that_cannot_take_the_results_is_told_before_anything_is_measured(tmp_path, capsys):
    file = tmp_path / "x.json"
    file.write_text("{}")
    assert command.main(["sum", "--json", str(file)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "must have a 'machine'" in said.err
    with pytest.raises(SystemExit):
        command.main(["--rounds", "x"])
    assert "it must be a whole number of at least 1; got x" in capsys.readouterr().err


def test_a_reader_that_has_enough_ends_it_without_a_traceback():
    code = "import sys; from benchmarks.__main__ import main; sys.exit(main(['list']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
