"""Jinja2's syntax tree rewritten, so that what compiles to bare Python asks first whether a symbol is there.

`a and b` becomes `operators.both(b if branches.begin(a) else None)`, and an `if`

    {% if a %}X{% else %}Y{% endif %}

becomes, with the names that X and Y set spoiled where other recipients pass,

    {% if branches.begin(a) %}{{ branches.opening() }}X{% endif %}
    {% if branches.other() %}{{ branches.middle() }}Y{% endif %}
    {{ branches.closing() }}{% do branches.end() %}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

AnyCall = TypeVar("AnyCall", nodes.Call, nodes.Filter, nodes.Test)
AnyLoading = TypeVar("AnyLoading", nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


def rewrite(template: nodes.Template) -> nodes.Template:
    """Return the syntax tree of a template with its operators, conditions and loops rewritten."""
    rewritten = _Rewriter().visit(template)
    assert isinstance(rewritten, nodes.Template)
    return rewritten


class _Rewriter(NodeTransformer):
    # Statements

    def visit_If(self, node: nodes.If) -> list[nodes.Node]:
        if node.elif_:
            first, *others = node.elif_
            node.else_ = [nodes.If(first.test, first.body, others, node.else_, lineno=first.lineno)]
            node.elif_ = []
        self.generic_visit(node)
        line = node.lineno
        set_first, set_last = _names_set(node.body), _names_set(node.else_)
        node.test = _call("branches.begin", line, node.test)
        other_branch = [
            *_spoil(set_first, "branches.is_deferred", line),
            _print("branches.middle", line),
            *node.else_,
        ]
        node.body = [_print("branches.opening", line), *node.body]
        statements: list[nodes.Node] = [node]
        if node.else_:
            node.else_ = []
            statements.append(nodes.If(_call("branches.other", line), other_branch, [], [], lineno=line))
        statements.append(_print("branches.closing", line))
        return [*statements, *_spoil(set_first | set_last, "branches.end", line, always=True)]

    def visit_For(self, node: nodes.For) -> list[nodes.Node]:
        self.generic_visit(node)
        line = node.lineno
        if node.test:
            node.test = _call("operators.settled", node.test.lineno, node.test)
        if node.recursive:
            node.iter = _call("operators.settled", line, node.iter)
            node.body = [_do("branches.step", line), *node.body]
            return [node]
        with_loop = any(name.name == "loop" for part in node.body for name in _names_in(part))
        targets = nodes.Const(_target_names(node.target), lineno=line)
        node.iter = _call("branches.each", line, node.iter, targets, nodes.Const(with_loop, lineno=line))
        node.body = [_do("branches.enter", line), _print("branches.opening", line), *node.body]
        statements: list[nodes.Node] = [node]
        if node.else_:
            # What the else of a loop sets is not seen after it.
            scope = nodes.Scope([_print("branches.middle", line), *node.else_], lineno=line)
            statements.append(nodes.If(_call("branches.other", line), [scope], [], [], lineno=line))
            node.else_ = []
        return [*statements, _print("branches.closing", line), _do("branches.end", line)]

    def visit_Assign(self, node: nodes.Assign) -> list[nodes.Node]:
        self.generic_visit(node)
        if isinstance(node.target, nodes.Tuple):
            node.node = _call("branches.unpacked", node.lineno, node.node)
        return [*_guard_state(node), node]

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> list[nodes.Node]:
        self.generic_visit(node)
        return [*_guard_state(node), node]

    def visit_With(self, node: nodes.With) -> nodes.With:
        self.generic_visit(node)
        node.values = [
            _call("branches.unpacked", node.lineno, value) if isinstance(target, nodes.Tuple) else value
            for target, value in zip(node.targets, node.values, strict=True)
        ]
        return node

    def visit_Extends(self, node: nodes.Extends) -> list[nodes.Node]:
        what = nodes.Const("the layout that a template extends", lineno=node.lineno)
        guard = nodes.ExprStmt(_call("branches.unchanged", node.lineno, what), lineno=node.lineno)
        return [guard, self._settle(node)]

    def visit_Include(self, node: nodes.Include) -> nodes.Node:
        return self._settle(node)

    def visit_Import(self, node: nodes.Import) -> nodes.Node:
        return self._settle(node)

    def visit_FromImport(self, node: nodes.FromImport) -> nodes.Node:
        return self._settle(node)

    def _settle(self, node: AnyLoading) -> AnyLoading:
        self.generic_visit(node)
        if not isinstance(node.template, nodes.Const):
            node.template = _call("operators.settled", node.lineno, node.template)
        return node

    # Expressions

    def visit_And(self, node: nodes.And) -> nodes.Expr:
        self.generic_visit(node)
        opened = _call("branches.begin", node.lineno, node.left)
        return _call("operators.both", node.lineno, _when(opened, node.right))

    def visit_Or(self, node: nodes.Or) -> nodes.Expr:
        self.generic_visit(node)
        opened = _call("branches.begin_unless", node.lineno, node.left)
        return _call("operators.either", node.lineno, _when(opened, node.right))

    def visit_Not(self, node: nodes.Not) -> nodes.Expr:
        self.generic_visit(node)
        return _call("operators.negate", node.lineno, node.node)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Expr:
        self.generic_visit(node)
        line = node.lineno
        first = _when(_call("branches.begin", line, node.test), node.expr1)
        second = _when(_call("branches.other", line), node.expr2 or _call("operators.nothing", line))
        return _call("operators.chosen", line, first, second)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Expr:
        self.generic_visit(node)
        pairs = [(nodes.Const(operand.op, lineno=node.lineno), operand.expr) for operand in node.ops]
        return _call("operators.compare", node.lineno, node.expr, *(part for pair in pairs for part in pair))

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:
        self.generic_visit(node)
        return _call("operators.concat", node.lineno, *node.nodes)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        parts = (part or nodes.Const(None) for part in (node.arg.start, node.arg.stop, node.arg.step))
        return _call("operators.sliced", node.lineno, node.node, *parts)

    def visit_Call(self, node: nodes.Call) -> nodes.Call:
        return self._unpack(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Filter:
        return self._unpack(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Test:
        return self._unpack(node)

    def _unpack(self, node: AnyCall) -> AnyCall:
        self.generic_visit(node)
        if node.dyn_args:
            node.dyn_args = _call("branches.unpacked", node.lineno, node.dyn_args)
        return node


def _call(method: str, line: int, *arguments: nodes.Node) -> nodes.Call:
    """Return the call of a method of `branches` or `operators`, which stand in the environment."""
    return nodes.Call(nodes.EnvironmentAttribute(method), list(arguments), [], None, None, lineno=line)


def _print(method: str, line: int) -> nodes.Output:
    return nodes.Output([_call(method, line)], lineno=line)


def _do(method: str, line: int) -> nodes.ExprStmt:
    return nodes.ExprStmt(_call(method, line), lineno=line)


def _when(condition: nodes.Expr, value: nodes.Expr) -> nodes.CondExpr:
    return nodes.CondExpr(condition, value, nodes.Const(None), lineno=condition.lineno)


def _spoil(names: set[str], condition: str, line: int, *, always: bool = False) -> list[nodes.Node]:
    """Return what spoils `names` if `condition` holds; with `always` it is asked even without names."""
    if not names:
        return [_do(condition, line)] if always else []
    assignments: list[nodes.Node] = [
        nodes.Assign(nodes.Name(name, "store"), _call("branches.spoil", line, nodes.Const(name)), lineno=line)
        for name in sorted(names)
    ]
    return [nodes.If(_call(condition, line), assignments, [], [], lineno=line)]


def _guard_state(node: nodes.Assign | nodes.AssignBlock) -> list[nodes.Node]:
    """Return the check before an assignment to a namespace's attribute, which outlives any scope."""
    if not isinstance(node.target, nodes.NSRef) and node.target.find(nodes.NSRef) is None:
        return []
    what = nodes.Const("a namespace", lineno=node.lineno)
    return [nodes.ExprStmt(_call("branches.unchanged", node.lineno, what), lineno=node.lineno)]


def _names_set(body: Iterable[nodes.Node]) -> set[str]:
    """Return the names that `body` leaves set in the scope it stands in."""
    names = set[str]()
    for node in body:
        match node:
            case nodes.Assign(target=target) | nodes.AssignBlock(target=target):
                names.update(name.name for name in _names_in(target))
            case nodes.Macro(name=str(name)) | nodes.Import(target=str(name)):
                names.add(name)
            case nodes.FromImport(names=imported):
                names.update(item if isinstance(item, str) else item[1] for item in imported)
            case nodes.If():
                names |= _names_set([*node.body, *node.else_])
    return names


def _names_in(node: nodes.Node) -> Iterable[nodes.Name]:
    return [node] if isinstance(node, nodes.Name) else node.find_all(nodes.Name)


def _target_names(target: nodes.Node) -> tuple[str, ...] | None:
    items: list[Any] = target.items if isinstance(target, nodes.Tuple) else [target]
    return tuple(item.name for item in items) if all(isinstance(item, nodes.Name) for item in items) else None
