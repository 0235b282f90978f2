"""Where a package is missing, the command says so in one line, and `import minibig` fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = "import sys\nfrom minibig.cli import main\nsys.exit(main())\n"  # as pip installs it


def without(package, folder, *command):
    """Run Python where importing a package fails as it does where there is none."""
    hidden = f'raise ModuleNotFoundError("No module named {package!r}", name="{package}")\n'
    (folder / "hidden").mkdir(exist_ok=True)
    (folder / "hidden" / f"{package}.py").write_text(hidden)
    paths = os.pathsep.join([str(folder / "hidden"), str(ROOT)])
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "MINIBIG_THREADS": "1"},
        timeout=120,
    )


@pytest.mark.parametrize("name", ["minibig", "minibig.exe", None])
def test_without_numpy_the_command_is_one_line(tmp_path, name):
    (tmp_path / (name or "other")).write_text(SCRIPT)
    done = without("numpy", tmp_path, *([tmp_path / name] if name else ["-m", "minibig"]), "doctor")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "minibig: minibig needs NumPy, which cannot be imported. Get it with: "
        'pip install --force-reinstall "numpy>=2.0"\n'
    )


def test_without_numpy_importing_minibig_is_an_import_error_with_its_cause(tmp_path):
    code = "try:\n    import minibig\nexcept ImportError as e:\n    print(e, '|', e.__cause__)"
    done = without("numpy", tmp_path, "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    sentence, _, cause = done.stdout.partition(" | ")
    assert sentence.startswith("minibig needs NumPy, which cannot be imported. Get it with: pip")
    assert cause == "No module named 'numpy'\n"


@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("regex", ["tokenize", "train", "--data", "a.txt", "--out", "tokenizer"]),
        ("matplotlib", ["plot", "run"]),
    ],
)
def test_what_only_some_commands_need_is_one_line_too(tmp_path, package, arguments):
    (tmp_path / "a.txt").write_text("some text " * 50)
    (tmp_path / "run").mkdir()
    record = '{"format": "minibig run", "settings": {}, "text": {}, "versions": {}}'
    (tmp_path / "run" / "run.json").write_text(record)
    (tmp_path / "run" / "metrics.jsonl").write_text('{"step": 1, "loss": 1.0}\n')
    done = without(package, tmp_path, "-m", "minibig", *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    complaint = f"minibig: {package} is not installed. Get it with: pip install {package}\n"
    assert done.stderr == complaint


def test_the_doctor_finds_what_is_missing(tmp_path):
    done = without("regex", tmp_path, "-m", "minibig", "doctor")
    assert (done.returncode, done.stderr) == (1, "")
    assert "!! regex" in done.stdout and done.stdout.endswith("broken: regex\n")
