"""What a GitHub runner does with a workflow of ours: check out, fill in expressions, run the steps of ``action.yml``.

Only as much of it as the workflows use; anything else fails loudly. Scripts run as the runner runs them (``bash
--noprofile --norc -eo pipefail FILE``), with its files for outputs, summary and environment, and its variables alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tests.github.forge import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.github.forge import Forge

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("mesms-gitops")
_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
_OURS = "mesms-gitops/mesms-gitops@"


def document(file: Path) -> Any:
    """A YAML file, as GitHub reads it."""
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))


@dataclass
class Ended:
    """One job: how it ended, what its steps put out and what people see."""

    code: int
    outputs: dict[str, dict[str, str]]
    log: str
    summary: str
    artifacts: dict[str, Path] = field(default_factory=dict)

    @property
    def out(self) -> dict[str, str]:
        """The outputs of the last step with an id."""
        return list(self.outputs.values())[-1]


def read_outputs(text: str) -> dict[str, str]:
    """``GITHUB_OUTPUT`` as the runner reads it: ``name=value``, or a block between two equal lines."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n")[:-1])
    for line in lines:
        name, equals, value = line.partition("=")
        block, heredoc, delimiter = line.partition("<<")
        if heredoc and (not equals or line.index("<<") < line.index("=")):
            held = []
            for inner in lines:
                if inner == delimiter:
                    break
                held.append(inner)
            else:
                raise AssertionError(f"the output {block} has no end")
            found[block] = "\n".join(held)
        else:
            found[name] = value
    return found


