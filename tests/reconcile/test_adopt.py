"""Taking a message that was made elsewhere into state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import PersonNeeded
from mesms_gitops.model.campaign import GroupSource
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.plan import Reason
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.fingerprint import text_digest
from mesms_gitops.reconcile.adopt import adopt
from tests.planning.scenes import KEY, SOON, Manifest, manifest, people, remembered

from .bench import Bench, told

if TYPE_CHECKING:
    from mesms_gitops.model.sends import SendRecord

SALE = manifest()
P = SendPhase


def _adopt(bench: Bench, uuid: str, told_now: Manifest | None = SALE, name: str = "sale") -> SendRecord:
    wanted = told_now.wanted(bench.state.campaigns.get(name)) if told_now else None
    return adopt(bench.journal(), uuid, name, wanted, bench.tools)


@pytest.mark.parametrize(
    ("remote", "phase"),
    [
        (RemotePhase.SCHEDULED, P.SCHEDULED),
        (RemotePhase.PENDING, P.STARTED),
        (RemotePhase.SENT, P.SENT),
        (RemotePhase.CANCELLED, P.CANCELLED),
        (RemotePhase.FAILED, P.FAILED),
    ],
)
def test_a_message_is_taken_as_what_it_is(bench: Bench, remote: RemotePhase, phase: SendPhase) -> None:
    uuid = bench.account.by_hand(SALE, "Hello")
    bench.account.set(uuid, remote)
    record = _adopt(bench, uuid)
    assert (record.uuid, record.phase, bench.record().sends) == ("m1", phase, (record,))


def test_a_message_that_the_manifest_asks_for_becomes_its_send(bench: Bench) -> None:
    """As if this tool had made it: the next plan keeps it."""
    uuid = bench.account.by_hand(SALE, "Hello")
    record = _adopt(bench, uuid)
    made = bench.account.messages_by_uuid[uuid].created_at
    (expected,) = remembered(SALE, P.SCHEDULED, uuid="m1", intended_at=made, quoted=None).sends
    assert (record, bench.record().manifest) == (expected, SALE.wanted().manifest)
    (action,) = bench.plan(SALE).actions
    assert (action.verb, action.reason) == ("keep", Reason.UNCHANGED)


def test_after_a_block_by_a_foreign_message_adopting_it_is_the_way_out(bench: Bench) -> None:
    uuid = bench.account.by_hand(SALE, "Hello")
    assert told(bench.apply(SALE)) == {"sale": "blocked"}
    _adopt(bench, uuid)
    assert bench.apply(SALE).steps == ()
    assert bench.account.texts() == ["Hello"] * 3


def test_another_message_is_taken_as_it_is_and_the_next_plan_shows_the_difference(bench: Bench) -> None:
    uuid = bench.account.by_hand(manifest(text="By hand"), "By hand")
    record = _adopt(bench, uuid)
    numbers = people(1, 2, 3)
    expected = (3, 0, text_digest(KEY, "By hand"), numbers.digest(KEY.secret), numbers.sample(KEY.secret, 50))
    assert (record.recipients, record.parts, record.text_digest, record.audience_digest, record.sample) == expected
    (action,) = bench.plan(SALE).actions
    assert (action.verb, action.waits_for) == ("replace", ("m1",))


def test_a_message_to_others_is_not_the_send_of_the_manifest(bench: Bench) -> None:
    uuid = bench.account.by_hand(SALE, "Hello", people(4, 5, 6))
    record = _adopt(bench, uuid)
    (wanted,) = SALE.sends()
    assert (record.fingerprint != wanted.fingerprint, bench.plan(SALE).actions[0].verb) == (True, "replace")


def test_it_is_adopted_under_the_revision_of_the_manifest(bench: Bench) -> None:
    bench.remember(remembered(SALE, P.SENT))
    again = manifest(revision=2)
    uuid = bench.account.by_hand(again, "Hello")
    assert _adopt(bench, uuid, again).revision == 2
    assert bench.record().revision == 2
    assert bench.plan(again).has_changes is False


def test_an_unknown_send_that_is_adopted_is_settled(bench: Bench) -> None:
    bench.remember(remembered(SALE, P.UNKNOWN))
    _adopt(bench, bench.account.by_hand(SALE, "Hello"))
    assert [send.phase for send in bench.record().sends] == [P.SCHEDULED]


def test_without_a_manifest_the_revision_of_the_record_is_kept(bench: Bench) -> None:
    bench.remember(replace(remembered(manifest(revision=3), P.SENT), retired=True))
    record = _adopt(bench, bench.account.by_hand(manifest(text="By hand"), "By hand"), None)
    assert (record.revision, bench.record().retired, len(bench.record().sends)) == (3, False, 2)


@pytest.mark.parametrize("missing", ["sender", "content"])
def test_a_message_that_cannot_be_read_is_not_adopted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    uuid = bench.account.by_hand(SALE, "Hello")
    bare = replace(bench.account.messages_by_uuid[uuid].seen(), **{missing: None})  # type: ignore[arg-type]
    monkeypatch.setattr(bench.account, "message", lambda _: bare)
    with pytest.raises(PersonNeeded):
        _adopt(bench, uuid)


def test_a_message_nobody_knows_is_not_adopted(bench: Bench) -> None:
    with pytest.raises(PersonNeeded):
        _adopt(bench, "m9")


def test_a_message_that_is_a_send_already_is_not_adopted_twice(bench: Bench) -> None:
    bench.apply(SALE)
    with pytest.raises(PersonNeeded, match="already belongs to sale"):
        _adopt(bench, "m1", None, "other")


def test_a_message_whose_people_cannot_be_read_is_adopted_only_under_a_manifest(bench: Bench) -> None:
    uuid = bench.account.by_hand(manifest(text="By hand"), "By hand")
    bench.account.hides_recipients = True
    with pytest.raises(PersonNeeded, match="cannot all be read"):
        _adopt(bench, uuid)


def test_a_double_does_not_take_the_place_of_the_message_it_doubles(bench: Bench) -> None:
    bench.apply(SALE)
    double = bench.account.by_hand(SALE, "Hello")
    with pytest.raises(PersonNeeded):
        _adopt(bench, double)


def test_a_name_nobody_knows_is_not_adopted_under(bench: Bench) -> None:
    with pytest.raises(PersonNeeded):
        _adopt(bench, bench.account.by_hand(SALE, "Hello"), None, "slae")


def test_a_now_that_is_adopted_is_known_as_a_now(bench: Bench) -> None:
    daily = manifest(when=SOON)
    assert _adopt(bench, bench.account.by_hand(daily, "Hello"), daily).undo_window == 600


def test_another_message_that_has_left_is_not_the_campaign(bench: Bench) -> None:
    """Taken as this campaign it would make it count as already sent."""
    uuid = bench.account.by_hand(manifest(text="By hand"), "By hand")
    bench.account.set(uuid, RemotePhase.SENT)
    with pytest.raises(PersonNeeded, match="it has left"):
        _adopt(bench, uuid)


def test_a_message_by_hand_is_known_as_its_own_manifest_would_be(bench: Bench) -> None:
    """So that writing that manifest afterwards keeps it."""
    by_hand = manifest(text="By hand")
    record = _adopt(bench, bench.account.by_hand(by_hand, "By hand"))
    assert record.fingerprint == by_hand.send("By hand").fingerprint
    assert bench.record().manifest is None
    assert bench.plan(by_hand).actions[0].reason is Reason.UNCHANGED


def test_what_the_manifest_was_is_not_forgotten_for_a_message_that_is_another(bench: Bench) -> None:
    bench.remember(remembered(SALE, P.CANCELLED))
    _adopt(bench, bench.account.by_hand(manifest(text="By hand"), "By hand"))
    assert bench.record().manifest == SALE.wanted().manifest


def test_a_now_is_recognised_however_long_ago_it_was_made(bench: Bench) -> None:
    daily = manifest(when=SOON)
    uuid = bench.account.by_hand(daily, "Hello", ago=timedelta(days=5))
    assert _adopt(bench, uuid, daily).fingerprint == daily.send("Hello").fingerprint


def test_a_message_to_a_contact_group_is_recorded_with_its_size(bench: Bench) -> None:
    told_group = manifest(to=(), contact_groups=(5,), sources=(GroupSource(5),))
    record = _adopt(bench, bench.account.by_hand(told_group, "Hello", people(1, 2, 3, 4)), told_group)
    assert (record.recipients, record.group_id, record.audience_digest) == (4, 5, None)


@pytest.mark.parametrize(("counted", "is_taken"), [(3, True), (None, True), (4, False)])
def test_of_another_message_everybody_has_to_be_listed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, counted: int | None, is_taken: bool
) -> None:
    """Three are; it goes to as many as it says, if it says so."""
    uuid = bench.account.by_hand(manifest(text="By hand"), "By hand")
    shown = replace(bench.account.messages_by_uuid[uuid].seen(), recipients=counted)
    monkeypatch.setattr(bench.account, "message", lambda _: shown)
    if is_taken:
        assert _adopt(bench, uuid).recipients == 3
        return
    with pytest.raises(PersonNeeded, match="cannot all be read"):
        _adopt(bench, uuid)


def test_a_message_without_its_hour_of_making_is_taken_as_made_now(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = bench.account.by_hand(SALE, "Hello")
    shown = replace(bench.account.messages_by_uuid[uuid].seen(), created_at=None)
    monkeypatch.setattr(bench.account, "message", lambda _: shown)
    assert _adopt(bench, uuid).intended_at == bench.clock.moment
