"""What a plan costs: one question for each class of texts that must cost the same; answers leave no rest."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.model.observation import Quote
from mesms_gitops.model.plan import Blocked, CreditsSource, PlannedSend, Reason, ScheduleSend
from mesms_gitops.model.sends import SendPhase, TemplateContent
from mesms_gitops.planning.cost import cost_classes, differs, priced
from mesms_gitops.planning.situation import CANCEL_REFUSED

from .scenes import Scene, manifest, people, remembered

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.plan import Action
    from mesms_gitops.model.sends import DesiredSend

LONG = "x" * 200
BY_LENGTH = {"Ann": (1, 2), "Bob": (3,), LONG: (4, 5, 6, 7)}
DEAR = manifest(text="{name}", to=BY_LENGTH)


def _action(*sends: DesiredSend, campaign: str = "sale") -> ScheduleSend:
    planned = tuple(PlannedSend(send.fingerprint, send.recipients, send.parts, 0, desired=send) for send in sends)
    return ScheduleSend(campaign=campaign, reason=Reason.NEW, message="", sends=planned)


def _asked(*actions: Action) -> list[tuple[str, str | None, int]]:
    """Every question: of which campaign, with which text, about how many."""
    return [(found.key[0], found.specimen.text, found.specimen.recipients) for found in cost_classes(actions)]


def _answered(action: Action, answer: Callable[[DesiredSend], Quote]) -> Action:
    return priced(action, {found.key: answer(found.specimen) for found in cost_classes([action])})


def _honest(send: DesiredSend) -> Quote:
    """What ME-SMS says if it counts as we do; a contact group has 250 members."""
    size = send.recipients or 250
    return Quote(send.parts, size, send.parts * size)


def _money(action: Action) -> tuple[object, ...]:
    return (action.recipients, action.requests, action.parts, action.credits, action.credits_source)


# --- questions --------------------------------------------------------------------------------------------------------


def test_texts_of_one_length_class_are_asked_about_together_and_about_everybody() -> None:
    (action,) = Scene((DEAR,)).actions()
    assert {(size, parts) for _, text, size in _asked(action) for parts in [len(text or "") // 153 + 1]} == {
        (3, 1),
        (4, 2),
    }


def test_every_campaign_asks_for_itself() -> None:
    actions = Scene((manifest("one", "Hello"), manifest("two", "World"))).actions()
    assert _asked(*actions) == [("one", "Hello", 3), ("two", "World", 3)]


def test_another_encoding_is_another_class() -> None:
    (action,) = Scene((manifest(text="{name}", to={"Ann": (1,), "แอน": (2,)}),)).actions()
    assert sorted(_asked(action)) == [("sale", "Ann", 1), ("sale", "แอน", 1)]


def test_every_contact_group_is_a_class_of_its_own() -> None:
    (action,) = Scene((manifest(to=(1,), contact_groups=(5, 6)),)).actions()
    groups = [found.specimen.group_id for found in cost_classes([action])]
    assert sorted(groups, key=lambda group: group or 0) == [None, 5, 6]


def test_texts_that_only_me_sms_knows_are_each_asked_about() -> None:
    """They need not cost the same: one may be longer."""
    sends = [
        replace(send, content=TemplateContent(42, {"name": name}, None), parts=0, encoding="", text_digest=None)
        for send, name in zip(DEAR.sends(), ("Ann", "Bob", "Toon"), strict=True)
    ]
    assert sorted(size for _, _, size in _asked(_action(*sends))) == [1, 2, 4]


def test_no_question_is_larger_than_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesms_gitops.planning.cost.MAX_NUMBERS_PER_SEND", 4)
    (send,) = manifest().sends()
    sizes = {"a": range(1, 5), "b": range(5, 8), "c": range(8, 10), "d": range(10, 11)}
    action = _action(*(replace(send, fingerprint=name, numbers=people(*who)) for name, who in sizes.items()))
    assert [size for _, _, size in _asked(action)] == [4, 4, 2]
    shares = {send.fingerprint: send.credits for send in _answered(action, _honest).sends}
    assert shares == {"a": 4, "b": 3, "c": 2, "d": 1}


@pytest.mark.parametrize("phase", [SendPhase.SCHEDULED, SendPhase.SENT, SendPhase.UNKNOWN])
def test_nothing_is_asked_about_what_is_not_sent_now(phase: SendPhase) -> None:
    assert _asked(*Scene((DEAR,), (remembered(DEAR, phase),)).actions()) == []
    assert _asked(*Scene((), (remembered(DEAR, phase),)).actions()) == []


def test_the_rest_of_a_campaign_is_asked_about_alone() -> None:
    actions = Scene((DEAR,), (remembered(DEAR, {"Ann": SendPhase.SCHEDULED, LONG: SendPhase.SCHEDULED}),)).actions()
    assert _asked(*actions) == [("sale", "Bob", 1)]


# --- answers ----------------------------------------------------------------------------------------------------------


def test_with_every_answer_the_figures_are_me_smss() -> None:
    (action,) = Scene((DEAR,)).actions()
    figures = (7, 3, ((1, 3), (2, 4)), 11, CreditsSource.PREVIEW)
    answered = _answered(action, _honest)
    assert (_money(answered), answered.diagnostics) == (figures, ())


def test_without_answers_the_figures_are_the_local_count() -> None:
    (action,) = Scene((DEAR,)).actions()
    assert _money(priced(action, {})) == (7, 3, ((1, 3), (2, 4)), 11, CreditsSource.ESTIMATE)


def test_with_one_answer_missing_it_is_an_estimate() -> None:
    (action,) = Scene((DEAR,)).actions()
    first = next(cost_classes([action]))
    assert priced(action, {first.key: _honest(first.specimen)}).credits_source is CreditsSource.ESTIMATE


def test_the_size_of_a_contact_group_is_me_smss_to_say() -> None:
    (action,) = Scene((manifest(to=(1, 2), contact_groups=(5,)),)).actions()
    assert _money(_answered(action, _honest)) == (252, 2, ((1, 252),), 252, CreditsSource.PREVIEW)
    assert _money(priced(action, {})) == (2, 2, ((1, 2),), 2, CreditsSource.ESTIMATE)


def test_where_me_sms_counts_otherwise_its_word_holds_and_it_is_said() -> None:
    (action,) = Scene((manifest(),)).actions()
    dear = _answered(action, lambda send: Quote(parts=2, recipients=2, credits=4))
    assert _money(dear) == (3, 1, ((2, 3),), 4, CreditsSource.PREVIEW)
    assert [(found.code, found.campaign) for found in dear.diagnostics] == [("MS551", "sale"), ("MS552", "sale")]


def test_another_price_holds_and_is_said_in_one_line() -> None:
    """The figure of ME-SMS is the one that counts; what it asks a part stands beside what the estimate said."""
    (action,) = Scene((manifest(),)).actions()
    dear = _answered(action, lambda send: Quote(parts=1, recipients=3, credits=6))
    assert _money(dear) == (3, 1, ((1, 3),), 6, CreditsSource.PREVIEW)
    (found,) = dear.diagnostics
    assert (found.code, found.message) == (
        "MS559",
        "ME-SMS asks 2 credits a part for SiamCoffee (GSM-7, 1 part), the estimate said 1",
    )
    odd = _answered(action, lambda send: Quote(parts=1, recipients=3, credits=1))
    assert "asks 0.3333 credits a part" in odd.diagnostics[0].message


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    parts=st.integers(0, 8),
    asked=st.integers(1, 1_000),
    credits=st.integers(0, 10_000),
)
@settings(max_examples=150, deadline=None)
def test_an_estimate_is_as_dear_a_person_as_was_learned(sizes: list[int], parts: int, asked: int, credits: int) -> None:
    """Each send costs its people's share of what was asked for others, rounded up; it stays an estimate and says so."""
    (send,) = manifest().sends()
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    sends = [
        replace(send, fingerprint=str(index), numbers=people(*range(start + 1, start + size + 1)))
        for index, (start, size) in enumerate(zip(starts, sizes, strict=True))
    ]
    action = _action(*sends)
    (found,) = cost_classes([action])
    told = priced(action, {}, {found.key: Quote(parts, asked, credits)})
    assert [each.credits for each in told.sends] == [math.ceil(Fraction(credits * size, asked)) for size in sizes]
    assert {each.parts for each in told.sends} == {parts or 1}
    assert (told.credits_source, told.is_learned, told.diagnostics) == (CreditsSource.ESTIMATE, True, ())
    assert told.credits == sum(each.credits for each in told.sends)


