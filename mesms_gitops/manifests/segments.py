"""One template as a row of words and slots, each slot a small program over few variables.

``คุณ {{ name }}{% if tier == 'gold' %} ทอง{% endif %}`` has a slot that only reads ``name`` and one that only reads
``tier``: the second is rendered three times for two hundred thousand people. Where a template sets variables of its
own, what comes later hangs on what came before: such a template is one slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jinja2 import meta, nodes

from mesms_gitops.manifests.sandboxed import ENVIRONMENT, MAX_WORK, TemplateMisfit, compile_tree, fenced_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mesms_gitops.manifests.sandboxed import BoundedContext

    Combination = tuple[str | None, ...]

_MOST_WORK_OF_A_SLOT: Final = MAX_WORK // 100


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands between two words: the value of one variable, or what a program makes of those in ``names``."""

    names: tuple[str, ...]
    _one: Any = None
    _many: Any = None

    @property
    def is_bare(self) -> bool:
        """Whether it is one variable's value as it is."""
        return self._one is None

    def outputs(self, keys: Sequence[Combination]) -> Iterator[tuple[Combination, str | None]]:
        """What each of ``keys`` (values for ``names``) makes of it.

        None where that is for the whole template to say: an error, or much work.
        """
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            yield from zip(some, self._together(some) or map(self._alone, some), strict=True)

    def _together(self, keys: Sequence[Combination]) -> list[str] | None:
        """All in one render; None if anything about them is not plain sailing."""
        if self._many is None or len(keys) < 2 or any(None in key for key in keys):
            return None
        rows: list[Any] = [key[0] for key in keys] if len(self.names) == 1 else list(keys)
        made = _run(self._many, {_ROWS: rows})
        return None if made is None or made.count(_MARK) != len(keys) else made.split(_MARK)[:-1]

    def _alone(self, key: Combination) -> str | None:
        return _run(self._one, {name: value for name, value in zip(self.names, key, strict=True) if value is not None})


_AT_ONCE: Final = 100
_MARK: Final = "\x00"
"""Between two outputs; where it stands in one as well there are too many, and each is rendered alone."""
_ROWS: Final = "rows_of_all"
"""What the loop over them goes through; a template that uses the name itself is rendered row by row."""


def _run(compiled: Any, values: dict[str, Any]) -> str | None:
    context: BoundedContext = compiled.new_context(values)
    try:
        made = "".join(compiled.root_render_func(context))
    except Exception:  # whatever it is, rendering the whole says it in its own words
        return None
    return made if context.work <= _MOST_WORK_OF_A_SLOT else None


def segments(source: str) -> tuple[tuple[str, ...], tuple[Slot, ...]]:
    """The words of ``source`` and the slots between them (always one word more); raises as `sandboxed.Program`."""
    tree = fenced_tree(source)
    if next(tree.find_all(nodes.Assign), None) is not None or len(list(_tops(tree))) > _MOST_SLOTS:
        return ("", ""), (_program(tree.body),)
    words, slots = [""], []
    for top in _tops(tree):
        if isinstance(top, nodes.TemplateData):
            words[-1] += top.data
        else:
            slots.append(_slot(top))
            words.append("")
    return tuple(words), tuple(slots)


_MOST_SLOTS: Final = 50
"""So that the work of all slots together stays within what one template may spend."""


def _tops(tree: nodes.Template) -> Iterator[nodes.Node]:
    for node in tree.body:
        yield from node.nodes if isinstance(node, nodes.Output) else (node,)


def _slot(node: nodes.Node) -> Slot:
    if isinstance(node, nodes.Name) and node.name not in ENVIRONMENT.globals:
        return Slot((node.name,))
    return _program([nodes.Output([node]) if isinstance(node, nodes.Expr) else node])


def _program(body: list[nodes.Node]) -> Slot:
    tree = nodes.Template(body, lineno=1).set_environment(ENVIRONMENT)
    assert isinstance(tree, nodes.Template)
    names = sorted(meta.find_undeclared_variables(tree) - ENVIRONMENT.globals.keys())
    return Slot(tuple(names), compile_tree(tree), _looped(tree, names))


def _looped(tree: nodes.Template, names: list[str]) -> Any:
    """``tree`` once for each row of values, a mark after each; None where that cannot be had."""
    if not names or any(name.name == _ROWS for name in tree.find_all(nodes.Name)):
        return None
    targets: list[nodes.Expr] = [nodes.Name(name, "store") for name in names]
    target = targets[0] if len(targets) == 1 else nodes.Tuple(targets, "store")
    marked = [*tree.body, nodes.Output([nodes.TemplateData(_MARK)])]
    loop = nodes.For(target, nodes.Name(_ROWS, "load"), marked, [], None, False, lineno=1)
    looped = nodes.Template([loop], lineno=1).set_environment(ENVIRONMENT)
    assert isinstance(looped, nodes.Template)
    try:
        return compile_tree(looped)
    except TemplateMisfit:  # one level deeper than Python can go
        return None
