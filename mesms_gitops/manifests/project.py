"""``mesms.yaml``: found from where one stands, read whole, every problem of it in one go."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.discover import Entry
from mesms_gitops.manifests.findings import Findings, sort_key
from mesms_gitops.manifests.positions import TreePositions
from mesms_gitops.manifests.scalars import cut
from mesms_gitops.manifests.schema import DefaultsKeys, PerCampaignAndApply, PolicyKeys, ProjectKeys
from mesms_gitops.manifests.text_file import TextFile, read_text_file
from mesms_gitops.manifests.validate import Steps, Understood, understand, without
from mesms_gitops.manifests.waivers import entries, read_waivers
from mesms_gitops.manifests.yaml_tree import MappingNode, Node, Scalar, SequenceNode, parse
from mesms_gitops.model.campaign import Window
from mesms_gitops.model.holidays import HolidayStance
from mesms_gitops.model.project import (
    DEFAULT_HOLIDAYS,
    ApiSettings,
    AudienceSettings,
    EncryptionSettings,
    Policy,
    Project,
)
from mesms_gitops.model.promise import Leeway

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.rules import Rule

DEFAULT_WINDOWS: Final = MappingProxyType({"marketing": Window(time(9), time(20))})
"""Holds for every class that ``policy.windows`` does not name. Twilio's guidelines for Thailand: "marketing and
promotional messages between 9PM to 9AM" are prohibited; one hour is kept from that edge."""


