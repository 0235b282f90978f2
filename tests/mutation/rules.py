"""Where the derivatives are written: found in the source, so that new ones are found by themselves.

A rule is what is given to `defvjp` or stands below a `vjp` decorator; the kernels are the functions
of the files in which a `kernel` decorator stands. What they call in their own file belongs to them.
The kernels for CUDA are left out: no test can run them where there is no card.
"""

import ast
import collections
import gc
import importlib
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

import minibig

ROOT = Path(minibig.__file__).parent
PACKAGES = ("autograd", "ops", "kernels")
Function = ast.FunctionDef | ast.Lambda


@dataclass(frozen=True)
class Rule:
    """A function in the source, and the living one that was made of it."""

    path: Path
    name: str
    node: Function
    function: FunctionType

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.node.lineno} {self.name}"


def all_rules() -> list[Rule]:
    """Every rule and every function of a kernel, in the order of the source."""
    nodes = {}
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).glob("*.py")):
        if here := rule_nodes(ast.parse(path.read_text(encoding="utf-8"))):
            importlib.import_module(f"minibig.{path.parent.name}.{path.stem}")
            nodes[path] = here
    functions = living_functions()
    return [
        Rule(path, name, node, living(functions, path, node))
        for path, here in nodes.items()
        for name, node in here
    ]


def rule_nodes(tree: ast.Module) -> list[tuple[str, Function]]:
    """The rules in a file, each with a name to tell it by."""
    named = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found: dict[str, Function] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "defvjp":
            for keyword in node.keywords:
                name = f"{ast.unparse(node.func.value)}.{keyword.arg}"
                if isinstance(keyword.value, ast.Lambda):
                    found[name] = keyword.value
                else:
                    found[keyword.value.id] = named[keyword.value.id]
    if any(_has(node, "kernel") for node in named.values()):
        found |= named
    found |= {name: node for name, node in named.items() if _has(node, "vjp")}
    waiting = list(found.values())
    while waiting:
        for node in ast.walk(waiting.pop()):
            name = node.id if isinstance(node, ast.Name) else ""
            if name in named and name not in found and not named[name].decorator_list:
                found[name] = named[name]
                waiting.append(named[name])
    return sorted(found.items(), key=lambda item: (item[1].lineno, item[1].col_offset))


def _has(node: ast.FunctionDef, name: str) -> bool:
    """Whether a decorator `something.name` stands above a function."""
    decorators = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    return any(getattr(decorator, "attr", "") == name for decorator in decorators)


def living_functions() -> dict[tuple[str, str], list[FunctionType]]:
    """The functions that there are, by the file in which they stand and their name."""
    functions = collections.defaultdict(list)
    for function in gc.get_objects():
        if type(function) is FunctionType:  # isinstance would ask strangers, who may warn
            code = function.__code__
            functions[code.co_filename, code.co_name].append(function)
    return functions


def living(
    functions: dict[tuple[str, str], list[FunctionType]], path: Path, node: Function
) -> FunctionType:
    """The function that runs when this piece of source is meant."""
    name = getattr(node, "name", "<lambda>")
    found = [f for f in functions[str(path), name] if _stands_at(f.__code__, node)]
    assert len(found) == 1, f"{path.name}, line {node.lineno}: {len(found)} functions"
    return found[0]


def _stands_at(code: CodeType, node: Function) -> bool:
    if isinstance(node, ast.FunctionDef):
        return code.co_firstlineno == min(n.lineno for n in (node, *node.decorator_list))
    body = node.body
    place = (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset)
    return place in set(code.co_positions())
