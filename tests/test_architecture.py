"""The rules of the house, read off the source: layers, sizes, names, what may not be there."""

import ast
import functools
import importlib
import inspect
import io
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import minibig

ROOT = Path(minibig.__file__).parent
LAYERS = [
    "required",
    "backend",
    "other_names",
    "contents",
    "settings",
    "stopping",
    "numpy_functions",
    "text_layout",
    "files",
    "autograd",
    "ops",
    "kernels",
    "nn",
    "optim",
    "tokenizers",
    "models",
    "generation",
    "data",
    "objectives",
    "evaluation",
    "pictures",
    "planning",
    "storage",
    "distributed",
    "training",
    "dialogue",
    "finetuning",
    "adaptation",
    "compression",
    "explanation",
    "diagnosis",
    "recipes",
    "cli",
]
FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "conftest.py")


def package_of(path):
    """The package of a file, below minibig: "ops", or "kernels.cuda"."""
    return ".".join(path.parent.relative_to(ROOT).parts)


PACKAGES = sorted({package_of(path) for path in FILES if path.parent != ROOT})
FORBIDDEN = {
    "torch",
    "transformers",
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
}
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
each_package = pytest.mark.parametrize("package", PACKAGES)


@functools.cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path):
    parts = ("minibig", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def imports_of(path):
    """The names of the modules that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= submodules or {node.module}
    return found


def functions_of(path):
    return [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.FunctionDef | ast.Lambda)]


@each_file
def test_imports_go_up_the_layers_only(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if own not in LAYERS:
        return
    for name in imports_of(path):
        if name.startswith("minibig."):
            layer = name.split(".")[1]
            assert layer in LAYERS, f"{layer} is not among the layers of the design"
            assert LAYERS.index(layer) <= LAYERS.index(own), f"{own} imports {name}"


def test_every_package_is_one_of_the_layers():
    assert {package.split(".")[0] for package in PACKAGES} <= set(LAYERS)


@each_package
def test_modules_of_a_package_do_not_import_each_other_in_a_circle(package):
    inside = {
        name: imports_of(path) & MODULES.keys()
        for name, path in MODULES.items()
        if package_of(path) == package and path.name != "__init__.py"
    }
    while ready := [name for name, needs in inside.items() if not needs & inside.keys()]:
        for name in ready:
            del inside[name]
    assert not inside, f"a circle among {sorted(inside)}"


@each_file
def test_no_module_imports_its_own_package(path):
    if path.name != "__init__.py":
        assert module_name(path).rpartition(".")[0] not in imports_of(path)


@each_file
def test_nothing_forbidden_is_imported_or_called(path):
    assert not {name.split(".")[0] for name in imports_of(path)} & FORBIDDEN
    calls = [n.func for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call)]
    assert not {f.id for f in calls if isinstance(f, ast.Name)} & {"eval", "exec", "__import__"}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), "bare except"


def test_nothing_is_unpickled_or_evaluated_anywhere_not_even_in_tests():
    """A grep through everything that is Python here; strings that name a pickle may stand."""
    root = ROOT.parent
    paths = [*FILES, *(p for name in ("tests", "benchmarks") for p in (root / name).rglob("*.py"))]
    modules, calls = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve"}, {"eval", "exec"}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
                assert not names & modules, f"{path} imports {names & modules}"
            elif isinstance(node, ast.Call):
                name = getattr(node.func, "id", "")
                assert name not in calls, f"{path}, line {node.lineno}: {name}()"
            elif isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "weights_only"):
                safe = node.arg == "weights_only"
                assert getattr(node.value, "value", None) is safe, f"{path}: {node.arg}"


@each_file
def test_files_and_functions_are_short_and_constructors_take_few_arguments(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    for node in functions_of(path):
        name = getattr(node, "name", "lambda")
        assert node.end_lineno - node.lineno < 50, name
        if name == "__init__":
            count = len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)
            assert count <= 9, f"{count - 1} arguments of a constructor in line {node.lineno}"


@each_file
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(tree_of(path)), "no docstring"
    assert "TODO" not in path.read_text(encoding="utf-8")


def names_of(package):
    """What a package offers: its `__all__`, or what its `__init__.py` imports."""
    module = importlib.import_module(f"minibig.{package}")
    if package not in ("backend", "autograd", "ops"):
        return module.__all__
    imports = [n for n in tree_of(Path(module.__file__)).body if isinstance(n, ast.ImportFrom)]
    assert len(imports) == len(tree_of(Path(module.__file__)).body) - 1, "more than imports"
    return [alias.asname or alias.name for node in imports for alias in node.names]


@each_package
def test_public_names_are_listed_and_explained(package):
    module, names = importlib.import_module(f"minibig.{package}"), names_of(package)
    assert names == sorted(set(names), key=names.index)
    for name in names:
        value = getattr(module, name)
        if callable(value) or inspect.ismodule(value):
            assert inspect.getdoc(value), f"{package}.{name} has no docstring"


def test_no_public_name_of_minibig_is_a_package_or_shadows_one():
    for name in LAYERS:
        assert inspect.ismodule(getattr(minibig, name, minibig)), f"minibig.{name} hides a package"


def test_importing_minibig_prints_nothing_and_imports_nothing_heavy():
    code = "import sys, minibig; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1
    heavy = {"cupy", "matplotlib", "tqdm", "torch", "transformers", "mpi4py", "scipy"}
    assert not set(done.stdout.split()) & heavy


def lines_of_code(path):
    """How many lines hold code: blank lines, comments and docstrings do not count."""
    source = path.read_text(encoding="utf-8")
    air = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in {*air, tokenize.ENDMARKER}:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def test_the_engine_can_be_read_in_a_weekend():
    engine = [path for path in FILES if path.parent.name in ("backend", "autograd", "ops")]
    assert sum(map(lines_of_code, engine)) <= 2665


def lines_in_all(package):
    paths = (ROOT / package).rglob("*.py")
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def test_the_command_keeps_to_options_printing_and_keys():
    """What a Python user could want as well lies in other packages."""
    assert lines_in_all("cli") <= 1300


def test_no_package_grows_out_of_a_readers_hands():
    sizes = {package: lines_in_all(package) for package in {p.split(".")[0] for p in PACKAGES}}
    assert {package: n for package, n in sizes.items() if n > 2388} == {}


def rules():
    """The functions that are derivative rules: the arguments of defvjp."""
    for path in FILES:
        if path.parent.name not in ("autograd", "ops"):
            continue
        named = {n.name: n for n in functions_of(path) if isinstance(n, ast.FunctionDef)}
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "defvjp":
                for keyword in node.keywords:
                    yield path, named.get(getattr(keyword.value, "id", ""), keyword.value)


def test_rules_call_no_function_that_python_would_answer_silently():
    found = list(rules())
    assert len(found) > 30
    for path, rule in found:
        for node in ast.walk(rule):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                silent = node.func.id in {"sum", "max", "min", "pow", "round", "any", "all"}
                assert not silent, f"{path.name}, line {node.lineno}: {node.func.id}() in a rule"
