"""Nothing done honestly breaks the chain: whatever people, accidents and the account do, `--verify` is content."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.sandbox.faults import Fault
from tests.cli.conftest import PROJECT
from tests.store.bench_git import BRANCH, QUIET, git

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

SEND = {"method": "POST", "path": r"/sms/send$"}


class Story:
    """A project of a few campaigns to which things happen, each commit of it followed by an apply."""

    def __init__(self, project: Project, sandbox: Running, chance: random.Random) -> None:
        self.project, self.sandbox, self.chance = project, sandbox, chance
        self.live: dict[str, dict[str, object]] = {}
        self.made = 0
        self.done: list[str] = []

    def step(self) -> None:
        """One thing happens."""
        actions: list[Callable[[], None]] = [
            *(self.write, self.edit, self.edit, self.revert, self.delete, self.rename, self.move_in_state, self.wait),
            *(self.stop, self.release, self.stumble, self.refresh, self.revise, self.adopt, self.forget, self.settle),
        ]
        action = self.chance.choice(actions)
        self.done.append(action.__name__)
        action()

    def apply(self) -> None:
        """Commit what there is and apply it as a runner on GitHub would."""
        root = self.project.root
        git(root, "add", "-A")
        git(root, "commit", "-q", "--allow-empty", "-m", f"step {len(self.done)}")
        ran = self.project.run("apply", "--auto-approve", "--allow-empty", "--continue-on-error", **self.github())
        assert ran.code in (0, 1, 3, 4, 5), ran.err

    def github(self) -> dict[str, str]:
        """What a runner says of itself."""
        return {"GITHUB_ACTOR": "somchai", "GITHUB_SHA": git(self.project.root, "rev-parse", "HEAD")}

    def name(self) -> str:
        """One of the campaigns."""
        return self.chance.choice(sorted(self.live)) if self.live else self.write()

    def put(self, name: str) -> None:
        self.project.campaign(name, **self.live[name])
        self.apply()

    def write(self) -> str:
        self.made += 1
        name = f"c{self.made}"
        days = self.chance.choice((1, 2, 9))
        at = self.sandbox.world.now + timedelta(days=days, hours=8)
        schedule: object = self.chance.choice((f"{at:%Y-%m-%dT%H:%M}", "now"))
        lists = [{"numbers": [f"08000{self.made:03}{each:02}" for each in range(3)]}]
        self.live[name] = {"schedule": schedule, "recipients": lists, "content": f"Text {name}"}
        self.put(name)
        return name

    def edit(self) -> None:
        name = self.name()
        self.live[name]["content"] = f"Text {name} again {self.chance.randint(1, 3)}"
        self.put(name)

    def revert(self) -> None:
        name = self.name()
        self.live[name]["content"] = f"Text {name}"
        self.put(name)

    def revise(self) -> None:
        name = self.name()
        self.live[name]["revision"] = int(str(self.live[name].get("revision", 1))) + 1
        self.live[name]["schedule"] = "now"
        self.put(name)

    def delete(self) -> None:
        name = self.name()
        del self.live[name]
        (self.project.root / f"campaigns/{name}.yaml").unlink()
        self.apply()

    def rename(self) -> None:
        name = self.name()
        keys = self.live.pop(name)
        (self.project.root / f"campaigns/{name}.yaml").unlink()
        self.live[f"{name}x"] = {**keys, "moved_from": name}
        self.put(f"{name}x")

    def move_in_state(self) -> None:
        name = self.name()
        self.project.run("state", "mv", name, f"{name}y", **self.github())
        keys = self.live.pop(name)
        (self.project.root / f"campaigns/{name}.yaml").unlink()
        self.live[f"{name}y"] = {key: value for key, value in keys.items() if key != "moved_from"}
        self.put(f"{name}y")

    def wait(self) -> None:
        self.sandbox.advance(timedelta(hours=self.chance.choice((1, 26, 300))))
        self.refresh()

    def refresh(self) -> None:
        self.project.run("refresh", **self.github())

    def stop(self) -> None:
        self.project.run("stop", self.chance.choice(("--all", self.name())), **self.github())

    def release(self) -> None:
        self.project.run("stop", "--release", **self.github())
        self.apply()

    def stumble(self) -> None:
        kind = self.chance.choice(("lose_answer", "drop_before", "garbage"))
        self.sandbox.sandbox.faults.arm(Fault(kind, **SEND))
        self.write()
        self.sandbox.sandbox.faults.disarm()

    def settle(self) -> None:
        for name, found in self.project.status().items():
            if found["phase"] == "unknown":
                self.project.run("resolve", name, "--not-sent", **self.github())

    def adopt(self) -> None:
        with self.sandbox.lock:
            uuids = list(self.sandbox.world.messages)
        known = {send["uuid"] for found in self.project.status().values() for send in found["sends"]}
        free = [uuid for uuid in uuids if uuid not in known]
        if free:
            self.project.run("adopt", self.chance.choice(free), self.name(), **self.github())

    def forget(self) -> None:
        self.project.run("forget", "0800000101", **self.github())
        self.project.run("state", "rm", self.name(), **self.github())


@pytest.mark.parametrize("seed", range(2))
def test_an_honest_chain_is_whole(project: Project, sandbox: Running, seed: int) -> None:
    """A dozen things happen in a row, faults among them; every state follows from the one before by the rules."""
    project.env.update(QUIET)
    project.write("mesms.yaml", f"{PROJECT}state: git:{BRANCH}\n")
    git(project.root, "init", "-qb", "main")
    story = Story(project, sandbox, random.Random(seed))
    story.write()
    for _ in range(12):
        story.step()
    ran = project.run("history", "--verify", "--json")
    assert ran.code == 0, (story.done, ran.out)
    figures = {check["what"]: (check["good"], check["all"]) for check in ran.json["verification"]["checks"]}
    assert figures["states stand as they were written"][0] == ran.json["verification"]["commits"] > 10
    shown = project.run("history", "--json")
    assert shown.code == 0, shown.err
    assert any(event["event"] == "intended" for one in shown.json["campaigns"] for event in one["events"])
