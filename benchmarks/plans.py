"""A plan of 10,000 finished campaigns that changes nothing, cold and warm: ``python -m benchmarks.plans``.

Whole processes, against a sandbox on this machine. Cold: no cache is there; kept: the caches are there and the files
are new, as in a fresh checkout; warm: nothing was touched. Beside it, in turn, `octodns-sync` plans no change over as
many records, from one YAML file to another. Needs the dependency group ``bench``; ``--alone`` leaves that out.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmarks.manifests import PROJECT, zone
from benchmarks.manifests import manifest as manifest_text
from benchmarks.whole import Run, once, paired
from mesms_gitops.manifests.load import load_campaigns
from mesms_gitops.manifests.project import load_project
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.sends import SendPhase, SendRecord
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.planning.fingerprint import manifest_record
from mesms_gitops.sandbox.server import running
from mesms_gitops.store.codec import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.model.campaign import Campaign

FEW, MANY = 1_000, 10_000
RUNS = 5
LINEAGE = "3f0c2a9e-0000-4000-8000-000000000000"
YEAR = 2020


class Finished:
    """A project of ``many`` campaigns that all were sent long ago, its state, and a folder for caches of its own."""

    def __init__(self, folder: Path, many: int, base_url: str, api_key: str) -> None:
        self.root = folder / f"project-{many}"
        self.caches = folder / f"caches-{many}"
        self.many = many
        self._env = {"XDG_CACHE_HOME": str(self.caches), "MESMS_BASE_URL": base_url, "MESMS_API_KEY": api_key}
        apart = get_context("spawn").Process(target=_write, args=(self.root, many))
        apart.start()  # a process begins with the memory of the one that started it: this one stays small
        apart.join()
        if apart.exitcode:
            raise RuntimeError(f"the project of {many} campaigns was not made")
        command = str(Path(sys.executable).with_name("mesms-gitops"))
        settings = (f"{key}={value}" for key, value in self._env.items())
        self.plan = ["env", *settings, command, "-C", str(self.root), "plan"]

    def forget(self, what: str) -> None:
        """Remove the caches whose names match ``what``."""
        for file in self.caches.glob(f"*/{what}"):
            file.unlink()


def _write(root: Path, many: int) -> None:
    (root / "campaigns").mkdir(parents=True)
    (root / "mesms.yaml").write_text(PROJECT, encoding="utf-8")
    for number in range(many):
        folder = root / "campaigns" / f"{number // 100:03d}"
        folder.mkdir(exist_ok=True)
        (folder / f"c{number:05d}.yaml").write_text(manifest_text(number, year=YEAR), encoding="utf-8")
    project = load_project(root / "mesms.yaml")
    loaded = load_campaigns(project, now=datetime(YEAR - 1, 1, 1, tzinfo=UTC))
    assert len(loaded.campaigns) == many
    key = HashKey.of_lineage(LINEAGE)
    records = {one.name: _record(one, key, root) for one in loaded.campaigns}
    (root / ".mesms").mkdir()
    state = State(LINEAGE, serial=many, hash_key=key.identity, campaigns=MappingProxyType(records))
    (root / ".mesms" / "state.json").write_bytes(encode(state))


def _record(campaign: Campaign, key: HashKey, root: Path) -> CampaignRecord:
    """What state holds of ``campaign`` once its only send is out: as many digests as a real one."""
    assert campaign.schedule is not None
    digest = manifest_record(campaign, key, str(root)).digests["content"]
    send = SendRecord(
        fingerprint=digest,
        revision=1,
        phase=SendPhase.SENT,
        run="20200101T000000Z-000000",
        intended_at=datetime(YEAR, 1, 1, tzinfo=UTC),
        scheduled_at=datetime(YEAR, 1, 1, tzinfo=UTC) + timedelta(days=1),
        sender=campaign.sender,
        recipients=12_000,
        parts=2,
        credits=24_000,
        uuid=f"00000000-0000-4000-8000-{int(campaign.name.rpartition('-')[2]):012d}",
        text_digest=digest,
        audience_digest=digest,
        sample=tuple(f"{digest[:8]}{number:08x}" for number in range(50)),
        delivery=MappingProxyType({"success": 11_900, "failed": 100}),
    )
    return CampaignRecord(campaign.name, campaign.file, 1, manifest_record(campaign, key, str(root)), (send,))


OCTO_CONFIG = """\
providers:
  config:
    class: octodns.provider.yaml.YamlProvider
    directory: {source}
    default_ttl: 3600
    enforce_order: False
  target:
    class: octodns.provider.yaml.YamlProvider
    directory: {target}
    default_ttl: 3600
    enforce_order: False
zones:
  unit.tests.:
    sources: [config]
    targets: [target]
"""


def octodns(folder: Path, records: int) -> list[str]:
    """``octodns-sync`` over ``records`` that are the same in the source and in the target."""
    folder.mkdir()
    for side in ("source", "target"):
        zone(folder / side, records)
    config = folder / "config.yaml"
    config.write_text(OCTO_CONFIG.format(source=folder / "source", target=folder / "target"), encoding="utf-8")
    return [str(Path(sys.executable).with_name("octodns-sync")), "--quiet", "--config-file", str(config)]


@contextmanager
def _account() -> Iterator[tuple[str, str]]:
    with running() as served:
        yield served.base_url, served.api_key


STATES = (("cold", "*", "≤ 0.33x, ≤ 2.2 s"), ("kept", "nothing-to-do-*", "≤ 0.33x"), ("warm", "", "≤ 0.33x, ≤ 0.3 s"))
"""Each with the caches that are removed before a run."""


def _once(project: Finished, gone: str) -> Run:
    if gone:
        project.forget(gone)
    return once(project.plan)


def _said(run: Run) -> str:
    return f"{run.seconds:.2f} s, processor {run.processor:.2f} s, {run.megabytes:.0f} MB"


def _rows(folder: Path, *, is_alone: bool) -> Iterator[str]:
    with _account() as (base_url, api_key):
        few, many = (Finished(folder, number, base_url, api_key) for number in (FEW, MANY))
        theirs = None if is_alone else octodns(folder / "zone", MANY)
        for state, gone, aim in STATES:
            if theirs is not None:
                pair = paired(partial(_once, many, gone), partial(once, theirs), RUNS)
                peer = f"octoDNS, {MANY:,} records: {_said(pair.theirs)}"
                yield (
                    f"| plan, {MANY:,} finished campaigns, {state} | {_said(pair.ours)} | {peer} "
                    f"| {pair.ratio:.2f}x | {aim} |"
                )
            grown = paired(partial(_once, many, gone), partial(_once, few, gone), RUNS)
            each = (grown.ours.seconds / MANY * 1e6, grown.theirs.seconds / FEW * 1e6)
            yield (
                f"| the same, alone, {state} | {_said(grown.ours)} | of {FEW:,}: {_said(grown.theirs)} | "
                f"a campaign: {each[0]:.0f} µs, {each[1]:.0f} µs; {grown.ratio * FEW / MANY:.2f}x | ≤ 1x (flat) |"
            )


def main() -> None:
    """Print the rows of docs/performance.md."""
    os.environ.pop("MESMS_HASH_KEY", None)
    with tempfile.TemporaryDirectory() as name:
        for row in _rows(Path(name), is_alone="--alone" in sys.argv[1:]):
            print(row, flush=True)


if __name__ == "__main__":
    main()
