"""``policy.rules``: from mesms.yaml to rules that judge a planned campaign.

They are made here, beside the positions of what is wrong with them, and carried by `Policy`: the planner, which knows
neither YAML nor CEL, asks each `Rule` about each campaign that would be sent. Offline only their types are checked:
recipients and credits are not known before there is a plan.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.manifests.cel import INSTALL, BadExpression, CannotJudge, NoEngine, compile_expression
from mesms_gitops.manifests.positions import span_in_text
from mesms_gitops.manifests.text_file import Span
from mesms_gitops.manifests.waivers import entries
from mesms_gitops.manifests.yaml_tree import Scalar
from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.rules import field_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.manifests.cel import Expression
    from mesms_gitops.manifests.cel_faults import Fault
    from mesms_gitops.manifests.findings import Findings
    from mesms_gitops.manifests.yaml_tree import MappingNode, Node
    from mesms_gitops.model.diagnostic import Position
    from mesms_gitops.model.rules import Planned, Rule

REQUIRED: Final = ("name", "require", "message")


@dataclass(frozen=True, slots=True)
class Question:
    """One expression of a rule, and where it stands."""

    expression: Expression
    position: Position


@dataclass(frozen=True, slots=True)
class CelRule:
    """One rule: where ``when`` is true (or there is none), ``require`` must be."""

    name: str
    message: str
    severity: Severity
    require: Question
    when: Question | None

    def broken_by(self, planned: Planned) -> Diagnostic | None:
        """Why ``planned`` must not be sent: the rule is broken (MS520), or it cannot be judged (MS521)."""
        for question, lets_pass in ((self.when, False), (self.require, True)):
            if question is None:
                continue
            try:
                if question.expression.holds(planned) is lets_pass:
                    return None
            except CannotJudge as error:
                return self._cannot_judge(question, str(error), planned)
        name = planned.campaign.name
        advice = (
            f"change {planned.campaign.file} so that the rule holds; or write a waiver of {self.name}"
            f" for {name} under `policy.waivers` in {self.require.position.file}, with a reason and a last day"
        )
        return self._refusal("MS520", self.require, f"{name}: {self.message}", advice, planned)

    def _cannot_judge(self, question: Question, reason: str, planned: Planned) -> Diagnostic:
        message = f"{planned.campaign.name}: rule {self.name} cannot be judged: {reason}"
        advice = "ask first whether the key is there: has(campaign.labels.team) && …"
        return self._refusal("MS521", question, message, advice, planned)

    def _refusal(self, code: str, at: Question, message: str, next_step: str, planned: Planned) -> Diagnostic:
        asked = [line for it in (self.when, self.require) if it is not None for line in it.expression.read(planned)]
        return Diagnostic(
            code,
            self.severity,
            message,
            at.position,
            field_of(self.name),
            next_step,
            "; ".join(dict.fromkeys(asked)) or None,
            refusal=self.severity is Severity.ERROR,
            campaign=planned.campaign.name,
        )


@dataclass(frozen=True, slots=True)
class UncheckedRule:
    """A rule that nothing here can read: it holds for no campaign, so that nothing is ever sent past it."""

    name: str
    position: Position

    def broken_by(self, planned: Planned) -> Diagnostic:
        """Always a refusal."""
        return Diagnostic(
            "MS511",
            Severity.ERROR,
            f"{planned.campaign.name}: rule {self.name} was not judged: there is nothing here that can read CEL",
            self.position,
            field_of(self.name),
            INSTALL,
            refusal=True,
            campaign=planned.campaign.name,
        )


def read_rules(root: MappingNode, findings: Findings, later: Findings) -> tuple[Rule, ...]:
    """Every rule of a project file; what is wrong with them goes to ``findings``.

    Rules are read from the tree, not from the typed keys, so that one wrong key elsewhere does not hide them. ``later``
    takes what stops a plan, but neither `stop` nor `status`: that the engine is missing on this machine.
    """
    rules: list[Rule] = []
    first: dict[str, Scalar] = {}
    for entry in entries(root, "rules"):
        _check_keys(entry, findings)
        name = entry.get("name")
        if isinstance(name, Scalar):
            _check_name(name, first.setdefault(name.text, name), findings)
        rule = _rule(entry, findings, later)
        if rule is not None:
            rules.append(rule)
    return tuple(rules)


def _check_keys(entry: MappingNode, findings: Findings) -> None:
    missing = [key for key in REQUIRED if key not in entry and key not in entry.keys_at]
    if missing:
        findings.error(
            "MS123",
            f"a rule has no {', no '.join(missing)}",
            at=entry.head,
            field="policy.rules",
            next_step=f"write {missing[0]}: …",
        )


_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _check_name(name: Scalar, first: Scalar, findings: Findings) -> None:
    if not _NAME.fullmatch(name.text):
        findings.error(
            "MS512",
            f"{name.text[:60]!r} cannot be the name of a rule",
            at=name,
            field="policy.rules",
            next_step="use small letters a-z, digits and dashes, such as vip-needs-owner",
        )
    elif first is not name:
        at = first.span.position
        findings.error(
            "MS512",
            f"two rules are called {name.text}: the other is at {at.file}:{at.line}:{at.column}",
            at=name,
            field="policy.rules",
            why="waivers call a rule by its name",
            next_step="give one of the two another name",
        )


def _rule(entry: MappingNode, findings: Findings, later: Findings) -> Rule | None:
    name, require, message = (entry.get(key) for key in REQUIRED)
    if not isinstance(require, Scalar) or not require.text.strip():
        return None  # an empty one is said by whoever reads the keys
    label = name.text if isinstance(name, Scalar) else ""
    when = entry.get("when")
    try:
        asked = _question(require, findings)
        condition = _question(when, findings) if isinstance(when, Scalar) and when.text.strip() else None
    except NoEngine as error:
        _no_engine(require, error, later)
        return UncheckedRule(label, require.span.position)
    if asked is None or not isinstance(message, Scalar) or (isinstance(when, Scalar) and condition is None):
        return None
    chosen = entry.get("severity")
    is_warning = isinstance(chosen, Scalar) and chosen.text == "warning"
    severity = Severity.WARNING if is_warning else Severity.ERROR
    return CelRule(label, message.text, severity, asked, condition)


def _question(node: Scalar, findings: Findings) -> Question | None:
    try:
        return Question(compile_expression(node.text), node.span.position)
    except BadExpression as error:
        for fault in error.faults:
            findings.error(
                "MS510", fault.message, at=_place(node, fault), field="policy.rules", next_step=fault.next_step
            )
        return None


def _no_engine(at: Scalar, error: NoEngine, later: Findings) -> None:
    if any(item.code == "MS511" for item in later.items):
        return
    later.error(
        "MS511",
        "this project has policy.rules, and nothing here can read CEL",
        at=at,
        field="policy.rules",
        why=f"{error}; nothing is planned past a rule that was not judged",
        next_step=INSTALL,
    )


# --- where in the file -----------------------------------------------------------------------------------------------


def _place(node: Scalar, fault: Fault) -> Span:
    """Where a fault stands in the file: in the expression wherever that can be told, else all of it."""
    if fault.index is None:
        return node.span
    index = min(fault.index, max(len(node.text.rstrip()) - 1, 0))
    exact = span_in_text(node, index, fault.length)
    return exact if exact != node.span else _by_count(node, index, fault.length) or node.span


def _by_count(node: Scalar, index: int, length: int) -> Span | None:
    """In folded lines and among escapes: the third ``campaign.parts`` of the text is the third in the file as well."""
    word = node.text[index : index + length]
    raw = list(_raw(node))
    nth = len(re.findall(re.escape(word), node.text[:index]))
    places = [(row, match.start()) for row, text in raw for match in re.finditer(re.escape(word), text)]
    if not word.strip() or len(places) != len(re.findall(re.escape(word), node.text)):
        return None
    row, column = places[nth]
    return Span(node.file, row, column, row, column + length)


def _raw(node: Node) -> Iterator[tuple[int, str]]:
    """The lines of the file that ``node`` covers, blanked where it does not."""
    at = node.span
    for row in range(at.line, min(at.end_line + 1, len(node.file.lines))):
        text = node.file.lines[row]
        text = text[: at.end_column] if row == at.end_line else text
        yield row, " " * at.column + text[at.column :] if row == at.line else text