def test_an_answer_makes_what_was_learned_of_others_needless() -> None:
    (action,) = Scene((manifest(),)).actions()
    (found,) = cost_classes([action])
    told = priced(action, {found.key: Quote(1, 3, 3)}, {found.key: Quote(2, 10, 40)})
    assert (_money(told), told.is_learned) == ((3, 1, ((1, 3),), 3, CreditsSource.PREVIEW), False)


@pytest.mark.parametrize(
    ("quote", "is_another"),
    [
        (Quote(1, 3, 3), False),
        (Quote(1, 2, 2), False),  # fewer people at the same price
        (Quote(0, 3, 3), False),
        (Quote(2, 3, 6), True),
        (Quote(1, 3, 6), True),
        (Quote(1, 3, 0), True),
        (Quote(1, 0, 0), False),  # about nobody: nothing follows from it
    ],
)
def test_what_is_worth_learning(quote: Quote, is_another: bool) -> None:
    """Another price for each part and person, or another count of parts; never a different number of people."""
    (found,) = cost_classes(Scene((manifest(),)).actions())
    assert differs(found, quote) is is_another


def test_of_what_nobody_here_can_count_nothing_is_learned() -> None:
    (send,) = manifest(to=(), contact_groups=(5,)).sends()
    unknown = replace(send, content=TemplateContent(42, {}, None), parts=0, encoding="", text_digest=None)
    (found,) = cost_classes([_action(unknown)])
    assert not differs(found, Quote(3, 10, 90))
    assert found.kind == ("SiamCoffee", 42, "", 0)


