"""A project in a temporary folder, and the two calls every test makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.manifests.load import Loaded, load_campaigns
from mesms_gitops.manifests.project import LoadedProject, load_project, load_project_leniently

if TYPE_CHECKING:
    from pathlib import Path

    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A project on disk."""

    root: Path

    def write(self, name: str, text: str | bytes) -> Path:
        """Write one file of it; text as UTF-8 with the line ends it has."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    @property
    def project(self) -> LoadedProject:
        """Its project file, read now."""
        return load_project(self.root / "mesms.yaml")

    def load(self, **rest: Any) -> Loaded:
        """Its campaigns, read now."""
        return load_campaigns(self.project, **{"now": NOW, **rest})

    def leniently(self, **rest: Any) -> list[str]:
        """``file:line:column code`` of everything, also where the project file has errors."""
        loaded = load_campaigns(load_project_leniently(self.root / "mesms.yaml"), **{"now": NOW, **rest})
        return [f"{item.position.file.removeprefix('campaigns/')}:{said(item)}" for item in loaded.diagnostics]

    def one(self, text: str, **rest: Any) -> Campaign:
        """The campaign of a manifest that has no errors."""
        self.write("campaigns/one.yaml", text)
        loaded = self.load(**rest)
        assert [item for item in loaded.diagnostics if item.is_error] == []
        (campaign,) = loaded.campaigns
        return campaign

    def findings(self, text: str | bytes, **rest: Any) -> list[str]:
        """``line:column code`` of everything there is to say about one manifest; warnings end in w, notes in n."""
        self.write("campaigns/one.yaml", text)
        return [said(item) for item in self.load(**rest).diagnostics]


def said(item: Diagnostic) -> str:
    """``line:column code``, and which kind if it is no error."""
    kind = "" if item.is_error else f" {item.severity[0]}"
    return f"{item.position.line}:{item.position.column} {item.code}{kind}" if item.position else f"- {item.code}{kind}"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty project."""
    made = Place(tmp_path)
    made.write("mesms.yaml", "version: 1\n")
    (tmp_path / "campaigns").mkdir()
    return made
