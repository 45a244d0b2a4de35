"""A new project: what it is made from, the files of it, and writing them all or none."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import time, timedelta
from importlib import resources
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from mesms_gitops.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

PROJECT: Final = "mesms.yaml"
IGNORED: Final = ".gitignore"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a new project is made from. The defaults plan on the sandbox as they are."""

    sender: str = "MESMSDemo"
    timezone: str = "Asia/Bangkok"
    window: str = "09:00-20:00"
    campaign: str = "hello"


STATE: Final = ".mesms/state.json"
STATE_ON_A_BRANCH: Final = "git:mesms-state"
"""For a project that a runner applies: its disk is gone after each job."""


def checked(field: str, answer: str) -> str:
    """``answer``, if a manifest could hold it (quoted). Raises `manifests.scalars.Misfit`, as the manifest would."""
    from mesms_gitops.manifests import scalars
    from mesms_gitops.manifests.text_file import TextFile
    from mesms_gitops.manifests.yaml_tree import Scalar

    readers: Mapping[str, Callable[[object], object]] = {
        "sender": scalars.sender,
        "timezone": scalars.timezone_name,
        "window": scalars.window,
        "campaign": scalars.campaign_name,
    }
    readers[field](Scalar(answer, '"', TextFile("", answer), (0, 0, 0, 0)))
    return answer


def files(answers: Answers, now: datetime, state: str = STATE) -> dict[str, str]:
    """Every file of the project by its path in it. The sample leaves in a week, when its window is open."""
    from mesms_gitops.cli.commands.schema import schema_text

    filled = {
        "@SENDER@": _scalar(answers.sender),
        "@TIMEZONE@": _scalar(answers.timezone),
        "@WINDOW@": answers.window,
        "@NAME@": _scalar(answers.campaign),
        "@STATE@": state,
        "@SCHEDULE@": f"{_sample_time(answers, now):%Y-%m-%dT%H:%M}",
    }
    return {
        PROJECT: _template("mesms.yaml", filled),
        sample_path(answers): _template("campaigns/hello.yaml", filled),
        IGNORED: _template("gitignore", {}),
        "schemas/campaign.schema.json": schema_text("campaign"),
        "schemas/project.schema.json": schema_text("project"),
    }


def sample_path(answers: Answers) -> str:
    """Where the first campaign stands."""
    return f"campaigns/{answers.campaign}.yaml"


def _template(name: str, filled: Mapping[str, str]) -> str:
    text = (resources.files("mesms_gitops.cli") / "templates" / "init" / name).read_text(encoding="utf-8")
    return re.sub("|".join(filled), lambda match: filled[match[0]], text) if filled else text


_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*")
_WORDS_OF_YAML: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def _scalar(text: str) -> str:
    """``text`` (printable ASCII) as YAML: quoted unless every reader takes it for the text it is."""
    return text if _BARE.fullmatch(text) and text.lower() not in _WORDS_OF_YAML else json.dumps(text)


def _sample_time(answers: Answers, now: datetime) -> datetime:
    """Ten o'clock a week from now, or when the window opens, if ten is outside of it."""
    opens, closes = (time.fromisoformat(part) if part != "24:00" else time.max for part in answers.window.split("-"))
    at = time(10) if opens <= time(10) <= closes else opens
    day = now.astimezone(ZoneInfo(answers.timezone)) + timedelta(days=7)
    return day.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)


def left_unignored(existing: str) -> list[str]:
    """The patterns of the sample .gitignore that ``existing``, the text of another one, does not hold."""
    held = {line.strip() for line in existing.splitlines()}
    wanted = (line.strip() for line in _template("gitignore", {}).splitlines())
    return [line for line in wanted if line and not line.startswith("#") and line not in held]


def write_all(folder: Path, texts: Mapping[str, str]) -> None:
    """Write new files below ``folder``; whatever stops it on the way (Ctrl-C, a full disk) leaves none of them.

    Raises `ConfigError`, also for a file that has come to be there meanwhile: none is ever overwritten.
    """
    made: list[Path] = []
    try:
        for name, text in texts.items():
            file = folder / name
            _make_folders(file.parent, made)
            with file.open("x", encoding="utf-8", newline="\n") as stream:
                made.append(file)
                stream.write(text)
    except BaseException as error:
        _unmake(reversed(made))
        if not isinstance(error, OSError):
            raise
        raise ConfigError(
            "the project could not be written; nothing was left behind",
            where=str(error.filename or folder),
            why=error.strerror,
            next_step="choose another folder, or put right what is in the way",
        ) from error


def _make_folders(folder: Path, made: list[Path]) -> None:
    for each in (*reversed(folder.parents), folder):
        if not each.is_dir():
            each.mkdir()
            made.append(each)


def _unmake(made: Iterable[Path]) -> None:
    for path in made:
        with suppress(OSError):  # a folder into which somebody else has put something stays
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