def test_where_nothing_is_known_here_nothing_disagrees() -> None:
    (send,) = manifest(to=(), contact_groups=(5,)).sends()
    action = _action(replace(send, content=TemplateContent(42, {}, None), parts=0, encoding="", text_digest=None))
    dear = _answered(action, lambda send: Quote(parts=3, recipients=10, credits=30))
    assert _money(dear) == (10, 1, ((3, 10),), 30, CreditsSource.PREVIEW)
    assert dear.diagnostics == ()


def test_what_is_not_sent_now_costs_what_it_cost() -> None:
    for scene in (
        Scene((DEAR,), (remembered(DEAR, SendPhase.SCHEDULED),)),
        Scene((), (remembered(DEAR, SendPhase.SCHEDULED),)),
    ):
        (action,) = scene.actions()
        assert _money(priced(action, {})) == (7, 0, ((1, 3), (2, 4)), 11, CreditsSource.RECORDED)


def test_an_answer_without_parts_leaves_the_local_count() -> None:
    (action,) = Scene((manifest(),)).actions()
    assert _answered(action, lambda send: Quote(parts=0, recipients=3, credits=3)).parts == ((1, 3),)


def test_what_is_sent_keeps_its_findings() -> None:
    refused = remembered(manifest(), SendPhase.SCHEDULED, reason=CANCEL_REFUSED)
    (action,) = Scene((manifest(text="Hi"),), (refused,)).actions()
    assert [found.code for found in _answered(action, _honest).diagnostics] == ["MS602"]


def test_what_is_blocked_keeps_its_findings() -> None:
    (action,) = Scene((manifest(text="Hi"),), (remembered(manifest(), SendPhase.SENT),)).actions()
    assert isinstance(action, Blocked)
    assert priced(action, {}).diagnostics == action.diagnostics


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    credits=st.integers(0, 10_000),
    parts=st.integers(1, 8),
)
@settings(max_examples=150, deadline=None)
def test_a_quote_is_spread_without_a_rest(sizes: list[int], credits: int, parts: int) -> None:
    """Whatever the quote: the shares add up to it, none is negative, and equal sends cost the same but for rounding."""
    (send,) = manifest().sends()
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    sends = [
        replace(send, fingerprint=str(index), numbers=people(*range(start + 1, start + size + 1)))
        for index, (start, size) in enumerate(zip(starts, sizes, strict=True))
    ]
    total = sum(sizes)
    action = _answered(_action(*sends), lambda _: Quote(parts, total, credits))
    assert (action.credits, action.recipients, action.parts) == (credits, total, ((parts, total),))
    assert sum(share.credits for share in action.sends) == credits
    assert [share.recipients for share in action.sends] == sizes
    for share in action.sends:
        assert share.credits >= 0
        assert abs(share.credits - credits * share.recipients / total) < len(sizes)
