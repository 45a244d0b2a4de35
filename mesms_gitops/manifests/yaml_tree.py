"""Text -> a tree whose leaves are text as the author wrote it, each with the place it stands at.

The tree is built from the event stream of ``ruamel.yaml.clib`` (libyaml in C); where there is none from the parser in
Python: the same events, thirty times slower. No scalar is ever resolved: what ``0812345678`` or ``21:00`` mean is
decided by the schema, which knows what is wanted there. What makes YAML surprising (anchors, tags, merge keys, several
documents) is refused with its position. The builder keeps no closure and no parent link, so a tree is freed without the
collector.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.parser_words import yaml_words
from mesms_gitops.manifests.text_file import UNPRINTABLE, Span, TextFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_DEPTH: Final = 20
MAX_NODES: Final = 20_000
"""Both far above any campaign: a manifest of this project nests five deep, and ``numbers:`` ends at 1,000."""

Where: TypeAlias = tuple[int, int, int, int]
"""Line, column, end line, end column; from 0, end exclusive."""


class Scalar:
    """A leaf. ``style`` is empty for plain text, else the quote (``'``, ``"``) or block sign (``|``, ``>``)."""

    __slots__ = ("_where", "file", "style", "text")

    def __init__(self, text: str, style: str, file: TextFile, where: Any) -> None:
        """``where`` is a `Where`, or the event it can be had from: few places are ever asked for."""
        self.text = text
        self.style = style
        self.file = file
        self._where = where

    @property
    def where(self) -> Where:
        """Where it stands as it was parsed."""
        return _where(self._where)

    @property
    def is_plain(self) -> bool:
        """Whether it stands without quotes."""
        return not self.style

    @property
    def is_block(self) -> bool:
        """Whether it is a ``|`` or ``>`` block."""
        return self.style in ("|", ">")

    @property
    def span(self) -> Span:
        """Where it stands; a block ends with its last line that holds anything."""
        line, column, end_line, end_column = self.where
        if self.is_block:
            lines = self.file.lines
            end_line = min(end_line, len(lines) - 1) if end_column else min(end_line, len(lines)) - 1
            while end_line > line and not lines[end_line].strip():
                end_line -= 1
            end_column = len(lines[end_line].rstrip())
        elif not self.text and line >= len(self.file.lines):
            line = end_line = len(self.file.lines) - 1  # nothing, after the last line
            column = end_column = len(self.file.lines[line])
        return Span(self.file, line, column, end_line, end_column)

    def __repr__(self) -> str:
        return f"Scalar({self.text!r})"


def _where(known: Any) -> Where:
    """A `Where` as it is, or that of an event, or of the two events between which a collection stands."""
    kind = type(known)
    if kind is tuple:
        return known  # type: ignore[no-any-return]
    if kind is not list:
        start, end = known.start_mark, known.end_mark
        return (start.line, start.column, end.line, end.column)
    opening, closing = known[0].start_mark, known[1]
    start, end = closing.start_mark, closing.end_mark
    is_block = start.index == end.index
    return (opening.line, opening.column, *((-1, -1) if is_block else (end.line, end.column)))


class _Placed:
    """Where a collection stands: see `_where`; few places are ever asked for."""

    __slots__ = ()
    _where: Any

    @property
    def where(self) -> Where:
        """Where it stands as it was parsed; in block style there is no end."""
        return _where(self._where)

    def close(self, event: Any) -> None:
        """Take the ``event`` that ends it."""
        self._where = [self._where, event]


class MappingNode(_Placed, dict[str, Any]):
    """A mapping, in the author's order. A ``dict`` so that pydantic takes it as it is; values are nodes."""

    __slots__ = ("_where", "file", "keys_at")

    def __init__(self, file: TextFile, where: Any) -> None:
        """``where`` is a `Where`, or the event that begins it."""
        self.file = file
        self._where = where
        self.keys_at: dict[str, Scalar] = {}

    @property
    def span(self) -> Span:
        """From its first key to the end of its last value."""
        own = (value for value in reversed(self.values()) if value.file is self.file)  # others came with defaults
        return _span_of(self.file, self.where, next(own, None))

    @property
    def head(self) -> Span:
        """Its first key: what is pointed at when something is missing from it."""
        for key in self.keys_at.values():
            return key.span
        return self.span


class SequenceNode(_Placed, list[Any]):
    """A sequence. A ``list`` so that pydantic takes it as it is; items are nodes."""

    __slots__ = ("_where", "file")

    def __init__(self, file: TextFile, where: Any) -> None:
        """``where`` is a `Where`, or the event that begins it."""
        self.file = file
        self._where = where

    @property
    def span(self) -> Span:
        """From its first item to the end of its last."""
        return _span_of(self.file, self.where, self[-1] if self else None)


Node: TypeAlias = Scalar | MappingNode | SequenceNode


def _span_of(file: TextFile, where: Where, last: Node | None) -> Span:
    """A collection in block style ends where its last child does: the parser sees its end only at the next token."""
    line, column, end_line, end_column = where
    if end_line < 0:
        if last is None:
            return Span(file, line, column, line, column)
        inner = last.span
        end_line, end_column = inner.end_line, inner.end_column
    return Span(file, line, column, end_line, end_column)


class Tree:
    """What was read. ``broken`` are the top-level keys under which something was refused: not to be trusted."""

    __slots__ = ("broken", "root")

    def __init__(self, root: MappingNode, broken: set[str]) -> None:
        self.root = root
        self.broken = broken


def parse(file: TextFile, findings: Findings, *, read: Callable[[str], Iterator[Any]] | None = None) -> Tree | None:
    """The tree of ``file``; None where there is none to speak of, with the reason among ``findings``.

    ``read`` makes the events, `events` unless told otherwise.
    """
    if not _characters_are_clean(file, findings):
        return None
    builder = _built(file, findings, read or events)
    if builder is None:
        return None
    if builder.root is None:
        findings.in_file(
            file.name, "MS102", f"{file.name} is empty", next_step="write a campaign into it, or delete it"
        )
        return None
    return Tree(builder.root, builder.broken) if isinstance(builder.root, MappingNode) else None


def _built(file: TextFile, findings: Findings, read: Callable[[str], Iterator[Any]]) -> _Builder | None:
    text = file.text
    may_mask = len(text) <= _MASKED_SIZE and not any(mask in text for mask in _MASKS.values())
    while True:
        builder = _Builder(file, Findings(), is_masked=text is not file.text)
        try:
            builder.build(read(text))
        except _TooMuch:
            findings.extend(builder.findings.items)
            return None
        except _yaml_error() as error:
            masked = _masked(text, error) if may_mask else None
            if masked is not None:
                text = masked
                continue
            findings.extend(builder.findings.items)
            _syntax(file, error, findings)
            return None
        findings.extend(builder.findings.items)
        return builder


# --- characters -------------------------------------------------------------------------------------------------------

_TAB_INDENT = re.compile(r"^ *\t", re.MULTILINE)
_MOST_SHOWN = 50


def _characters_are_clean(file: TextFile, findings: Findings) -> bool:
    """No control characters, and no tab where YAML counts blanks."""
    bad = UNPRINTABLE.search(file.text)
    tab = "\t" in file.text and _TAB_INDENT.search(file.text)
    if not bad and not tab:
        return True
    for count, match in enumerate(UNPRINTABLE.finditer(file.text)):
        if count == _MOST_SHOWN:
            break
        findings.error(
            "MS104",
            f"the character U+{ord(match[0]):04X} cannot stand in a manifest",
            at=file.span_at(match.start()),
            next_step="delete it; it is invisible, so delete what stands around it too and type that again",
        )
    for count, match in enumerate(_TAB_INDENT.finditer(file.text)):
        if count == _MOST_SHOWN:
            break
        findings.error(
            "MS105",
            "a tab at the start of a line",
            at=file.span_at(match.end() - 1),
            why="YAML counts blanks, and a tab has no width it knows",
            next_step="indent with spaces",
        )
    return False


# --- events -----------------------------------------------------------------------------------------------------------


def c_parser() -> Callable[[str], Any] | None:
    """The parser in C, None where ``ruamel.yaml.clib`` is not installed."""
    try:
        from _ruamel_yaml import CParser  # type: ignore[import-not-found]
    except ImportError:
        return None
    return CParser  # type: ignore[no-any-return]


def events(text: str) -> Iterator[Any]:
    """The events of ``text``, one by one: what is refused early is never read to its end."""
    parser = c_parser()
    return pure_events(text) if parser is None else iter(parser(text).get_event, None)


def pure_events(text: str) -> Iterator[Any]:
    """The same from the parser in Python."""
    from ruamel.yaml import YAML

    stream: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
    return stream


def _yaml_error() -> type[Exception]:
    from ruamel.yaml.error import YAMLError

    return YAMLError


_MASKS: Final = {":": "\ue03a", "?": "\ue03f"}
_UNMASK: Final = {ord(mask): sign for sign, mask in _MASKS.items()}
_MOST_MASKED: Final = 100
_MASKED_SIZE: Final = 1 << 16


def _masked(text: str, error: Exception) -> str | None:
    """``text`` with one more ``:`` or ``?`` out of sight; None if that is not what stopped the parser.

    libyaml before 0.2 keeps a rule of YAML 1.1: between brackets an unquoted value may hold neither sign, so it refuses
    ``{at: 2027-04-10T10:00}``, which every other reader takes. One character stands in for one, positions stay.
    """
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or ""
    if mark is None or not ("unexpected ':'" in problem or "expected ',' or" in problem):
        return None
    if sum(text.count(mask) for mask in _MASKS.values()) >= _MOST_MASKED:
        return None
    lines = text.split("\n")
    line, column = (lines[mark.line] if mark.line < len(lines) else ""), mark.column
    if column >= len(line) or line[column] not in _MASKS or not column or line[column - 1] in " \t,[]{}":
        return None
    if line[column] == ":" and line[column + 1 : column + 2] in ("", " ", "\t", ",", "[", "]", "{", "}"):
        return None  # that is the end of a key in YAML 1.2 too
    lines[mark.line] = line[:column] + _MASKS[line[column]] + line[column + 1 :]
    return "\n".join(lines)


class _TooMuch(Exception):
    """Nothing after this is worth reading."""


_SKIPPED: Final = "\x00"
"""Stands for a key whose value is to be dropped: no key can be it, control characters were refused before."""
_IN_KEY: Final = "\x01"
"""Stands for the key while a collection is open in its place."""


class _Builder:
    """Events in, nodes out; keeps a stack of the collections that are open and of the keys that wait for a value."""

    __slots__ = ("broken", "documents", "file", "findings", "is_masked", "keys", "nodes", "root", "stack")

    def __init__(self, file: TextFile, findings: Findings, *, is_masked: bool) -> None:
        self.is_masked = is_masked
        self.file = file
        self.findings = findings
        self.root: Node | None = None
        self.broken: set[str] = set()
        self.stack: list[MappingNode | SequenceNode] = []
        self.keys: list[str | None] = []
        self.documents = 0
        self.nodes = 0

    def build(self, stream: Iterator[Any]) -> None:
        """Consume ``stream``. Three quarters of all events are scalars, so no call is made for them."""
        from ruamel.yaml.events import CollectionEndEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

        file, is_masked, stack, keys = self.file, self.is_masked, self.stack, self.keys
        for event in stream:
            kind = type(event)
            if kind is ScalarEvent:
                text = event.value.translate(_UNMASK) if is_masked else event.value
                style = event.style or ""
                node = Scalar(text, style, file, event)
                self.nodes += 1
                if self.nodes > MAX_NODES:
                    self._too_many(node)
                elif event.ctag is not None or event.anchor is not None or (style == '"' and UNPRINTABLE.search(text)):
                    self._refuse_scalar(event, node)
                elif not stack:
                    self._top(node)
                elif isinstance(parent := stack[-1], SequenceNode):
                    parent.append(node)
                elif (key := keys[-1]) is None:
                    if text in parent.keys_at or text == "<<":
                        self._odd_key(parent, node)
                    else:
                        parent.keys_at[text] = node
                        keys[-1] = text
                else:
                    if key is not _SKIPPED:
                        parent[key] = node
                    keys[-1] = None
            elif kind is MappingStartEvent:
                self._open(event, MappingNode(file, event))
            elif kind is SequenceStartEvent:
                self._open(event, SequenceNode(file, event))
            elif isinstance(event, CollectionEndEvent):
                self._close(event)
            else:
                self._other(event)

    def _refuse_scalar(self, event: Any, node: Scalar) -> None:
        if event.anchor or event.tag:
            self._refuse_decoration(event, node)
        else:
            self._refuse_escape(node)
        self._skip()

    def _odd_key(self, mapping: MappingNode, node: Scalar) -> None:
        """A merge key, or one that stands here already."""
        key = node.text
        if key == "<<" and not node.style:
            self.findings.error(
                "MS108",
                "merge keys (`<<:`) are not read",
                at=node,
                next_step="write the keys out, or put what all campaigns share under `defaults:` in mesms.yaml",
            )
            self.keys[-1] = _SKIPPED
        elif key in mapping.keys_at:
            first = mapping.keys_at[key].span.position
            self.findings.error(
                "MS109",
                f"{_cut(key)!r} stands here a second time; the first is at {first.line}:{first.column}",
                at=node,
                why="one of the two would silently win",
                next_step="keep one of them",
            )
            self.keys[-1] = _SKIPPED
        else:
            mapping.keys_at[key] = node
            self.keys[-1] = key

    def _top(self, node: Node) -> None:
        self.root = node
        if type(node) is MappingNode or (type(node) is Scalar and not node.text and not node.style):
            if type(node) is Scalar:
                self.root = None  # a file of comments, or `---` alone
            return
        self.findings.error(
            "MS112",
            "a file must hold keys and values at its top level",
            at=node,
            next_step="start with a line such as `name: my-campaign`",
        )

    def _skip(self) -> None:
        """The node that would come here is refused: its key keeps no value, its item is left out."""
        self._mark_broken()
        if self.stack and type(self.stack[-1]) is MappingNode:
            # in a key's place the value still follows; in a value's place the key is done
            self.keys[-1] = _SKIPPED if self.keys[-1] is None else None

    def _mark_broken(self) -> None:
        if self.keys and (key := self.keys[0]) is not None and key is not _SKIPPED and key is not _IN_KEY:
            self.broken.add(key)

    def _open(self, event: Any, node: MappingNode | SequenceNode) -> None:
        """Hang ``node`` where it belongs. The key it hangs under stays open while it is being filled."""
        stack, keys = self.stack, self.keys
        self.nodes += 1
        if self.nodes > MAX_NODES or len(stack) >= MAX_DEPTH or event.anchor or event.ctag is not None:
            self._odd_opening(event, node)
        if not stack:
            self._top(node)
        elif isinstance(parent := stack[-1], SequenceNode):
            parent.append(node)
        elif (key := keys[-1]) is None:
            self._refuse_key(node)
        elif key is not _SKIPPED:
            parent[key] = node
        stack.append(node)
        keys.append(None)

    def _odd_opening(self, event: Any, node: MappingNode | SequenceNode) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.findings.error(
                "MS110", f"more than {MAX_DEPTH} levels deep", at=node, next_step="a manifest needs no more than five"
            )
            raise _TooMuch
        if self.nodes > MAX_NODES:
            self._too_many(node)
        if event.anchor or event.tag:
            self._refuse_decoration(event, node)
            self._mark_broken()

    def _too_many(self, node: Node | Span) -> NoReturn:
        self.findings.error(
            "MS103",
            f"more than {MAX_NODES:,} keys and values in one file",
            at=node,
            next_step="move long lists into a CSV file and name it under `recipients:`",
        )
        raise _TooMuch

    def _close(self, event: Any) -> None:
        """Whatever stood in the place before is over: in a mapping the next thing is a key."""
        keys = self.keys
        self.stack.pop().close(event)
        keys.pop()
        if keys:
            keys[-1] = _SKIPPED if keys[-1] is _IN_KEY else None

    def _other(self, event: Any) -> None:
        name = type(event).__name__
        if name == "AliasEvent":
            self.nodes += 1
            if self.nodes > MAX_NODES:
                self._too_many(Span(self.file, *_where(event)))
            self.findings.error(
                "MS106",
                f"the alias *{event.anchor} is not followed",
                at=Span(self.file, *_where(event)),
                next_step="write the value out; what all campaigns share goes under `defaults:` in mesms.yaml",
            )
            self._skip()
        elif name == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                self.findings.error(
                    "MS111",
                    "a second document starts here",
                    at=Span(self.file, *_where(event)),
                    next_step="one campaign a file: move what follows `---` into a file of its own",
                )
                raise _TooMuch

    def _refuse_decoration(self, event: Any, node: Node) -> None:
        if event.anchor:
            self.findings.error(
                "MS106",
                f"the anchor &{event.anchor} is not read",
                at=node,
                next_step="delete it; what all campaigns share goes under `defaults:` in mesms.yaml",
            )
        if event.tag:
            self.findings.error(
                "MS107",
                f"the tag {_cut(str(event.tag).replace('tag:yaml.org,2002:', '!!'))} is not read",
                at=node,
                next_step='delete it; quote the value ("...") if it is meant as text',
            )

    def _refuse_escape(self, node: Scalar) -> None:
        found = UNPRINTABLE.search(node.text)
        assert found is not None
        self.findings.error(
            "MS104",
            f"the escaped character U+{ord(found[0]):04X} cannot stand in a manifest",
            at=node,
            next_step="delete the escape; a new line is \\n",
        )

    def _refuse_key(self, node: MappingNode | SequenceNode) -> None:
        self._mark_broken()
        self.findings.error(
            "MS112",
            "a key must be plain text",
            at=node,
            why="a value that begins with { or [ is read as a mapping or a list",
            next_step='quote the whole value: content: "{{ name }} ..."',
        )
        self.keys[-1] = _IN_KEY


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


# --- syntax errors ----------------------------------------------------------------------------------------------------

_ADVICE = (
    ("mapping values are not allowed", 'quote the value if it holds ": " (content: "..."), or check the indentation'),
    ("could not find expected ':'", "write `key: value`, with a colon and a space"),
    ("unexpected ':'", 'quote the value: "..."'),
    ("cannot start any token", 'quote the value: "..."'),
    ("while scanning a quoted scalar", "close the quote; a quote inside it is written \\\" (or '' between ' ')"),
    ("expected <block end>", "check the indentation: keys of one level start in the same column"),
    ("did not find expected ',' or", "close the bracket, and quote values that hold , [ ] { or }"),
    ("did not find expected", "check the indentation and the quotes of this line and the one above"),
)


def _syntax(file: TextFile, error: Exception, findings: Findings) -> None:
    if findings.items and findings.items[-1].code == "MS112":
        return  # `content: {{ name }} ...`: said already, and better
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    context = getattr(error, "context", None) or ""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if "quoted scalar" in context:  # where the quote opens, not where the file ends
        mark = getattr(error, "context_mark", None) or mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    line = min(line, len(file.lines) - 1)
    column = min(column, len(file.lines[line]))
    said = f"{context} {problem}"
    words = yaml_words(problem, context, file.lines, line, column)
    if words is not None and words.at is not None:
        line, column = words.at
    findings.error(
        "MS101",
        f"not YAML: {words.message if words else problem}",
        at=Span(file, line, column, line, min(column + 1, len(file.lines[line]) + 1)),
        why=None if words else context or None,
        next_step=words.next_step
        if words
        else next((advice for sign, advice in _ADVICE if sign in said), "check this line and the one above"),
    )
