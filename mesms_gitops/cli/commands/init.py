"""``init``: a project that validates, and plans on the sandbox. Asks a person a few things; never overwrites."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops.cli import options
from mesms_gitops.cli.completion import folders
from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.cli.starting import Answers

QUESTIONS = {
    "sender": "Sender, as approved on ME-SMS (the sandbox knows MESMSDemo and SiamCoffee)",
    "timezone": "Time zone",
    "window": "Local hours in which marketing may leave",
    "campaign": "Name of the first campaign",
}


@click.command("init")
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(path_type=Path), shell_complete=folders)
@click.option("--sender", metavar="NAME", help="Approved sender.  [default: MESMSDemo]")
@click.option("--timezone", metavar="ZONE", help="IANA time zone.  [default: Asia/Bangkok]")
@click.option("--window", metavar="HH:MM-HH:MM", help="Hours in which marketing may leave.  [default: 09:00-20:00]")
@click.option("--campaign", metavar="NAME", help="Name of the first campaign.  [default: hello]")
@click.option("--github", "has_github", is_flag=True, help="Also write the GitHub workflows that plan and apply it.")
@click.option("-y", "--yes", "--no-input", "no_input", is_flag=True, help="Ask nothing; take the defaults.")
@options.everywhere
@click.pass_obj
def command(
    obj: dict[str, Any], /, *, folder: Path | None, no_input: bool, has_github: bool, **given: str | None
) -> int:
    """Make a project in DIR: mesms.yaml, a sample campaign (a draft), .gitignore, and schemas for the editor.

    A file that is there already is never touched. On a terminal, and with no option, it asks; Ctrl-C leaves nothing.
    """
    from mesms_gitops.cli.starting import Answers
    from mesms_gitops.cli.terminal import Terminal

    base = Path(obj.get("chdir") or ".")
    chosen = {field: _accepted(field, value) for field, value in given.items() if value is not None}
    if not chosen and not no_input and Terminal.of_process().can_ask:
        return _interview(base, folder, has_github=has_github)
    folder = base / (folder or ".")
    return _make(folder, replace(Answers(), **chosen), chosen, has_github=has_github)


def _accepted(field: str, value: str) -> str:
    """``value`` of an option. Raises `UsageError` where a manifest would say no."""
    from mesms_gitops.cli.starting import checked
    from mesms_gitops.manifests.scalars import Misfit

    try:
        return checked(field, value)
    except Misfit as misfit:
        raise UsageError(misfit.message, where=f"--{field}", why=misfit.why, next_step=misfit.next_step) from None


# --- on a terminal ----------------------------------------------------------------------------------------------------


def _interview(base: Path, folder: Path | None, *, has_github: bool) -> int:
    """Ask, show what would be written, and write it when told to."""
    try:
        _tell("A project for SMS campaigns. Enter takes what stands in brackets; Ctrl-C leaves nothing behind.\n")
        folder = base / (folder or Path(click.prompt("Folder", default=".", err=True)))
        answers = _asked(folder)
        _tell(f"\nIn {folder.resolve()}:")
        for name, is_new in _intended(folder, answers, has_github=has_github).items():
            _tell(f"  {'create' if is_new else 'keep  '} {name}")
        agreed = click.confirm("\nWrite this?", default=True, err=True)
    except click.Abort:
        _tell("\nnothing was written")
        raise
    if not agreed:
        _tell("nothing was written")
        return 1
    return _make(folder, answers, {}, has_github=has_github)


def _asked(folder: Path) -> Answers:
    """The answers; nothing is asked about a project that is there."""
    from mesms_gitops.cli.starting import PROJECT, Answers

    answers = Answers()
    if (folder / PROJECT).exists():
        return answers
    for field in fields(Answers):
        default = getattr(answers, field.name)
        answer = click.prompt(QUESTIONS[field.name], default=default, value_proc=_reader(field.name), err=True)
        answers = replace(answers, **{field.name: answer})
    return answers


def _reader(field: str) -> Callable[[str], str]:
    """Takes an answer, or says what is wrong with it, so that it is asked again."""

    def read(answer: str) -> str:
        try:
            return _accepted(field, answer.strip())
        except UsageError as error:
            reason = f" ({error.why})" if error.why else ""
            raise click.BadParameter(f"{error.what}{reason}; {error.next_step}") from None

    return read


def _tell(text: str) -> None:
    click.echo(text, err=True)


# --- writing ----------------------------------------------------------------------------------------------------------


def _make(folder: Path, answers: Answers, chosen: Mapping[str, str], *, has_github: bool) -> int:
    from mesms_gitops.cli.starting import PROJECT, STATE, STATE_ON_A_BRANCH, files, write_all
    from mesms_gitops.cli.wiring import SystemClock

    was_there = (folder / PROJECT).exists()
    intended = _intended(folder, answers, has_github=has_github)
    texts = files(answers, SystemClock().now(), STATE_ON_A_BRANCH if has_github else STATE)
    texts |= _workflows(folder) if has_github else {}
    write_all(folder, {name: texts[name] for name, is_new in intended.items() if is_new})
    for name, is_new in intended.items():
        click.echo(f"  {'created' if is_new else 'kept   '} {name}")
    if was_there and chosen.keys() - {"campaign"}:
        _tell(f"note: {PROJECT} was there and is as it was: its own sender, time zone and window hold")
    _tell_of_ignored(folder, is_new=intended[".gitignore"])
    if not was_there:
        click.echo("\nnext: mesms-gitops validate; then, with MESMS_API_KEY set: mesms-gitops plan")
        click.echo("      no account? mesms-gitops sandbox runs one here")
    if has_github:
        _tell_of_github(was_there=was_there)
    return 0


def _workflows(folder: Path) -> dict[str, str]:
    """The workflows, by their paths as seen from the project: they stand at the root of its repository."""
    from mesms_gitops.cli.repository import prefix_in_repository
    from mesms_gitops.cli.workflows import FOLDER, workflows

    project = prefix_in_repository(folder)
    up = "" if project == "." else "../" * len(project.split("/"))
    return {f"{up}{FOLDER}/{name}": text for name, text in workflows(project).items()}


def _tell_of_github(*, was_there: bool) -> None:
    from mesms_gitops.cli.workflows import ACTION_COMMIT

    _tell("\nnext, on GitHub (docs/github.md): the environment `production` with MESMS_API_KEY and its reviewers;")
    _tell("      the secret MESMS_READ_KEY, a key without sms:send; lists where a runner can read them")
    if was_there:
        _tell("      a runner's disk is gone after each job: `state: git:mesms-state` in mesms.yaml keeps the state")
    if not ACTION_COMMIT.strip("0"):
        _tell(f"      this is no release: put the commit you trust in the place of {ACTION_COMMIT[:12]}…")


def _intended(folder: Path, answers: Answers, *, has_github: bool) -> dict[str, bool]:
    """The files of the project and whether each is new. A project that is there is given no sample, unless named."""
    from mesms_gitops.cli.starting import IGNORED, PROJECT, Answers, sample_path

    sample = sample_path(answers)
    names = [PROJECT, sample, IGNORED, "schemas/campaign.schema.json", "schemas/project.schema.json"]
    names += _workflows(folder) if has_github else ()
    intended = {name: not (folder / name).exists() for name in names}
    if not intended[PROJECT] and intended[sample] and answers.campaign == Answers().campaign:
        del intended[sample]
    return intended


def _tell_of_ignored(folder: Path, *, is_new: bool) -> None:
    from mesms_gitops.cli.starting import IGNORED, left_unignored

    if is_new or not (folder / IGNORED).is_file():
        return
    missing = left_unignored((folder / IGNORED).read_text(encoding="utf-8", errors="replace"))
    if missing:
        _tell(f"\n{IGNORED} was there and is as it was. Add these lines to it, or phone numbers may enter git:")
        _tell("\n".join(f"  {line}" for line in missing))