@dataclass
class Runner:
    """A fleet of throw-away machines for one repository: each job gets an empty folder and what the workflow gives."""

    base: Path
    remote: Path
    forge: Forge
    variables: dict[str, str]
    jobs: int = 0
    run: int = 0
    attempt: int = 0
    while_running: Callable[[subprocess.Popen[bytes]], None] | None = None

    def job(
        self,
        workflow: str,
        event_name: str,
        event: Mapping[str, Any],
        *,
        sha: str,
        ref: str,
        secrets: Mapping[str, str] | None = None,
        actor: str = "author",
        artifacts: Mapping[str, Path] | None = None,
        rerun: bool = False,
        folder: Path = ROOT / "examples/github",
    ) -> Ended:
        """Run the one job of ``workflow`` on a machine of its own, as a new run or as the next attempt of the last one.

        The forge knows the run, and when it is over.
        """
        self.jobs += 1
        self.run, self.attempt = (self.run, self.attempt + 1) if rerun else (4_000 + self.jobs, 1)
        machine = self.base / f"machine-{self.jobs}"
        for name in ("work", "temp", "home"):
            (machine / name).mkdir(parents=True)
        self._install(machine)
        (machine / "event.json").write_text(json.dumps(event), encoding="utf-8")
        (job,) = document(folder / workflow)["jobs"].values()
        context = {
            "github": {"token": self.forge.token, "event": event, "repository": REPOSITORY, "run_attempt": 1},
            "secrets": dict(secrets or {}),
            "inputs": event.get("inputs") or {},
            "runner": {"temp": str(machine / "temp")},
            "steps": {},
        }
        env = self._environment(machine, event_name, sha, ref, actor)
        ended = Ended(0, {}, "", "", dict(artifacts or {}))
        self.forge.runs[self.run, self.attempt] = "in_progress"
        for step in job["steps"]:
            self._step(step, machine, context, env, ended, sha)
        self.forge.runs[self.run, self.attempt] = "completed"
        return ended

    # ------------------------------------------------------------ one step

    def _step(
        self, step: Any, machine: Path, context: dict[str, Any], env: dict[str, str], ended: Ended, sha: str
    ) -> None:
        uses, given = step["uses"], {k: filled(v, context) for k, v in step.get("with", {}).items()}
        condition = step.get("if", "success()")
        if ended.code and "cancelled()" not in condition:
            return
        if uses.startswith("actions/checkout@"):
            assert (given.get("persist-credentials"), given.get("fetch-depth")) == ("False", "0")
            git(machine, "clone", "--quiet", "--no-checkout", f"file://{self.remote}", "work")
            git(machine / "work", "checkout", "--quiet", "--detach", sha)
        elif uses.startswith("actions/upload-artifact@"):
            if Path(given["path"]).is_file():
                ended.artifacts[given["name"]] = Path(given["path"])
        elif uses.startswith("actions/download-artifact@"):
            target = Path(given["path"])
            target.mkdir(parents=True)
            shutil.copy(ended.artifacts[given["name"]], target / "report.json")
        elif uses.startswith(_OURS):
            given_env = {name: filled(text, context) for name, text in step.get("env", {}).items()}
            outputs = self.action(given, {**env, **given_env}, machine, ended)
            key = step.get("id", f"step-{len(ended.outputs)}")
            ended.outputs[key] = outputs
            context["steps"][key] = {"outputs": outputs}
        else:
            raise AssertionError(f"the runner of these tests does not know {uses}")

    def action(self, given: Mapping[str, str], env: Mapping[str, str], machine: Path, ended: Ended) -> dict[str, str]:
        """The composite action with these inputs: every step of it, until one fails."""
        action = document(ROOT / "action.yml")
        unknown = given.keys() - action["inputs"].keys()
        assert not unknown, unknown
        context: dict[str, Any] = {"github": {"token": self.forge.token}, "steps": {}}
        defaults = {name: filled(one.get("default", ""), context) for name, one in action["inputs"].items()}
        context["inputs"] = {**defaults, **given}
        for number, step in enumerate(action["runs"]["steps"]):
            files = {
                name: machine / "temp" / f"{name}-{len(ended.outputs)}-{number}"
                for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")
            }
            for file in files.values():
                file.touch()
            step_env = {name: filled(text, context) for name, text in step.get("env", {}).items()}
            code, log = self._script(step, {**env, **step_env, **{k: str(v) for k, v in files.items()}}, machine)
            ended.log += log
            summary = files["GITHUB_STEP_SUMMARY"]
            assert summary.stat().st_size <= 1 << 20
            ended.summary += summary.read_text(encoding="utf-8")
            if "id" in step:
                outputs = read_outputs(files["GITHUB_OUTPUT"].read_text(encoding="utf-8"))
                context["steps"][step["id"]] = {"outputs": outputs}
            if code:
                ended.code = code
                break
        return {name: filled(one["value"], context) for name, one in action["outputs"].items()}

    def _script(self, step: Any, env: Mapping[str, str], machine: Path) -> tuple[int, str]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an expression inside of a script"
        script = machine / "temp" / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        with subprocess.Popen(
            command,
            cwd=machine / "work",
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            if self.while_running and "github run" in step["run"]:
                self.while_running(process)
            out, _ = process.communicate(timeout=120)
        return process.returncode, out.decode()

    # ------------------------------------------------------------ the machine

    def _install(self, machine: Path) -> None:
        """As the first step of the action leaves it; that step itself is tested in `test_action`."""
        tool = machine / "temp/mesms-gitops-tool"
        (tool / "bin").mkdir(parents=True)
        (tool / "bin/mesms-gitops").symlink_to(COMMAND)
        (tool / "ready").touch()

    def _environment(self, machine: Path, event_name: str, sha: str, ref: str, actor: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(machine / "home"),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_ACTOR": actor,
            "GITHUB_API_URL": self.forge.url,
            "GITHUB_EVENT_NAME": event_name,
            "GITHUB_EVENT_PATH": str(machine / "event.json"),
            "GITHUB_REF": ref,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(self.run),
            "GITHUB_RUN_ATTEMPT": str(self.attempt),
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_SHA": sha,
            "GITHUB_WORKSPACE": str(machine / "work"),
            "RUNNER_TEMP": str(machine / "temp"),
            **self.variables,
        }


def filled(text: Any, context: Mapping[str, Any]) -> str:
    """``text`` with each ``${{ a.b.c }}`` looked up; what is not there is empty, as on GitHub."""

    def value(match: re.Match[str]) -> str:
        found: Any = context
        for part in match[1].split("."):
            assert re.fullmatch(r"[A-Za-z_-]+", part), match[1]
            found = found.get(part, "") if isinstance(found, dict) else ""
        return str(found)

    return _EXPRESSION.sub(value, str(text))


def git(folder: Path, *arguments: str) -> str:
    """Run git with nobody's configuration."""
    command = ["git", "-c", "user.name=A tester", "-c", "user.email=tester@shop.example", "-c", "commit.gpgsign=false"]
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    ran = subprocess.run([*command, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def kill_tree(pid: int) -> None:
    """End a process and all below it at once, as when a machine is gone."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            if parent == pid:
                kill_tree(int(entry.name))
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
