"""Jinja2, cut down to what a text message needs, and bounded: whatever a template says, rendering it ends soon.

Three fences. The *language*: only the constructs, filters, tests and methods named here compile, so nothing can reach
Python's internals, other files or an unbounded formatter. *Size*: every operation that can make a text or a number grow
(``+ * ~``, ``replace``, ``join``, a loop) looks at the result before making it. *Work*: each pass of a loop costs as
much as its body has nodes, and a render may spend `MAX_WORK`; the bound counts operations, not seconds, so that the
same template fails the same way on every machine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.visitor import NodeTransformer

from mesms_gitops.manifests.parser_words import jinja_words
from mesms_gitops.manifests.scalars import Misfit, near_miss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jinja2 import Template as Compiled

MAX_OUTPUT: Final = 4_000
"""Characters; four times what ME-SMS accepts, so that "too long" can be told from "without end"."""
MAX_WORK: Final = 50_000
MAX_RANGE: Final = 1_000
MAX_NUMBER: Final = 10**15


class TemplateMisfit(Misfit):
    """A template that does not compile, or does not render; ``line`` counts from 1 within the template.

    ``sign`` is a word of that line which it is about, empty if none can be told; ``others`` are its like.
    """

    def __init__(
        self,
        code: str,
        message: str,
        next_step: str,
        *,
        line: int | None = None,
        why: str | None = None,
        sign: str = "",
    ) -> None:
        super().__init__(code, message, next_step, why=why)
        self.line = line
        self.sign = sign
        self.others: tuple[TemplateMisfit, ...] = ()


class _TooMuch(SecurityError):
    """Over a bound of size or work."""


class _NotForMessages(SecurityError):
    """Outside the language; its words hold nothing but what the template's author wrote."""


_ALLOWED_NODES: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Filter, nodes.Test, nodes.If,
    nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Concat, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Call, nodes.Assign, nodes.List, nodes.Tuple, nodes.Keyword,
)  # fmt: skip
ALLOWED_FILTERS: Final = (
    "abs", "capitalize", "count", "d", "default", "first", "float", "int", "join", "last", "length", "list", "lower",
    "replace", "round", "string", "title", "trim", "truncate", "upper",
)  # fmt: skip
ALLOWED_TESTS: Final = (
    "!=", "<", "<=", "==", ">", ">=", "defined", "divisibleby", "eq", "equalto", "even", "ge", "greaterthan", "gt",
    "in", "integer", "le", "lessthan", "lower", "lt", "ne", "none", "number", "odd", "string", "undefined", "upper",
)  # fmt: skip
ALLOWED_METHODS: Final = frozenset(
    {
        "capitalize", "endswith", "isdigit", "lower", "lstrip", "replace", "rstrip", "split", "startswith", "strip",
        "title", "upper",
    }
)  # fmt: skip
_LOOP_ATTRIBUTES: Final = frozenset(
    {"cycle", "first", "index", "index0", "last", "length", "nextitem", "previtem", "revindex"}
)


# --- bounds -----------------------------------------------------------------------------------------------------------


def _bounded(value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > MAX_OUTPUT:
        raise _TooMuch(f"a value of more than {MAX_OUTPUT:,} characters")
    if isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise _TooMuch("a number of more than 15 digits")
    return value


def _effort(*values: Any) -> int:
    """What working on ``values`` costs: more where they are long."""
    return 1 + sum(len(value) for value in values if isinstance(value, str | list | tuple)) // 50


def _bounded_range(*bounds: Any) -> range:
    made = range(*map(int, bounds))
    if len(made) > MAX_RANGE:
        raise _TooMuch(f"a range of {len(made):,} numbers; at most {MAX_RANGE:,}")
    return made


def _check_replace(value: Any, old: Any, new: Any, *_: Any) -> None:
    whole, old, new = str(value), str(old), str(new)
    if len(whole) + whole.count(old) * (len(new) - len(old)) > MAX_OUTPUT:
        raise _TooMuch(f"a replacement of more than {MAX_OUTPUT:,} characters")


def _check_join(value: Any, separator: Any = "", attribute: Any = None) -> None:
    if attribute is not None:
        raise _NotForMessages("join takes no attribute in a message")
    items = list(value)
    if sum(len(str(item)) for item in items) + len(str(separator)) * max(0, len(items) - 1) > MAX_OUTPUT:
        raise _TooMuch(f"a joined text of more than {MAX_OUTPUT:,} characters")


def _check_round(_: Any, precision: Any = 0, *__: Any) -> None:
    if not isinstance(precision, int) or not -15 <= precision <= 15:
        raise _TooMuch("a rounding to more than 15 places")


_CHECKS: Final[dict[str, Callable[..., None]]] = {"replace": _check_replace, "join": _check_join, "round": _check_round}


def _fenced(name: str) -> Callable[..., Any]:
    """Jinja2's filter of that name, looking before it grows."""
    original, check = FILTERS[name], _CHECKS.get(name)
    passed = getattr(original, "jinja_pass_arg", None)

    @pass_context
    def fenced(context: BoundedContext, /, *args: Any, **rest: Any) -> Any:
        context.spend(_effort(*args, *rest.values()))
        for value in (*args, *rest.values()):
            if isinstance(value, str | list | tuple):
                _bounded(value)
        if check is not None:
            check(*args, **rest)
        first = {"environment": context.environment, "eval_context": context.eval_ctx}.get(
            passed.name if passed else ""
        )
        return _bounded(original(*args, **rest) if first is None else original(first, *args, **rest))

    return fenced


class BoundedContext(Context):
    """What one render may still spend."""

    work = 0

    def spend(self, amount: int) -> None:
        """Count ``amount`` operations."""
        self.work += amount
        if self.work > MAX_WORK:
            raise _TooMuch(f"more than {MAX_WORK:,} operations")


def _printable(value: Any) -> Any:
    """Only text and numbers can be printed into a message: a list or None in it is a mistake."""
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, StrictUndefined):
        return str(value)  # raises, with the name that is undefined
    kind = "nothing" if value is None else "true or false" if isinstance(value, bool) else f"a {type(value).__name__}"
    raise _NotForMessages(f"{kind} would be printed, not a text or a number")


