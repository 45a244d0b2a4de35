"""Drift: what the account says against what state has. A row a difference; laws for what never is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.model.drift import Drift, DriftKind
from mesms_gitops.model.observation import RemoteMessage, RemotePhase
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase
from mesms_gitops.model.state import Freeze
from mesms_gitops.planning.drift import drift_of
from mesms_gitops.planning.planner import decide

from .scenes import NOW, TEN, Manifest, Scene, manifest, message, remembered, state_of

if TYPE_CHECKING:
    from mesms_gitops.model.state import CampaignRecord

SALE = manifest()
SCHEDULED = remembered(SALE, SendPhase.SCHEDULED)
UUID = SCHEDULED.sends[0].uuid or ""
SEEN = message(SALE, "Hello", UUID)
CANCEL = CancelIntent("run-1", NOW, CancelReason.REPLACE)


def drift(scene: Scene, *around: RemoteMessage) -> tuple[Drift, ...]:
    """What drifted; state is as the scene's records have it."""
    situation, moves = scene.situated()
    return drift_of(state_of(*scene.records), situation, decide(situation, moves), around)


def asked(seen: RemoteMessage | None, record: CampaignRecord = SCHEDULED, **more: Any) -> Scene:
    """A scheduled campaign of which the account says ``seen``."""
    return Scene((SALE,), (record,), {UUID: seen}, **more)


def told(found: tuple[Drift, ...]) -> list[tuple[str, str, tuple[str, ...], bool]]:
    """What matters of it."""
    return [(one.campaign, one.kind.value, one.changed, one.blocks) for one in found]