@dataclass(frozen=True, slots=True)
class LoadedProject:
    """A project file, understood. ``defaults`` lie under every manifest and are for `load_campaigns` alone.

    ``diagnostics`` are warnings: a file with errors is loaded by `load_project_leniently` alone. One error may be among
    them nevertheless: that nothing here can read its rules. That stops every check and every plan, but not `stop`,
    `status` and what else only looks or halts.
    ``audience_engine`` is ``local`` or ``spark``, which may have a ``audience_master``.
    """

    project: Project
    defaults: MappingNode | None = None
    entries: tuple[Entry, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    audience_engine: str = "local"
    audience_master: str | None = None


def load_project(file: Path) -> LoadedProject:
    """The project of ``file``. Raises `ManifestError` with every problem of it."""
    findings = Findings()
    loaded = _load(file, findings)
    if loaded is None or findings.has_errors:
        raise ManifestError(sorted(findings.items, key=sort_key))
    return loaded


def load_project_leniently(file: Path) -> LoadedProject:
    """What can be understood of ``file``, its errors among its ``diagnostics``: to look at manifests, never to send.

    What was refused is as if it were not there, so that nothing is said about a manifest that only follows from it.
    Raises `ManifestError` where nothing can be understood at all.
    """
    findings = Findings()
    loaded = _load(file, findings)
    if loaded is None:
        raise ManifestError(sorted(findings.items, key=sort_key))
    if not findings.has_errors:
        return loaded
    return replace(loaded, diagnostics=tuple(sorted(loaded.diagnostics, key=sort_key)))


def _load(file: Path, findings: Findings) -> LoadedProject | None:
    if not file.exists():
        findings.in_file(file.name, "MS001", f"there is no {file.name} here", next_step="run `mesms-gitops init`")
        return None
    text = read_text_file(file, file.name, findings)
    tree = parse(text, findings) if text is not None else None
    if text is None or tree is None:
        return None
    understood = understand(tree.root, ProjectKeys, tree.broken, findings)
    _require_version(tree.root, understood, findings)
    later = Findings()
    project = _project(file, text, tree.root, understood, findings, later)
    return LoadedProject(
        project,
        _defaults(tree.root),
        _entries(project, understood.tree),
        (*findings.items, *later.items),
        _engine(understood.keys),
        understood.keys.audience.master if understood.keys.audience else None,
    )


def _require_version(root: MappingNode, understood: Understood[ProjectKeys], findings: Findings) -> None:
    if understood.keys.version is None and "version" not in understood.broken:
        findings.error(
            "MS002",
            "the version of this file's format is missing",
            at=root.head,
            field="version",
            next_step="write version: 1",
        )


def _defaults(root: MappingNode) -> MappingNode | None:
    """What lies under every manifest: without what was refused there, which is said once and not for every manifest."""
    defaults = root.get("defaults")
    if not isinstance(defaults, MappingNode):
        return None
    understood = understand(defaults, DefaultsKeys, set(), Findings())
    left: MappingNode = without(defaults, {_up_to_a_list(path) for path in understood.lost})
    return left


def _up_to_a_list(path: Steps) -> Steps:
    """Lists are never merged: half of one is nobody's list."""
    return path[: next((number for number, step in enumerate(path) if isinstance(step, int)), None)]


def _patterns(understood: Understood[ProjectKeys]) -> tuple[str, ...]:
    given = understood.keys.campaigns
    return ("campaigns/",) if given is None or (not given and understood.is_hurt("campaigns")) else tuple(given)


def _engine(keys: ProjectKeys) -> str:
    return (keys.audience.engine if keys.audience else None) or "local"


def _entries(project: Project, root: MappingNode) -> tuple[Entry, ...]:
    nodes = root.get("campaigns")
    if not isinstance(nodes, SequenceNode) or len(nodes) != len(project.campaigns):
        return tuple(Entry(pattern, None) for pattern in project.campaigns)
    return tuple(Entry(pattern, node.span) for pattern, node in zip(project.campaigns, nodes, strict=True))


def _project(
    file: Path,
    text: TextFile,
    root: MappingNode,
    understood: Understood[ProjectKeys],
    findings: Findings,
    later: Findings,
) -> Project:
    keys = understood.keys
    return Project(
        root=file.resolve().parent,
        file=file.name,
        text_digest=hashlib.sha256(text.text.encode()).hexdigest(),
        campaigns=_patterns(understood),
        timezone=keys.timezone or "Asia/Bangkok",
        state=_state(keys, root, findings) or ".mesms/state.json",
        undo_window=keys.undo_window if keys.undo_window is not None else timedelta(minutes=10),
        api=_api(keys, root, findings),
        policy=_policy(understood, root, findings, later),
        audience=_audience(keys),
        encryption=EncryptionSettings(tuple((keys.encryption.state if keys.encryption else None) or ())),
        positions=TreePositions(text),
    )


def _audience(keys: ProjectKeys) -> AudienceSettings:
    given, standard = keys.audience, AudienceSettings()
    if given is None:
        return standard
    return AudienceSettings(
        keep=standard.keep if given.keep is None else given.keep, encrypt_to=tuple(given.encrypt_to or ())
    )


_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def _api(keys: ProjectKeys, root: MappingNode, findings: Findings) -> ApiSettings:
    given, standard = keys.api, ApiSettings()
    if given is None:
        return standard
    if given.base_url is not None:
        _check_url(given.base_url, root["api"]["base_url"], findings)
    return ApiSettings(
        base_url=(given.base_url or standard.base_url).rstrip("/"),
        requests_per_second=given.requests_per_second or standard.requests_per_second,
        timeout=given.timeout.total_seconds() if given.timeout else standard.timeout,
        fields=MappingProxyType(given.fields_.model_dump(by_alias=True, exclude_none=True) if given.fields_ else {}),
    )


def _check_url(url: str, node: Node, findings: Findings) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("https", "http"):
        findings.error(
            "MS010",
            f"{cut(url)!r} is not a web address",
            at=node,
            field="api.base_url",
            next_step="write https://host/path",
        )
    elif parts.scheme == "http" and host not in _LOOPBACK:
        findings.warning(
            "MS011",
            "the API key would travel unencrypted",
            at=node,
            field="api.base_url",
            next_step="write https://, unless this is a sandbox in a closed network",
        )


_PASSWORD = re.compile(r"://[^/@:]*:[^/@]+@")


def _state(keys: ProjectKeys, root: MappingNode, findings: Findings) -> str | None:
    if keys.state and _PASSWORD.search(keys.state):
        findings.error(
            "MS012",
            "a password stands in the project file",
            at=root["state"],
            field="state",
            why="whoever reads the repository, now or later, reads it too",
            next_step="take it out, change it, and set MESMS_STATE where the program runs",
            show=False,
        )
        return None
    return keys.state


def _policy(understood: Understood[ProjectKeys], root: MappingNode, findings: Findings, later: Findings) -> Policy:
    """The policy. Half a list of senders or of links is none: it would forbid what the other half allows."""
    keys = understood.keys.policy or PolicyKeys()
    links = _links(keys, understood.tree, findings)
    recipients = keys.max_recipients or PerCampaignAndApply()
    credits_ = keys.max_credits or PerCampaignAndApply()
    return Policy(
        senders=None if keys.senders is None or understood.is_hurt("policy", "senders") else tuple(keys.senders),
        windows=_windows(keys, is_hurt=understood.is_hurt("policy", "windows")),
        links=None if understood.is_hurt("policy", "links") else links,
        max_parts=keys.max_parts,
        max_recipients_campaign=recipients.campaign,
        max_recipients_apply=recipients.apply,
        max_credits_campaign=credits_.campaign,
        max_credits_apply=credits_.apply,
        min_balance_after=keys.min_balance_after,
        max_audience_change=keys.max_audience_change,
        holidays=_holidays(keys),
        rules=_rules(root, findings, later),
        waivers=read_waivers(root, findings),
        leeway=_leeway(keys),
        identity=_identity(root.get("policy")),
    )


def _leeway(keys: PolicyKeys) -> Leeway:
    tolerate = keys.tolerate
    return Leeway(tolerate.credits or 0.0, tolerate.audience or 0.0) if tolerate else Leeway()


def _identity(node: Node | None) -> str:
    """A digest of what is written at ``node``: of keys and values, not of comments and layout."""
    return hashlib.sha256(repr(_bare(node)).encode()).hexdigest()


def _bare(node: Node | None) -> object:
    if isinstance(node, MappingNode):
        return sorted((key, _bare(value)) for key, value in node.items())
    if isinstance(node, SequenceNode):
        return [_bare(one) for one in node]
    return node.text if isinstance(node, Scalar) else None


def _rules(root: MappingNode, findings: Findings, later: Findings) -> tuple[Rule, ...]:
    if not any(entries(root, "rules")):
        return ()
    from mesms_gitops.manifests.rules import read_rules  # a project without rules does not pay for their language

    return read_rules(root, findings, later)


def _windows(keys: PolicyKeys, *, is_hurt: bool) -> MappingProxyType[str, Window]:
    given = {}
    if keys.windows is not None:
        pairs = (("marketing", keys.windows.marketing), ("transactional", keys.windows.transactional))
        given = {name: window for name, window in pairs if window is not None}
    return MappingProxyType(given if is_hurt else {**DEFAULT_WINDOWS, **given})


def _holidays(keys: PolicyKeys) -> Mapping[str, HolidayStance]:
    """By class; where one is left out, or was refused, the default holds: it warns and stops nothing."""
    given = keys.holidays
    words = [] if given is None else [("marketing", given.marketing), ("transactional", given.transactional)]
    written = {name: HolidayStance(word) for name, word in words if word is not None}
    return MappingProxyType({**DEFAULT_HOLIDAYS, **written})


_HOST = re.compile(r"(?:\*\.)?[^\s/:@?#*]+\.[^\s/:@?#*.]+")


def _links(keys: PolicyKeys, root: MappingNode, findings: Findings) -> tuple[str, ...] | None:
    if keys.links is None:
        return None
    for host, node in zip(keys.links, root["policy"]["links"], strict=True):
        if not _HOST.fullmatch(host):
            bare = re.sub(r"^[a-z]+://", "", host).partition("/")[0].partition(":")[0]
            findings.error(
                "MS006",
                f"{cut(host)!r} is not a host",
                at=node,
                field="policy.links",
                next_step=f"write {bare}" if _HOST.fullmatch(bare) else "write a host such as siamcoffee.example",
            )
    return tuple(host.lower() for host in keys.links)