_SYMBOLS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
    "%": lambda left, right: left % right,
}


class MessageEnvironment(ImmutableSandboxedEnvironment):
    """The fences, as Jinja2 wants them."""

    intercepted_binops = frozenset(_SYMBOLS)
    context_class = BoundedContext

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, finalize=_printable, autoescape=False)
        self.filters = {name: _fenced(name) for name in ALLOWED_FILTERS}
        self.tests = {name: TESTS[name] for name in ALLOWED_TESTS}
        self.globals = {"range": _bounded_range}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002  (Jinja2 passes it)
        """A few methods of text, a few facts about a loop; nothing else has attributes here."""
        if isinstance(obj, str):
            return attr in ALLOWED_METHODS
        return isinstance(obj, LoopContext) and attr in _LOOP_ATTRIBUTES

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers; of texts only ``+``."""
        assert isinstance(context, BoundedContext)
        context.spend(1)
        if isinstance(left, StrictUndefined) or isinstance(right, StrictUndefined):
            return left + right  # raises, with the name that is undefined
        if isinstance(left, str) and isinstance(right, str) and operator == "+":
            return self.joined(left, right)
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise _NotForMessages(
                f"{operator} is for numbers; every value is text until it is made one with |int or |float"
            )
        return _bounded(_SYMBOLS[operator](_bounded(left), _bounded(right)))

    def call(self, context: Context, obj: Any, /, *args: Any, **rest: Any) -> Any:
        """Only what this environment hands out itself can be called."""
        assert isinstance(context, BoundedContext)
        context.spend(_effort(*args))
        rest = {key: value for key, value in rest.items() if not key.startswith("_")}  # _loop_vars, of compiled loops
        if obj == self.counted:
            return self.counted(context, *args)
        if obj in (self.joined, self.listed) or obj is _bounded_range:
            return _bounded(obj(*args, **rest))
        name, owner = getattr(obj, "__name__", ""), getattr(obj, "__self__", None)
        if isinstance(owner, str) and name in ALLOWED_METHODS:
            context.spend(_effort(owner))
            if name == "replace":
                _check_replace(owner, *args)
            return _bounded(obj(*args, **rest))
        if isinstance(owner, LoopContext) and name == "cycle":
            return obj(*args, **rest)
        if isinstance(obj, StrictUndefined):
            return obj()  # raises, with the name that is undefined
        raise _NotForMessages(f"{name or 'this value'} cannot be called in a message")

    @staticmethod
    def joined(*values: Any) -> str:
        """``a ~ b``."""
        texts = [str(_printable(value)) for value in values]
        if sum(map(len, texts)) > MAX_OUTPUT:
            raise _TooMuch(f"a text of more than {MAX_OUTPUT:,} characters")
        return "".join(texts)

    @staticmethod
    def listed(*values: Any) -> list[Any]:
        """``[a, b]``. No lists in it: twelve that hold each other eight times say as much as a library."""
        if any(isinstance(value, list | tuple | range | LoopContext) for value in values):
            raise _NotForMessages("a list holds texts and numbers, not other lists")
        if sum(len(value) for value in values if isinstance(value, str)) > MAX_OUTPUT:
            raise _TooMuch(f"a list of more than {MAX_OUTPUT:,} characters")
        return list(values)

    @staticmethod
    def counted(context: BoundedContext, values: Iterable[Any], weight: int) -> Iterator[Any]:
        """The items of a loop, each paid for as it is taken."""
        for value in values:
            context.spend(weight)
            yield value


# --- the language -----------------------------------------------------------------------------------------------------

_NODE_NAMES: Final = {
    "Pow": "**",
    "Dict": "a mapping",
    "CallBlock": "call",
    "FilterBlock": "filter",
    "AssignBlock": "set ... endset",
}


_WEIGHTS: Final[dict[type[nodes.Node], int]] = {nodes.Compare: 10, nodes.Test: 10, nodes.Slice: 10, nodes.Getitem: 3}
"""What looks at every character of a long value, in a loop; filters and calls count what they are given."""


class _Fence(NodeTransformer):
    """Notes what is not in the language, and puts the counters in. The methods' names are Jinja2's."""

    def __init__(self) -> None:
        self.faults: dict[str, TemplateMisfit] = {}

    def visit(self, node: nodes.Node, *args: Any, **rest: Any) -> Any:
        """As `NodeTransformer`, each kind of fault noted once; a construct that is refused is not looked into."""
        try:
            if not isinstance(node, _ALLOWED_NODES):
                kind = _NODE_NAMES.get(type(node).__name__, type(node).__name__.lower())
                _refuse(f"`{kind}` is not for messages", node, "use text, {{ }}, if, for and set", kind.split()[-1])
            return super().visit(node, *args, **rest)
        except TemplateMisfit as misfit:
            self.faults.setdefault(str(misfit.message), misfit)
            return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        if node.name not in ALLOWED_FILTERS:
            _unknown("filter", node.name, ALLOWED_FILTERS, node)
        return self.generic_visit(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802
        if node.name not in ALLOWED_TESTS:
            _unknown("test", node.name, ALLOWED_TESTS, node)
        return self.generic_visit(node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        allowed = ALLOWED_METHODS | _LOOP_ATTRIBUTES
        if node.attr not in allowed:
            _unknown("attribute", node.attr, sorted(allowed), node)
        return self.generic_visit(node)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if node.recursive:
            _refuse("a recursive loop is not for messages", node, "write a plain `for`")
        weight = 1 + sum(_WEIGHTS.get(type(inner), 1) for inner in node.find_all(nodes.Node))
        self.generic_visit(node)
        node.iter = _call("counted", [node.iter, nodes.Const(weight)], node.lineno)
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:  # noqa: N802
        if node.expr2 is None:  # `', ' if not loop.last`: nothing otherwise
            node.expr2 = nodes.Const("")
        return self.generic_visit(node)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _call("listed", node.items, node.lineno)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return node if node.ctx == "store" else _call("listed", node.items, node.lineno)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _call("joined", node.nodes, node.lineno)


def _call(method: str, args: list[Any], line: int) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(method), args, [], None, None, lineno=line)


def _refuse(message: str, node: nodes.Node, next_step: str, sign: str = "") -> None:
    raise TemplateMisfit("MS306", message, next_step, line=node.lineno, sign=sign)


def _unknown(kind: str, name: str, allowed: Iterable[str], node: nodes.Node) -> None:
    known = [word for word in allowed if word[0].isalpha()]
    near = near_miss(name, known)
    _refuse(
        f"the {kind} {name!r} is not available in messages",
        node,
        f"did you mean {near}?" if near else f"use {', '.join(known)}",
        name,
    )


# --- compiling and rendering ------------------------------------------------------------------------------------------

ENVIRONMENT: Final = MessageEnvironment()
"""The one in which every template is compiled."""


class Program:
    """One compiled template: the names it uses, and which of them may be missing or empty because it says what then."""

    __slots__ = ("_compiled", "literals", "may_be_empty", "names", "optional")

    def __init__(self, source: str) -> None:
        tree = _parse(source)
        self.optional, self.may_be_empty = _guarded(tree)
        self.literals = [data.data for data in tree.find_all(nodes.TemplateData)]
        fenced = _fence(tree)
        self.names = frozenset(meta.find_undeclared_variables(fenced)) - set(ENVIRONMENT.globals)
        self._compiled = compile_tree(fenced)

    def render(self, values: Mapping[str, str]) -> str:
        """The text for ``values``; a `TemplateMisfit` if it cannot be made within the bounds."""
        try:
            return self._run(dict(values))
        except TemplateMisfit:
            raise
        except UndefinedError as error:
            raise TemplateMisfit("MS307", _undefined(error), _PROVIDE) from None
        except _TooMuch as error:
            raise TemplateMisfit("MS310", f"the template makes {error.message}", _SHORTER) from None
        except _NotForMessages as error:
            raise TemplateMisfit("MS306", f"not for messages: {error.message}", _LANGUAGE) from None
        except SecurityError:
            raise TemplateMisfit("MS306", "not for messages: this reaches for more than text", _LANGUAGE) from None
        except Exception as error:
            # its words may quote what somebody's row holds
            raise TemplateMisfit(
                "MS314", f"the template cannot be rendered ({type(error).__name__})", "check its expressions"
            ) from None

    def _run(self, values: dict[str, Any]) -> str:
        for value in values.values():
            _bounded(value)
        context = self._compiled.new_context(values)
        written, length = [], 0
        for piece in self._compiled.root_render_func(context):
            written.append(piece)
            length += len(piece)
            if length > MAX_OUTPUT:
                raise _TooMuch(f"more than {MAX_OUTPUT:,} characters")
        return "".join(written)


_SHORTER: Final = "make it shorter; a message has at most 1,000 characters"
_LANGUAGE: Final = "use text, {{ }}, if, for and set"
_NAMED = re.compile(r"'[A-Za-z0-9_]+' is undefined")


def _undefined(error: UndefinedError) -> str:
    """What is undefined, as long as the template names it: what it looks up may be somebody's value."""
    if _NAMED.fullmatch(error.message or ""):
        return f"the template uses what is not there: {error.message}"
    return "the template looks for a character, an entry or an attribute that is not there"


