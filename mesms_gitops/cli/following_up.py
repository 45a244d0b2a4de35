"""A follow-up: the manifest of a second try to those whom a campaign did not reach, as a draft to be reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.doubted import doubtful_notes, doubts_in
from mesms_gitops.errors import ConfigError
from mesms_gitops.views.follow_up_yaml import follow_up_yaml
from mesms_gitops.views.report_doubts import doubt_sentence, doubts_about

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    name, earlier = _free_name(state, of, folder)
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


def _free_name(state: State, of: str, folder: Path) -> tuple[str, tuple[str, ...]]:
    """The next name that no campaign has, and the follow-ups that went before: they may have reached somebody."""
    earlier: list[str] = []
    for number in range(1, _MOST):
        ending = "-follow-up" if number == 1 else f"-follow-up-{number}"
        name = of[: _LONGEST - len(ending)].rstrip("-") + ending
        known = state.campaigns.get(name)
        if known is not None and known.has_left:
            earlier.append(name)
        elif known is not None and known.sends:
            raise ConfigError(
                f"{name} is still to come",
                where="--follow-up",
                why="whom it will reach is not known yet",
                next_step=f"edit {known.file}, or wait until it has left",
            )
        else:
            for path in (folder / f"{name}{suffix}" for suffix in (".yaml", ".yml")):
                if path.exists():
                    raise _is_there(path)
            return name, tuple(earlier)
    raise ConfigError(f"{of} has {_MOST} follow-ups", where="--follow-up", next_step="write the next one by hand")


def _is_there(path: Path) -> ConfigError:
    return ConfigError(
        "the follow-up is there already",
        where=str(path),
        why="a manifest is never overwritten",
        next_step="edit it, or delete it first",
    )
