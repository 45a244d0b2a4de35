"""Every YAML block of the documents is what it claims to be: a project file, a manifest, or of another tool."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyrage
import pytest
from ruamel.yaml import YAML

from mesms_gitops.manifests.load import load_campaigns
from mesms_gitops.manifests.project import load_project_leniently
from mesms_gitops.manifests.schema import ManifestKeys, ProjectKeys
from tests.docs.pages import PAGES, Fence, fences

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""Before every time in the documents."""
SHOWS_MISTAKES = {"codes.md"}
"""Its blocks are wrong on purpose, and run by `tests/manifests`."""
OF_OTHER_TOOLS = {"permissions", "steps", "repos", "on", "jobs", "uses", "id", "with", "env", "name", "run", "if"}
"""Keys of GitHub's workflows and of pre-commit."""
ELSEWHERE = {"MS513", "MS517"}
"""A waiver names a rule and a campaign, which stand in other blocks of its page."""

PROJECT = {"version": "version: 1\n", "campaigns": "campaigns: [campaigns/]\n"}
MANIFEST = {
    "name": "name: sale\n",
    "sender": "sender: SiamCoffee\n",
    "recipients": 'recipients: [{numbers: ["0800000001"]}]\n',
    "schedule": "schedule: 2027-04-10T10:00\n",
}
_BODIES = {"content", "template", "template_id"}
BLOCKS = [one for page in PAGES if page.name not in SHOWS_MISTAKES for one in fences(page) if one.language == "yaml"]


def kind_of(block: Fence) -> str:
    """project, manifest or other, by what the block says of itself, else by its keys."""
    keys = _keys(block)
    if "campaign.schema.json" in block.body:
        return "manifest"
    if "project.schema.json" in block.body or (keys and keys <= set(ProjectKeys.model_fields)):
        return "project"
    if keys and keys <= {field.alias or name for name, field in ManifestKeys.model_fields.items()}:
        return "manifest"
    assert keys <= OF_OTHER_TOOLS, f"{block}: neither a project nor a manifest: {sorted(keys)}"
    return "other"


def _keys(block: Fence) -> set[str]:
    tree = YAML(typ="safe").load(block.body)
    return set(tree) if isinstance(tree, dict) else {key for entry in tree for key in entry}


def _whole(block: Fence, rest: dict[str, str]) -> str:
    """``block`` with what it leaves out, and with a recipient of age that is one."""
    keys = _keys(block)
    text = "".join(line for key, line in rest.items() if key not in keys) + block.body
    if rest is MANIFEST and not keys & _BODIES:
        text = f"content: Your order is ready\n{text}"
    return text.replace("age1…", str(pyrage.x25519.Identity.generate().to_public()))


def errors(block: Fence, folder: Path) -> list[str]:
    """What `validate` would refuse, as ``code: message``."""
    kind = kind_of(block)
    (folder / "campaigns").mkdir(exist_ok=True)
    (folder / "mesms.yaml").write_text(_whole(block, PROJECT) if kind == "project" else "".join(PROJECT.values()))
    if kind == "manifest":
        (folder / "campaigns/sale.yaml").write_text(_whole(block, MANIFEST), encoding="utf-8")
    loaded = load_project_leniently(folder / "mesms.yaml")
    found = [*loaded.diagnostics, *load_campaigns(loaded, now=NOW).diagnostics]
    return [f"{one.code}: {one.message}" for one in found if one.is_error and one.code not in ELSEWHERE]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_validates_as_what_it_is(block: Fence, tmp_path: Path) -> None:
    """A project or manifest has no error once what it leaves out is filled in; anything else is known to be neither."""
    if kind_of(block) != "other":
        assert errors(block, tmp_path) == []


def test_blocks_of_each_kind_are_found() -> None:
    """The parametrised test above is no empty one."""
    kinds = [kind_of(block) for block in BLOCKS]
    assert kinds.count("project") >= 6
    assert kinds.count("manifest") >= 3
    assert kinds.count("other") >= 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("policy: {senders: SiamCoffee, max_part: 3}\n", "MS120"),
        ("sender: SiamCoffee\nschedule: 2569-04-10T10:00\n", "MS202"),
    ],
)
def test_a_wrong_block_is_seen(text: str, code: str, tmp_path: Path) -> None:
    """An unknown key of a project and a Buddhist year of a manifest are reported."""
    found = errors(Fence(PAGES[0], "yaml", text, 1), tmp_path)
    assert any(one.startswith(code) for one in found), found
