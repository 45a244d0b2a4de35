"""A follow-up: the manifest of a second try to those whom a campaign did not reach, as a draft to be reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.doubted import doubtful_notes, doubts_in
from mesms_gitops.cli.followers import followers
from mesms_gitops.errors import ConfigError
from mesms_gitops.model.campaign import DeclaredState
from mesms_gitops.views.follow_up_yaml import follow_up_yaml
from mesms_gitops.views.report_doubts import doubt_sentence, doubts_about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.campaign import MessageClass
    from mesms_gitops.model.state import CampaignRecord, State

DEFAULT: Final = ("failed", "expired")
"""Delivery states in which a second try may help: the others would fail again, or are not known to have failed."""
_LONGEST: Final = 63
_MOST: Final = 99


def careful_about(place: Workplace, state: State, of: str) -> tuple[str, ...]:
    """Why those whom ``of`` seems not to have reached may have been reached: a sentence each, as a rule none."""
    sends = [send for send in state.campaigns[of].current if send.is_final]
    doubts = doubts_about(sends, doubts_in(place, state, [of]))
    return (*doubtful_notes(sends), *map(doubt_sentence, doubts))


def write_follow_up(
    place: Workplace, state: State, of: str, delivery_states: Sequence[str], careful: Sequence[str] = ()
) -> Path:
    """Write the manifest of the next follow-up of ``of`` and say where. Never overwrites. Raises `ConfigError`."""
    record = state.campaigns[of]
    people = _people(record, delivery_states)
    folder = _folder(place, record)
    earlier = _earlier(place, state, of)
    name = _free_name(state, of, folder)
    newest = max(record.current, key=lambda send: send.intended_at)
    text = follow_up_yaml(
        name,
        of,
        delivery_states,
        except_reached_by=earlier,
        message_class=_class_written(place, record),
        sender=newest.sender,
        content=record.manifest.shown.get("content") if record.manifest else None,
        people=people,
        careful=careful,
    )
    path = folder / f"{name}.yaml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise _is_there(path) from None
    except OSError as error:
        raise ConfigError(
            "the follow-up could not be written",
            where=str(path),
            why=error.strerror,
            next_step="make the folder, and see that it may be written to",
        ) from error
    return path


def _class_written(place: Workplace, record: CampaignRecord) -> MessageClass | None:
    """The class in the campaign's own manifest, defaults included; None where that is gone or has errors.

    State does not hold it, for it is no part of what was sent.
    """
    from mesms_gitops.manifests.load import load_campaigns

    path = place.project.root / record.file
    if not record.file or not path.is_file():
        return None
    found = load_campaigns(place.loaded, now=place.clock.now(), known_sent={record.name}, only=[path]).campaigns
    return next((campaign.message_class for campaign in found if campaign.name == record.name), None)


def _people(record: CampaignRecord, delivery_states: Sequence[str]) -> int:
    """How many there are to follow up, at the last look. Raises `ConfigError` for nobody."""
    left = [send for send in record.current if send.is_final]
    if not left:
        raise ConfigError(f"nothing of {record.name} has left yet", where="--follow-up", next_step="wait until it has")
    people = sum(send.delivery.get(state, 0) for send in left for state in delivery_states)
    if not people:
        raise ConfigError(
            f"nobody in {record.name} has the delivery status {' or '.join(delivery_states)}",
            where="--follow-up",
            why="at the last look" if any(send.delivery for send in left) else "delivery was not looked at yet",
            next_step="mesms-gitops refresh, or name other states with --status",
        )
    return people


def _folder(place: Workplace, record: CampaignRecord) -> Path:
    """Where the campaign it follows stands, else the first folder of campaigns."""
    root = place.project.root
    beside = (root / record.file).parent if record.file else None
    if beside is not None and beside.is_dir() and beside != root:
        return beside
    plain = (entry for entry in place.project.campaigns if not any(sign in entry for sign in "*?["))
    return next((root / entry for entry in plain if (root / entry).is_dir()), root / "campaigns")


def _earlier(place: Workplace, state: State, of: str) -> tuple[str, ...]:
    """The campaigns that went before this one to the same people, and may have reached somebody.

    Raises `ConfigError` where one of them is still to come, or nobody knows whether it was sent.
    """
    from mesms_gitops.manifests.load import load_campaigns

    loaded = load_campaigns(place.loaded, now=place.clock.now(), known_sent=state.campaigns)
    written = {campaign.name: campaign for campaign in loaded.campaigns}
    named = (state.campaigns[name] for name in _names(of) if name in state.campaigns)
    earlier = list(
        dict.fromkeys(
            (*(record.name for record in named if not record.moved_to), *followers(of, state, loaded.campaigns))
        )
    )
    for name in earlier:
        known = state.campaigns.get(name)
        if known is not None and any(send.is_unsettled for send in known.sends):
            raise _not_yet(name, "nobody knows whether it was sent", f"settle it first: mesms-gitops resolve {name}")
        if known is not None and not known.has_left and any(send.is_live for send in known.sends):
            raise _not_yet(name, "whom it will reach is not known yet", f"edit {known.file}, or wait until it has left")
        if (
            (known is None or not known.sends)
            and name in written
            and written[name].state is not DeclaredState.CANCELLED
        ):
            raise _is_there(place.project.root / written[name].file)
    return tuple(name for name in earlier if name in state.campaigns and state.campaigns[name].has_left)


def _names(of: str) -> Iterator[str]:
    """What its follow-ups are called, the first one first."""
    for number in range(1, _MOST):
        ending = "-follow-up" if number == 1 else f"-follow-up-{number}"
        yield of[: _LONGEST - len(ending)].rstrip("-") + ending


def _free_name(state: State, of: str, folder: Path) -> str:
    """The next name that no campaign has. Raises `ConfigError`."""
    for name in _names(of):
        known = state.campaigns.get(name)
        if known is not None and (known.sends or known.moved_to):
            continue
        for path in (folder / f"{name}{suffix}" for suffix in (".yaml", ".yml")):
            if path.exists():
                raise _is_there(path)
        return name
    raise ConfigError(f"{of} has {_MOST} follow-ups", where="--follow-up", next_step="write the next one by hand")


def _not_yet(name: str, why: str, next_step: str) -> ConfigError:
    return ConfigError(f"{name} is still to come", where="--follow-up", why=why, next_step=next_step)


def _is_there(path: Path) -> ConfigError:
    return ConfigError(
        "the follow-up is there already",
        where=str(path),
        why="a manifest is never overwritten",
        next_step="edit it, or delete it first",
    )