DIFFERENCES: dict[str, tuple[RemoteMessage | None, tuple[str, tuple[str, ...], bool]]] = {
    "cancelled in the console": (
        replace(SEEN, phase=RemotePhase.CANCELLED), ("cancelled_elsewhere", (), True),
    ),
    "deleted": (None, ("gone", (), True)),
    "sent before its time": (replace(SEEN, phase=RemotePhase.SENT), ("started_elsewhere", (), False)),
    "being sent before its time": (replace(SEEN, phase=RemotePhase.PENDING), ("started_elsewhere", (), False)),
    "to other people": (replace(SEEN, recipients=2), ("changed_elsewhere", ("recipients",), False)),
    "at another time": (
        replace(SEEN, scheduled_at=TEN.at + timedelta(hours=1)), ("changed_elsewhere", ("time",), False),
    ),
    "from another sender": (replace(SEEN, sender="SiamTea"), ("changed_elsewhere", ("sender",), False)),
    "with another text": (replace(SEEN, content="Bye"), ("changed_elsewhere", ("text",), False)),
    "in every way": (
        replace(SEEN, content="Bye", sender="X", recipients=9, scheduled_at=NOW),
        ("changed_elsewhere", ("recipients", "sender", "text", "time"), False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("seen", "expected"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_what_others_did_to_a_message_is_drift(
    seen: RemoteMessage | None, expected: tuple[str, tuple[str, ...], bool]
) -> None:
    """And says whether its campaign is blocked by it."""
    assert told(drift(asked(seen))) == [("sale", *expected)]


NO_DIFFERENCE: dict[str, Scene] = {
    "as it was sent": asked(SEEN),
    "fewer words than state has": asked(replace(SEEN, content=None, recipients=None, scheduled_at=None, sender=None)),
    "a second's fraction": asked(replace(SEEN, scheduled_at=TEN.at + timedelta(milliseconds=400))),
    "failed by ME-SMS": asked(replace(SEEN, phase=RemotePhase.FAILED)),
    "a word nobody knows": asked(replace(SEEN, phase=RemotePhase.OTHER)),
    "cancelled by us, the answer lost": asked(
        replace(SEEN, phase=RemotePhase.CANCELLED), remembered(SALE, SendPhase.SCHEDULED, cancel=CANCEL)
    ),
    "cancelled by the emergency stop": asked(
        replace(SEEN, phase=RemotePhase.CANCELLED), freeze=Freeze(everything=True, asked=frozenset({UUID}))
    ),
    "a group, whose size is ME-SMS's": asked(
        replace(SEEN, recipients=40), remembered(SALE, SendPhase.SCHEDULED, recipients=0, group_id=7)
    ),
    "a saved template, whose text is made there": asked(
        replace(SEEN, content="Bye"), remembered(SALE, SendPhase.SCHEDULED, template_id=42)
    ),
    "nothing asked, nothing listed": Scene((SALE,), (SCHEDULED,)),
}


@pytest.mark.parametrize("scene", NO_DIFFERENCE.values(), ids=NO_DIFFERENCE.keys())
def test_what_is_as_it_was_meant_is_none(scene: Scene) -> None:
    """Nor what we did ourselves, nor what one side does not say."""
    assert drift(scene) == ()


@given(
    st.sampled_from([RemotePhase.PENDING, RemotePhase.SENT, RemotePhase.FAILED, RemotePhase.SCHEDULED]),
    st.dictionaries(st.sampled_from(["pending", "success", "failed", "expired"]), st.integers(0, 3)),
    st.timedeltas(timedelta(0), timedelta(days=30)),
)
def test_progress_of_delivery_never_is(phase: RemotePhase, counts: dict[str, int], later: timedelta) -> None:
    """Whatever has become of a message once its hour has come."""
    seen = replace(SEEN, phase=phase, delivery=MappingProxyType(counts))
    assert drift(replace(asked(seen), now=TEN.at + later)) == ()


# --- messages that nobody asked for -----------------------------------------------------------------------------------


def test_a_message_with_our_text_that_state_lacks_is_a_double_until_somebody_looks() -> None:
    """Held against the send of ours that is most like it; others' messages are none of ours."""
    later = manifest("later", "Hello", (4, 5), when=SALE_LATER)
    double = message(later, "Hello", "double")
    others = message(manifest(text="Good night"), "Good night", "others")
    elsewhere = replace(double, uuid="elsewhere", sender="SiamTea")
    over = replace(double, uuid="over", phase=RemotePhase.CANCELLED)
    scene = Scene((SALE, later), (SCHEDULED, remembered(later, SendPhase.SCHEDULED)))
    found = drift(scene, double, others, elsewhere, over, SEEN)
    assert told(found) == [("later", "unknown_message", (), False)]
    assert (found[0].uuid, found[0].recorded.phase) == ("double", "scheduled")


def test_a_double_is_held_against_the_send_that_texts_people() -> None:
    """Not against one of the same text that was cancelled: that would read as if nobody got two."""
    replaced = remembered(SALE, SendPhase.CANCELLED)
    cancelled = replaced.sends[0]
    live = replace(SCHEDULED.sends[0], uuid="live", fingerprint="ff" * 20)
    double = message(manifest("x", "Hello", (7, 8, 9), when=SALE_LATER), "Hello", "double")
    for sends in ((cancelled, live), (live, cancelled)):
        (found,) = drift(Scene((SALE,), (replace(SCHEDULED, sends=sends),)), double)
        assert (found.kind, found.recorded.phase) == (DriftKind.UNKNOWN_MESSAGE, "scheduled")


SALE_LATER = replace(TEN, at=TEN.at + timedelta(days=3))


def test_a_message_like_one_that_is_still_to_be_sent_is_one_too() -> None:
    """To others: nothing is held back. To the same people at the same time: its campaign is blocked."""
    to_others = message(SALE, "Hello", recipients=40)
    scene = Scene((SALE,), (remembered(manifest("old", "Old"), SendPhase.SENT),), listing=(to_others,))
    (found,) = drift(scene)
    assert (found.kind, found.blocks, found.recorded.phase) == (DriftKind.UNKNOWN_MESSAGE, False, "planned")
    (found,) = drift(replace(scene, listing=(message(SALE, "Hello"),)))
    assert (found.kind, found.blocks) == (DriftKind.UNKNOWN_MESSAGE, True)


def test_with_a_lost_state_every_message_of_ours_is_shown() -> None:
    """Beside the stop of the whole apply."""
    scene = Scene((SALE,), listing=(message(SALE, "Hello"),))
    assert told(drift(scene)) == [("sale", "unknown_message", (), True)]


def test_a_message_that_is_cancelled_in_state_and_live_on_the_account() -> None:
    """State was edited or restored, or ME-SMS took the cancel back."""
    scene = Scene((SALE,), (remembered(SALE, SendPhase.CANCELLED),), listing=(SEEN,))
    (found,) = drift(scene)
    assert (found.kind, found.recorded.phase, found.uuid) == (DriftKind.STARTED_ELSEWHERE, "cancelled", UUID)


def test_an_unknown_send_that_is_found_is_adopted_and_no_drift() -> None:
    """It is ours, and from now on it is claimed."""
    scene = Scene((SALE,), (remembered(SALE, SendPhase.UNKNOWN),), listing=(message(SALE, "Hello"),))
    assert drift(scene) == ()


def test_what_a_raised_revision_has_looked_at_is_not_shown_again() -> None:
    """`Beside those, once more` is a person's word."""
    raised = manifest(revision=3)
    held = replace(remembered(SALE, None), held_at=2, held_for=("by hand",))
    scene = Scene((raised,), (held,), listing=(message(raised, "Hello"),))
    assert drift(scene) == ()
    unseen = replace(scene, listing=(message(raised, "Hello", "another"),))
    assert [one.uuid for one in drift(unseen)] == ["another"]


# --- laws -------------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from(sorted(DIFFERENCES)), min_size=1, max_size=4),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True),
)
def test_the_same_account_gives_the_same_drift_in_any_order(kinds: list[str], doubles: list[str]) -> None:
    """By campaign, then by kind, then by message; each message once, also where it was listed twice."""
    campaigns = [manifest(f"c{at}", f"Hello {at}", (at + 1,)) for at in range(len(kinds))]
    records = tuple(remembered(one, SendPhase.SCHEDULED) for one in campaigns)
    answers = {record.sends[0].uuid or "": _as(kind, one) for kind, one, record in zip(kinds, campaigns, records)}  # noqa: B905  (as many of each)
    listed = tuple(message(campaigns[0], "Hello 0", uuid, recipients=9) for uuid in doubles)
    scene = Scene(tuple(campaigns), records, answers, listed)
    found = drift(scene, *listed)
    assert found == drift(replace(scene, listing=listed[::-1], records=records[::-1]), *listed[::-1])
    assert len(found) == len({one.uuid for one in found}) == len(kinds) + len(doubles)
    order = list(DriftKind)
    keys = [(one.campaign, order.index(one.kind), one.uuid) for one in found]
    assert keys == sorted(keys)


def _as(kind: str, one: Manifest) -> RemoteMessage | None:
    """The difference ``kind``, of another campaign's message."""
    seen = DIFFERENCES[kind][0]
    if seen is None:
        return None
    (send,) = one.sends()
    text = send.text if seen.content == SEEN.content else seen.content
    people = send.recipients if seen.recipients == SEEN.recipients else seen.recipients
    return replace(seen, uuid=f"{one.name}: {send.text}", content=text, recipients=people)
