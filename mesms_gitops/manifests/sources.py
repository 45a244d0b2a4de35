"""Where recipients come from: the sources of a manifest as nouns, paths resolved against the file they stand in."""

# ruff: noqa: PTH113, PTH118, PTH120
# normpath keeps links as they are written, Path.resolve would follow them; and one way of naming files is enough.

from __future__ import annotations

import os
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from mesms_gitops.manifests.scalars import cut, near_miss
from mesms_gitops.manifests.schema import (
    LIST_KINDS,
    MAX_NUMBERS,
    DeliverySourceKeys,
    GroupSourceKeys,
    NumbersSourceKeys,
    SqlSource,
    TableKeys,
    TableSource,
)
from mesms_gitops.manifests.text_file import TextFile, read_text_file
from mesms_gitops.model.campaign import DeliverySource, GroupSource, ListSource, NumbersSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mesms_gitops.manifests.build import Draft
    from mesms_gitops.manifests.text_file import Span
    from mesms_gitops.manifests.yaml_tree import Node
    from mesms_gitops.model.campaign import Source


def sources_of(draft: Draft, key: str) -> tuple[Source, ...]:
    """The sources under ``recipients`` or ``exclude``; those that lack something are left out, with a finding."""
    given: list[Any] = getattr(draft.keys, key) or []
    if not given:
        return ()
    nodes, own = draft.understood.tree[key], draft.tree[key]
    if nodes is own:
        made = [
            _source(draft, key, index, node, source)
            for index, (node, source) in enumerate(zip(own, given, strict=True))
        ]
    else:
        written = {node.where: index for index, node in enumerate(own)}
        made = [
            _source(draft, key, written[node.where], node, source) for node, source in zip(nodes, given, strict=True)
        ]
    return tuple(source for source in made if source is not None)


def _source(draft: Draft, key: str, index: int, node: Any, given: Any) -> Source | None:
    """``node`` may lack what was refused; ``index`` is where the author wrote it."""
    if isinstance(given, TableKeys):
        return _table(draft, f"{key}.{index}", node, given)
    if isinstance(given, NumbersSourceKeys):
        return _numbers(draft, f"{key}.{index}", node, given)
    if isinstance(given, DeliverySourceKeys):
        return _delivery(draft, f"{key}.{index}", node, given)
    return _group(draft, key, index, node, given)


def _missing(draft: Draft, code: str, what: str, at: Span, field: str, next_step: str) -> None:
    draft.findings.error(code, what, at=at, field=field, next_step=next_step)


def _table(draft: Draft, field: str, node: Any, given: TableKeys) -> ListSource | None:
    if given.phone is None and "phone" not in node.keys_at and not near_miss("phone", node.keys_at.keys() - node):
        message, advice = "the column with the phone numbers is not named", "write phone: and that column's name"
        _missing(draft, "MS403", message, node.head, f"{field}.phone", advice)
    if field.startswith("exclude") and given.variables and "variables" in node:
        draft.findings.error(
            "MS132",
            "an opt-out list gives no variables",
            at=node.keys_at["variables"],
            field=f"{field}.variables",
            next_step="delete them",
        )
    if given.where is not None and not given.where and not node["where"].keys_at:
        draft.findings.error(
            "MS133",
            "`where` names no column, so it would leave nobody out",
            at=node["where"],
            field=f"{field}.where",
            next_step='write a column and its value, such as {consent: "yes"}, or delete the key',
        )
    where = MappingProxyType({column: _values(value) for column, value in (given.where or {}).items()})
    variables = MappingProxyType(dict(given.variables or {}))
    kind, location, query = _place(draft, field, node, given)
    if given.phone is None or location is None:
        return None
    return ListSource(kind, location, given.phone, variables, where, query, node.head.position)


def _lacking(draft: Draft, field: str, node: Any, *keys: str) -> str | None:
    """The first of ``keys`` that is not there, or empty; what was refused is neither."""
    return next((key for key in keys if not node.get(key) and not draft.understood.is_hurt(*_steps(field), key)), None)