_PROVIDE: Final = 'provide it under `variables:` or guard it with `| default("...")`'


MAX_NESTING: Final = 60
"""Levels of the syntax tree; Jinja2 and Python both recurse over it."""


def _parse(source: str) -> nodes.Template:
    try:
        tree = ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise _unreadable(error) from None
    except (RecursionError, MemoryError):
        raise _too_deep() from None
    level: list[nodes.Node] = [tree]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in node.iter_child_nodes()]
    if level:
        raise _too_deep()
    return tree


_SYNTAX: Final = "a variable is {{ name }}; a condition is {% if name %} ... {% endif %}"


_QUOTED: Final = re.compile(r"'([A-Za-z_][A-Za-z0-9_]*)'")


def _unreadable(error: TemplateSyntaxError) -> TemplateMisfit:
    words = jinja_words(error.message or "")
    said, advice = (words.message, words.next_step) if words else (error.message, _SYNTAX)
    word = _QUOTED.search(error.message or "")
    message = f"the template cannot be read: {said}"
    return TemplateMisfit("MS305", message, advice, line=error.lineno, sign=word[1] if word else "")


def _too_deep() -> TemplateMisfit:
    return TemplateMisfit("MS306", "the template nests too deeply", "write it flatter")


def fenced_tree(source: str) -> nodes.Template:
    """The tree of ``source`` within the language; raises `TemplateMisfit`."""
    return _fence(_parse(source))


