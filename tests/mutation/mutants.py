"""Mutants: a rule with one operator, constant, name or call changed, or one statement left out."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType

from .rules import Function, Rule

SWAPPED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.Lt: ast.GtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
RENAMED = {
    "maximum": "minimum", "minimum": "maximum", "add": "subtract", "subtract": "add",
    "multiply": "divide", "divide": "multiply", "greater": "less", "sum": "max", "max": "min",
    "min": "max", "exp": "log", "log": "exp", "sqrt": "square", "cos": "sin", "sin": "cos",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A rule, what was changed in it, and the code that stands for it then."""

    rule: Rule
    line: int
    change: str
    code: CodeType

    def __str__(self) -> str:
        return f"{self.rule}, line {self.line}: {self.change}"


def mutants_of(rule: Rule) -> list[Mutant]:
    """Every mutant of a rule, each once, and none that reads as the rule itself."""
    found, seen = [], {ast.unparse(rule.node)}
    body = rule.node.body if isinstance(rule.node, ast.FunctionDef) else [rule.node.body]
    inside = {id(node) for statement in body for node in ast.walk(statement)}
    for place, node in enumerate(ast.walk(rule.node)):
        if id(node) not in inside:
            continue
        for change in changes(node, parameters(rule.node)):
            mutated = copy.deepcopy(rule.node)
            target = list(ast.walk(mutated))[place]
            new = change(copy.deepcopy(target))
            mutated = _Replacement(target, new).visit(mutated)
            text = ast.unparse(mutated)
            if text not in seen:
                seen.add(text)
                description = f"{ast.unparse(node)}  ->  {ast.unparse(new)}"
                found.append(Mutant(rule, node.lineno, description, compiled(rule, mutated)))
    return found


def parameters(node: Function) -> list[str]:
    """The names that a function is called with."""
    arguments = node.args
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def compiled(rule: Rule, node: Function) -> CodeType:
    """The code of a function, without running what defines it."""
    statement: ast.stmt
    if isinstance(node, ast.FunctionDef):
        node.decorator_list = []
        statement = node
    else:
        statement = ast.copy_location(ast.Expr(node), node)
    module = ast.fix_missing_locations(ast.Module([statement], type_ignores=[]))
    code = compile(module, str(rule.path), "exec")
    return next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name != "<module>")


def noting(rule: Rule, called: str, number: int) -> CodeType:
    """The rule, which now adds `number` to the set that its module knows as `called`."""
    node = copy.deepcopy(rule.node)
    note = ast.parse(f"{called}.add({number})", mode="eval").body
    if isinstance(node, ast.FunctionDef):
        node.body.insert(0, ast.Expr(note))
    else:
        both = ast.Tuple([note, node.body], ast.Load())
        node.body = ast.Subscript(both, ast.Constant(1), ast.Load())
    return compiled(rule, node)


Change = Callable[[ast.AST], ast.AST]


def changes(node: ast.AST, names: list[str]) -> Iterator[Change]:
    """What can be done to a node."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in SWAPPED:
        yield lambda n: _with(n, op=SWAPPED[type(n.op)]())
    if isinstance(node, ast.BinOp):
        yield lambda n: n.left
        yield lambda n: n.right
    elif isinstance(node, ast.BoolOp):
        yield lambda n: _with(n, op=SWAPPED[type(n.op)]())
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SWAPPED:
        yield lambda n: _with(n, ops=[SWAPPED[type(n.ops[0])]()])
    elif isinstance(node, ast.UnaryOp):
        yield lambda n: n.operand
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield lambda n: _with(n, id=names[(names.index(n.id) + 1) % len(names)])
    elif isinstance(node, ast.Attribute) and node.attr in RENAMED:
        yield lambda n: _with(n, attr=RENAMED[n.attr])
    elif _is_function_of_one(node):
        yield lambda n: n.args[0]
    elif isinstance(node, ast.IfExp):
        yield lambda n: _with(n, body=n.orelse, orelse=n.body)
    elif isinstance(node, ast.If):
        yield lambda n: _with(n, test=ast.UnaryOp(ast.Not(), n.test))
    if isinstance(node, ast.AugAssign) or _is_call(node):
        yield lambda n: ast.copy_location(ast.Pass(), n)


def _constants(node: ast.Constant) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield lambda n: _with(n, value=not n.value)
    elif isinstance(node.value, int | float):
        yield lambda n: _with(n, value=n.value + 1)
        yield lambda n: _with(n, value=2 * n.value if n.value not in (0, 1) else 2 - n.value)


def _is_function_of_one(node: ast.AST) -> bool:
    """Whether a node is f(x), also with keywords, of which x could be left."""
    one = isinstance(node, ast.Call) and len(node.args) == 1
    return one and not isinstance(node.args[0], ast.Starred)


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    for name, value in fields.items():
        setattr(node, name, value)
    return node


class _Replacement(ast.NodeTransformer):
    """Another node in the place of one."""

    def __init__(self, target: ast.AST, new: ast.AST) -> None:
        self.target, self.new = target, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.target else self.generic_visit(node)