def _values(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _place(draft: Draft, field: str, node: Any, given: TableKeys) -> tuple[str, str | None, str | None]:
    """Kind, location and query of a table."""
    if isinstance(given, SqlSource):
        return ("sql", *_sql(draft, field, node, given))
    if isinstance(given, TableSource):
        return "table", given.table, None
    kind = next(kind for kind in LIST_KINDS if kind in node)
    value = getattr(given, "json_" if kind == "json" else kind)
    return kind, _location(draft, f"{field}.{kind}", node[kind], value), None


def _sql(draft: Draft, field: str, node: Any, given: SqlSource) -> tuple[str | None, str | None]:
    keys = given.sql
    if keys is None or keys.url_env is None or keys.query_file is None:
        lacking = _lacking(draft, f"{field}.sql", node["sql"], "url_env", "query_file")
        if lacking is None:
            return None, None
        advice = "write sql: {url_env: CRM_DSN, query_file: ../queries/vip.sql}"
        _missing(draft, "MS123", f"{lacking} is missing", node.head, f"{field}.sql.{lacking}", advice)
        return None, None
    file = read_beside(draft, f"{field}.sql.query_file", node["sql"]["query_file"], keys.query_file)
    return keys.url_env, file.text if file else None


_LONGEST_PATH: Final = 2_000
"""Characters; half of what Linux takes, and above what anybody writes."""


def _location(draft: Draft, field: str, node: Node, value: str) -> str | None:
    is_address = "://" in value
    wrong = _address_fault(value) if is_address else None
    if len(value) > _LONGEST_PATH:
        wrong = f"{cut(value)!r} is too long", f"write a path of at most {_LONGEST_PATH:,} characters"
    if wrong is not None:
        message, advice = wrong
        draft.findings.error("MS136", message, at=node, field=field, next_step=advice, show="@" not in value)
        return None
    return value if is_address else absolute(draft, node, value)


def _address_fault(value: str) -> tuple[str, str] | None:
    """What is wrong with ``value`` as the address of a list, and what to do."""
    try:
        parts = urlsplit(value)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_right = urlsplit(""), False
    if parts.password is not None:
        return "a password stands in this address", "take it out and change it: git remembers it"
    if parts.hostname and port_is_right and (parts.scheme in _SCHEMES or _is_loopback(parts)):
        return None
    return (
        f"{cut(value)!r} is neither a path nor an address of a list",
        "write a path relative to this file, https://..., s3://bucket/key, gs://... or az://...",
    )


_SCHEMES: Final = frozenset({"https", "s3", "gs", "az", "s3a", "hdfs", "abfs", "abfss"})
"""The last four are file systems that Spark knows."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def _is_loopback(parts: SplitResult) -> bool:
    """Only what never leaves this machine may travel unencrypted."""
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def absolute(draft: Draft, node: Node, value: str) -> str:
    """``value`` as a path, relative to the file in which ``node`` is written, be it the manifest or mesms.yaml."""
    return _path(draft.around.project.root, os.path.dirname(node.file.name), value)


@lru_cache(maxsize=1024)  # thousands of manifests share a few lists
def _path(root: Path, folder: str, value: str) -> str:
    return os.path.normpath(os.path.join(root, folder, value))


def read_beside(draft: Draft, field: str, node: Node, value: str) -> TextFile | None:
    """The text of a file that belongs to the manifest (a template, a query): inside the project, links followed."""
    path = absolute(draft, node, value) if "\x00" not in value and len(value) <= _LONGEST_PATH else ""
    root = os.path.realpath(draft.around.project.root)
    real = os.path.realpath(path) if path else ""
    if not real.startswith(root.rstrip(os.sep) + os.sep):
        message = f"{cut(value)!r} is not in this project"
        draft.findings.error("MS311", message, at=node, field=field, next_step="copy the file into the project")
        return None
    if not os.path.isfile(real):
        message = f"there is no file {cut(value)!r}"
        advice = "check the path; it is relative to the file it is written in"
        draft.findings.error("MS311", message, at=node, field=field, next_step=advice)
        return None
    return read_text_file(real, os.path.relpath(path, draft.around.project.root).replace(os.sep, "/"), draft.findings)


def _numbers(draft: Draft, field: str, node: Any, given: NumbersSourceKeys) -> NumbersSource | None:
    numbers = given.numbers or []
    if not numbers and draft.understood.is_hurt(*_steps(field), "numbers"):
        return None
    if not numbers or len(numbers) > MAX_NUMBERS:
        draft.findings.error(
            "MS405" if numbers else "MS401",
            f"{len(numbers):,} numbers; between 1 and {MAX_NUMBERS:,} can be written here",
            at=node.keys_at["numbers"],
            field=f"{field}.numbers",
            next_step="move them into a CSV file: `- csv: numbers.csv`"
            if numbers
            else "write a number, or delete the entry",
        )
        return None
    positions = tuple(number.span.position for number in node["numbers"])
    return NumbersSource(tuple(numbers), positions, node.head.position)


def _steps(field: str) -> tuple[str | int, ...]:
    return tuple(int(step) if step.isdigit() else step for step in field.split("."))


def _group(draft: Draft, key: str, index: int, node: Any, given: GroupSourceKeys) -> GroupSource | None:
    if key == "exclude":
        draft.findings.error(
            "MS407",
            "the members of a contact group cannot be excluded",
            at=node.head,
            field=f"exclude.{index}.contact_group",
            why="only ME-SMS knows who they are",
            next_step="export the group and name the file: `- csv: optout.csv`",
        )
        return None
    return GroupSource(given.contact_group or 0, node.head.position)


def _delivery(draft: Draft, field: str, node: Any, given: DeliverySourceKeys) -> DeliverySource | None:
    keys = given.delivery
    if keys is None or keys.campaign is None or not keys.status:
        lacking = _lacking(draft, f"{field}.delivery", node["delivery"], "campaign", "status")
        if lacking is None:
            return None
        advice = "write delivery: {campaign: its-name, status: [failed, expired]}"
        _missing(draft, "MS123", f"{lacking} is missing", node.head, f"{field}.delivery.{lacking}", advice)
        return None
    if keys.campaign == draft.name and not field.startswith("exclude"):
        draft.findings.error(
            "MS408",
            "a campaign cannot be its own source of recipients",
            at=node["delivery"]["campaign"],
            field=f"{field}.delivery.campaign",
            next_step="name an earlier campaign",
        )
        return None
    later = tuple(keys.except_reached_by or ())
    return DeliverySource(keys.campaign, tuple(keys.status), node.head.position, later)


def provided(source: Source) -> Mapping[str, str]:
    """The variables a source has for each of its recipients."""
    return source.variables if isinstance(source, ListSource) else MappingProxyType({})
