"""What is odd about counts is said wherever they are shown."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import jsonschema
import pytest

from mesms_gitops.model.campaign import MessageClass
from mesms_gitops.model.delivery import DeliveryNote
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import State
from mesms_gitops.views.delivery_notes import all_settled, notes_of
from mesms_gitops.views.follow_up_yaml import follow_up_yaml
from mesms_gitops.views.report import report_of
from mesms_gitops.views.report_csv import report_csv
from mesms_gitops.views.report_json import report_json
from mesms_gitops.views.report_markdown import report_markdown
from mesms_gitops.views.report_reasons import reasons_json
from mesms_gitops.views.report_text import report_text
from mesms_gitops.views.status_json import status_json
from mesms_gitops.views.status_text import status_text
from mesms_gitops.views.watch_text import watch_line, watch_text
from tests.planning.scenes import manifest, remembered

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "status.schema.json").read_text("utf-8"))
LINEAGE = "6f2a91c4-0d5e-4b7a-9c1f-2f6b8e0a7d35"


def state(*notes: DeliveryNote, **delivery: int) -> State:
    """One campaign to three people, with these notes about its counts, beside one without any."""
    odd = remembered(manifest(), SendPhase.SENT, delivery=MappingProxyType(delivery), notes=tuple(sorted(notes)))
    plain = remembered(manifest("other", "Bye", (7, 8)), SendPhase.SENT, delivery=MappingProxyType({"success": 2}))
    return State(LINEAGE, 7, campaigns=MappingProxyType({"sale": odd, "other": plain}))


ODD = state(*DeliveryNote, success=1, pending=1, teleported=4)


def test_all_of_them_in_every_format(snapshot: Callable[[str, str], None]) -> None:
    """Whole outputs."""
    snapshot("notes_status_80.txt", status_text(ODD))
    snapshot("notes_status_one.txt", status_text(ODD, names=["sale"]))
    snapshot("notes_report_80.txt", report_text(ODD))
    snapshot("notes_report.md", report_markdown(ODD))
    snapshot("notes_report.csv", report_csv(ODD))
    snapshot("notes_watch.txt", watch_text(ODD, ["sale", "other"], "1 still open; next look in 30 s"))


@pytest.mark.parametrize("note", DeliveryNote)
def test_no_format_hides_one(note: DeliveryNote) -> None:
    """Each note alone, its sentence in all of them; JSON has its code too."""
    odd = state(note, success=1, teleported=1)
    (send,) = odd.campaigns["sale"].sends
    ((code, sentence),) = notes_of(send)
    assert code == note
    for text in (status_text(odd), status_text(odd, names=["sale"]), report_text(odd)):
        assert sentence in " ".join(text.split())
    for text in (report_markdown(odd), report_csv(odd)):
        assert sentence in unescape(text)
    (found,) = json.loads(status_json(odd, names=["sale"]))["campaigns"][0]["sends"][0]["notes"]
    assert found == {"code": note.value, "message": sentence}
    (line,) = json.loads(report_json(odd, names=["sale"]))["campaigns"]
    assert line["notes"] == [sentence]


def test_the_schema_knows_them() -> None:
    """A status with every note is what ``schemas/status.schema.json`` describes."""
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(status_json(ODD)))


def test_settled_is_what_nothing_new_is_to_come_about() -> None:
    """Everybody has a result, or the window is over; a campaign without sends is not settled."""
    done, odd = ODD.campaigns["other"].sends, ODD.campaigns["sale"].sends
    assert all_settled(done)
    assert all_settled(odd)
    assert not all_settled([replace(odd[0], notes=())])
    assert not all_settled(())
    assert [line.is_settled for line in report_of(ODD).lines] == [True, True]


@pytest.mark.parametrize(
    ("delivery", "buckets"),
    [
        ({}, (0, 3, 0)),
        ({"failed": 1}, (0, 3, 0)),
        ({"success": 2, "failed": 1}, (2, 1, 0)),
        ({"success": 1}, (1, 0, 2)),
        ({"pending": 1, "blocked": 1}, (0, 1, 2)),
    ],
)
def test_a_failed_message_has_not_failed_for_whom_it_reached(
    delivery: dict[str, int], buckets: tuple[int, int, int]
) -> None:
    """The buckets are those of the counts, and so are their reasons, as soon as anybody is counted otherwise."""
    record = remembered(manifest(), SendPhase.FAILED, delivery=MappingProxyType(delivery), uuid="m")
    (line,) = report_of(State(LINEAGE, 7, campaigns=MappingProxyType({"sale": record}))).lines
    assert (line.delivered, line.failed, line.unknown) == buckets
    by_bucket = reasons_json(line.sends)
    assert tuple(sum(by_bucket[bucket].values()) for bucket in ("delivered", "failed", "unknown")) == buckets


def test_the_note_about_a_failed_message_says_whom_it_reached() -> None:
    """With the figures, and what must not be done."""
    counts = MappingProxyType({"success": 1, "pending": 1, "failed": 1})
    (send,) = remembered(
        manifest(), SendPhase.FAILED, delivery=counts, uuid="m", notes=(DeliveryNote.CONTRADICTED,)
    ).sends
    ((_, sentence),) = notes_of(send)
    assert sentence == (
        "ME-SMS says that the message failed, and counts 1 person reached and 1 not known to have failed: "
        "raising `revision` would text them again"
    )


def test_what_is_scheduled_is_reported_only_where_it_cannot_be_read() -> None:
    """Nobody knows whether it has left: its people are unknown."""
    planned = remembered(manifest(), SendPhase.SCHEDULED)
    unread = replace(planned, sends=tuple(replace(send, notes=(DeliveryNote.UNREAD,)) for send in planned.sends))
    lines = [report_of(State(LINEAGE, 7, campaigns=MappingProxyType({"sale": one}))).lines for one in (planned, unread)]
    assert lines[0] == ()
    ((line,),) = lines[1:]
    assert (line.recipients, line.delivered, line.failed, line.unknown, line.is_settled) == (3, 0, 0, 3, False)


@pytest.mark.parametrize("width", [40, 50, 60, 80])
def test_no_figure_that_is_watched_is_cut_off(width: int) -> None:
    """A table where it fits, else a sentence each: every count is there as a word of its own, and no line too long."""
    text = watch_text(ODD, ["sale", "other"], "waiting", width=width)
    assert max(map(len, text.splitlines())) <= width
    people = state(success=2_345_678, failed=12_345)
    words = watch_text(people, ["sale"], "waiting", width=width).replace(";", " ").split()
    assert {"2,345,678", "12,345"} <= set(words)


def test_a_line_for_each_campaign_that_is_watched() -> None:
    """Phase, counts, and that it is settled."""
    assert watch_line(ODD, "other") == "other: sent; 2 success; settled"


def test_the_manifest_of_a_follow_up(snapshot: Callable[[str, str], None]) -> None:
    """Whole, the former text as a comment, whatever stands in it."""
    text = follow_up_yaml(
        "sale-follow-up-2",
        "sale",
        ("failed", "expired"),
        except_reached_by=("sale-follow-up",),
        message_class=MessageClass.TRANSACTIONAL,
        careful=("who got it is in doubt: 2 listed,\nstate: active",),
        sender="Siam: #1",
        content="สวัสดี {{ name }}\nsecond: line\x1b[31m",
        people=1234,
    )
    assert all(line.startswith("#") for line in text.splitlines() if "second" in line or "active" in line)
    snapshot("follow_up.yaml", text)
