"""What `report` does beside reporting counts: people's numbers into files, one person, a follow-up."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mesms_gitops.cli import options
from mesms_gitops.errors import PersonNeeded, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State


def states_named(text: str | None, sends: Sequence[SendRecord] = ()) -> tuple[str, ...]:
    """The delivery states in ``text``, with commas between. Raises `UsageError` for a word that nothing goes by."""
    from mesms_gitops.model.delivery import DELIVERY_STATES

    words = tuple(dict.fromkeys(word.strip().lower() for word in (text or "").split(",") if word.strip()))
    known = {*DELIVERY_STATES, *(word for send in sends for word in send.delivery)}
    unknown = [word for word in words if word not in known]
    if unknown or (text is not None and not words):
        raise UsageError(
            f"{unknown[0]!r} is no delivery status" if unknown else "--status names none",
            where=f"--status {text}",
            why=f"ME-SMS has {', '.join(DELIVERY_STATES)}",
            next_step="--status failed,expired",
        )
    return words


def export_recipients(
    obj: Mapping[str, Any],
    place: Workplace,
    state: State,
    names: Sequence[str] | None,
    files: str,
    *,
    delivery_states: str | None,
    force: bool,
    lock_timeout: float,
) -> int:
    """Write whom ``names`` covered, and what became of them, into ``files``. Raises `MesmsError`.

    Exit code 3 where somebody has to look: something is in doubt, or a message that was purged is missing.
    """
    from mesms_gitops.cli.doubted import tell_doubts
    from mesms_gitops.cli.exporting import Targets
    from mesms_gitops.cli.gathering_results import Gathering, sends_that_left

    targets = Targets.of(files, options.folder(obj), force=force)
    sends = sends_that_left(state, names)
    wanted = states_named(delivery_states, [send for _, send in sends])
    gathering = Gathering(place, state, lock_timeout, leave_out=len(sends) > 1)
    people = gathering.all_of(sends)
    rows = targets.write(people, wanted)
    for path in targets.paths:
        print(f"note: {rows:,} {'recipient' if rows == 1 else 'recipients'} in {path}", file=sys.stderr, flush=True)
    in_doubt = tell_doubts(place, (one.head for one in people))
    if in_doubt:
        place.teller.note("what came is kept as it came; the column doubts of the file says which rows are meant")
    return PersonNeeded.exit_code if in_doubt or gathering.left_out else 0


def person_found(place: Workplace, state: State, campaign: str, number: str, output: str) -> str:
    """What became of one person, from what is kept alone. Raises `MesmsError`."""
    from mesms_gitops.cli.gathering_results import sends_that_left
    from mesms_gitops.cli.one_number import number_given
    from mesms_gitops.views.one_person import Fate, person_json, person_text

    subscriber, masked = number_given(number)
    results, fates = place.results(), []
    for name, send in sends_that_left(state, [campaign]):
        head, found = results.fate_of(name, send.fingerprint, subscriber)
        if head.uuid == send.uuid:
            fates.append(Fate(send.fingerprint, head.uuid, found, head.read_at, head.doubts))
    if output == "json":
        return person_json(masked, campaign, fates)
    return person_text(masked, campaign, fates, timezone=place.project.timezone)


def follow_up(place: Workplace, state: State, of: str, delivery_states: str | None) -> int:
    """Write the manifest of a follow-up, and say what to do with it. Raises `MesmsError`."""
    from mesms_gitops.cli.following_up import DEFAULT, careful_about, write_follow_up

    record = state.campaigns[of]
    careful = careful_about(place, state, of)
    path = write_follow_up(place, state, of, states_named(delivery_states, record.sends) or DEFAULT, careful)
    file = path.relative_to(place.project.root) if path.is_relative_to(place.project.root) else path
    for sentence in careful:
        place.teller.note(f"careful: {sentence}")
    click.echo(f"{file} is a draft for those whom {of} did not reach.")
    click.echo("next: write its text and `schedule` in it, and set `state: active`")
    click.echo("      mesms-gitops validate, then mesms-gitops plan: it says how many there are")
    click.echo("      have it reviewed like any other campaign, then mesms-gitops apply")
    return 0
