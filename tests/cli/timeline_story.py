"""A repository in which days go by, for the tests of `history`."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.cli.conftest import PROJECT, Project, Ran
from tests.store.bench_git import BRANCH, QUIET

if TYPE_CHECKING:
    from pathlib import Path

    from mesms_gitops.sandbox.server import Running

HOSTILE = '=HYPERLINK("https://evil.example") \x1b[2J\x1b]0;owned\x07 ::error::call 0812345678'
NEW_TEXT = "Songkran starts tomorrow"
RUN = "https://github.example/shop/sms/actions/runs/77"


class Told:
    """A project in a repository; what people and runners do there has the date that is said."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.commits: dict[str, str] = {}
        project.root.mkdir(parents=True, exist_ok=True)

    def git(self, *arguments: str, day: int = 1, who: str = "สมชาย ใจดี") -> str:
        """git as a person, on the ``day``-th of April."""
        ran = subprocess.run(
            ["git", "-C", str(self.project.root), *arguments],
            env={**os.environ, **dated(day), "GIT_AUTHOR_NAME": who},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def save(self, message: str, *, day: int, who: str = "สมชาย ใจดี") -> str:
        """Commit what there is; the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--cleanup=verbatim", "-m", message, day=day, who=who)
        return self.git("rev-parse", "HEAD")


def dated(day: int) -> dict[str, str]:
    """The environment of somebody on the ``day``-th of April."""
    when = f"2027-04-{day:02}T10:00:00+07:00"
    return {**QUIET, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}


def runner(told: Told, day: int, *command: str) -> Ran:
    """A job on GitHub: an apply, or another ``command``."""
    said = {
        "GITHUB_ACTOR": "deployer",
        "GITHUB_SHA": told.git("rev-parse", "HEAD"),
        **dict(zip(("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"), _parts(), strict=True)),
    }
    return told.project.run(*(command or ("apply", "--auto-approve")), **dated(day), **said)


def _parts() -> tuple[str, str, str]:
    server, _, rest = RUN.partition("/shop/sms/actions/runs/")
    return server, "shop/sms", rest


def told_in(folder: Path, sandbox: Running) -> Told:
    """The story. Its campaign is `songkran`, later `songkran-vip`; beside it stands `other`, which is never touched."""
    home = folder / "home"
    home.mkdir()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "MESMS_BASE_URL": sandbox.base_url,
        "MESMS_API_KEY": sandbox.api_key,
        "CRM": f"sqlite:///{folder}/crm.db",
        **QUIET,
    }
    with closing(sqlite3.connect(folder / "crm.db")) as people:
        people.execute("create table nobody (msisdn text)")
    project = Project(folder / "โครงการ", env)
    told = Told(project)
    project.write("mesms.yaml", f"{PROJECT}state: git:{BRANCH}\n")
    project.write("templates/hi.j2", "Songkran is near")
    project.write("queries/vip.sql", "select msisdn from nobody")
    songkran = _songkran(project, "songkran")
    project.campaign("other")
    told.git("init", "-qb", "main")
    told.commits["first"] = told.save("แคมเปญสงกรานต์", day=1)
    told.git("checkout", "-qb", "offer")
    project.write("templates/hi.j2", "Songkran is very near")
    told.commits["review"] = told.save(
        "A better text\n\nReviewed-by: Malee <malee@example.invalid>", day=2, who="Anong"
    )
    told.git("checkout", "-q", "main")
    told.git("merge", "-q", "--no-ff", "-m", "Merge pull request #12 from shop/offer", "offer", day=2)
    told.commits["merge"] = told.git("rev-parse", "HEAD")
    ran = runner(told, 3)
    assert ran.code == 0, ran.err
    songkran.unlink()
    _songkran(project, "songkran-vip", moved_from="songkran", template=None, content=NEW_TEXT)
    told.commits["rename"] = told.save(HOSTILE, day=4)
    ran = runner(told, 5)
    assert ran.code == 0, ran.err
    sandbox.advance(timedelta(days=11))
    ran = runner(told, 12, "refresh")
    assert ran.code == 0, ran.err
    return told


def _songkran(project: Project, name: str, **keys: object) -> Path:
    """The manifest, with an opt-out list that a query of a file reads."""
    given: dict[str, object] = {
        "content": None,
        "template": "../templates/hi.j2",
        "exclude": [{"sql": {"url_env": "CRM", "query_file": "../queries/vip.sql"}, "phone": "msisdn"}],
        **keys,
    }
    return project.campaign(name, **given)