def _fence(tree: nodes.Template) -> nodes.Template:
    fence = _Fence()
    fenced: nodes.Template = fence.visit(tree)
    if fence.faults:
        first, *others = fence.faults.values()
        first.others = tuple(others)
        raise first
    fenced.set_environment(ENVIRONMENT)
    return fenced


def compile_tree(tree: nodes.Template) -> Compiled:
    """A fenced ``tree``, ready to render."""
    try:
        code = ENVIRONMENT.compile(tree)
    except TemplateSyntaxError as error:  # also TemplateAssertionError
        raise _unreadable(error) from None
    except (RecursionError, MemoryError, SyntaxError):  # SyntaxError: more than 20 nested blocks, said by Python
        raise _too_deep() from None
    return ENVIRONMENT.template_class.from_code(ENVIRONMENT, code, dict(ENVIRONMENT.globals))


def _guarded(tree: nodes.Template) -> tuple[frozenset[str], frozenset[str]]:
    """Names the template says what to do without, and names it says what to do with when they are empty."""
    missing: set[str] = set()
    empty: set[str] = set()
    for node in (*tree.find_all(nodes.Filter), *tree.find_all(nodes.Test)):
        if node.name in ("default", "d", "defined", "undefined") and isinstance(node.node, nodes.Name):
            missing.add(node.node.name)
            if _replaces_empty(node):
                empty.add(node.node.name)
    tests = [*(node.test for node in tree.find_all(nodes.If)), *(node.test for node in tree.find_all(nodes.CondExpr))]
    for test in tests:
        names = [test, *test.find_all(nodes.Name)]
        empty.update(name.name for name in names if isinstance(name, nodes.Name))
    return frozenset(missing), frozenset(empty)


def _replaces_empty(node: nodes.Expr) -> bool:
    """Whether it is ``default(x, true)``."""
    assert isinstance(node, nodes.Filter | nodes.Test)
    flags = [*node.args[1:2], *(keyword.value for keyword in node.kwargs if keyword.key == "boolean")]
    return any(isinstance(flag, nodes.Const) and bool(flag.value) for flag in flags)
