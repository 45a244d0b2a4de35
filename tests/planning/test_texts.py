"""Many people, few texts: who gets which, what each takes, and what is too much to even begin with."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesms_gitops.model.audience import Audience, AudienceGroup
from mesms_gitops.model.campaign import Limits, SavedTemplate
from mesms_gitops.model.sends import SendPhase, TemplateContent, TextContent
from mesms_gitops.planning import fan_out
from mesms_gitops.planning.desire import sends_of
from mesms_gitops.planning.fan_out import surely_too_many, too_many
from mesms_gitops.planning.fingerprint import fingerprints, send_fingerprint
from mesms_gitops.planning.parts import count, counts
from mesms_gitops.planning.texts import EachAlone, texts_of

from .scenes import AT_ONCE, KEY, TEN, manifest, people, remembered

if TYPE_CHECKING:
    from collections.abc import Mapping

CAMPAIGN = replace(manifest(text="Dear {name}").campaign, variables=MappingProxyType({"tier": "none"}))
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={name: st.sampled_from("abc") for name in ("name", "tier", "city")}),
    min_size=1,
    max_size=12,
)


def _audience(rows: list[dict[str, str]]) -> Audience:
    return Audience(tuple(AudienceGroup(row, people(at, 100 + at)) for at, row in enumerate(rows, start=1)))


def _dear(values: Mapping[str, str]) -> str:
    return f"Dear {values.get('name', 'you')}{' (gold)' if values['tier'] == 'a' else ''}"


@given(ROWS)
def test_everybody_gets_what_their_own_values_make_and_equal_texts_are_one(rows: list[dict[str, str]]) -> None:
    audience = _audience(rows)
    texts = texts_of(CAMPAIGN, audience, EachAlone(_dear, frozenset({"name", "tier"})))
    own = [_dear({**CAMPAIGN.variables, **row}) for row in rows]
    got = {index: text for text, some in zip(texts.texts, texts.groups, strict=True) for index in some}
    assert [got[index] for index in range(len(rows))] == own
    assert sorted(map(str, texts.texts)) == sorted(set(own))
    assert dict(zip(texts.texts, texts.people, strict=True)) == {text: 2 * n for text, n in Counter(own).items()}
    assert texts.histogram() == {1: 2 * len(rows)}


@given(ROWS)
def test_a_variable_that_the_text_does_not_use_changes_nothing(rows: list[dict[str, str]]) -> None:
    """Neither the combinations that are rendered nor the sends."""
    render = EachAlone(_dear, frozenset({"name", "tier"}))
    bare = [{name: value for name, value in row.items() if name != "city"} for row in rows]
    made = [texts_of(CAMPAIGN, _audience(some), render) for some in (rows, bare)]
    assert made[0].combinations == made[1].combinations
    sends = [sends_of(CAMPAIGN, _audience(rows), texts, render, KEY) for texts in made]
    assert sends[0] == sends[1]


def test_of_a_saved_template_every_variable_is_sent_and_so_splits() -> None:
    saved = replace(CAMPAIGN, body=SavedTemplate(42))
    audience = _audience([{"name": "a", "city": "x"}, {"name": "a", "city": "y"}])
    assert len(texts_of(saved, audience, EachAlone(_dear, frozenset({"name"}))).texts) == 2
    assert texts_of(saved, audience, None).texts == [None, None]


TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("aก{€\n🎉")), max_size=200)


@given(st.lists(st.one_of(TEXTS, st.text("aก", min_size=60, max_size=320)), max_size=6))
@example(["a" * 160, "€" + "a" * 159])
@example(["ก" * 70, "🎉" + "ก" * 69])
def test_many_are_counted_as_each_is(texts: list[str]) -> None:
    assert counts(texts) == list(map(count, texts))


CONTENTS = st.one_of(
    st.builds(TextContent, TEXTS.filter(lambda text: text.isprintable() or "\n" in text)),
    st.builds(
        TemplateContent, st.integers(0, 99), st.dictionaries(st.sampled_from("abc"), st.text('aก"\\\n')), st.none()
    ),
)


@settings(max_examples=300)
@given(CONTENTS, st.sampled_from(("SiamCoffee", 'a"b')), st.sampled_from((TEN, AT_ONCE)), st.integers(0, 9))
def test_fingerprints_made_in_bulk_are_the_same(content, sender, when, group) -> None:  # type: ignore[no-untyped-def]
    bulk = fingerprints(KEY, sender=sender, when=when)
    for audience in ("ab" * 20, {"group": group}):
        alone = send_fingerprint(KEY, sender=sender, content=content, when=when, audience=audience)
        assert bulk(content, audience) == alone


# --- too many to begin with -------------------------------------------------------------------------------------------


def _far_too_many(monkeypatch: pytest.MonkeyPatch) -> Audience:
    monkeypatch.setattr(fan_out, "WORTH_A_PLAN", 10)
    rows = [{"name": f"N{at}" * (30 if at == 0 else 1), "tier": "ab"[at % 2]} for at in range(20)]
    return _audience([*rows, {"name": "B" * 170, "tier": "a"}])


def test_far_too_many_requests_are_refused_with_figures_and_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    audience = _far_too_many(monkeypatch)
    campaign = replace(CAMPAIGN, limits=Limits(requests=12))
    texts = texts_of(campaign, audience, EachAlone(_dear, frozenset({"name", "tier"})))
    (found,) = too_many(campaign, audience, texts, None)
    assert (found.code, found.field, found.refusal, found.campaign) == ("MS533", "limits.requests", True, "sale")
    assert found.message == "sale: 21 requests (one for each distinct text) are more than the limit of 12"
    assert found.why == (
        "name has 21 values; without it there would be 2; 42 people (40 x 1 part, 2 x 2 parts), 44 credits (estimate)"
    )
    assert found.next_step == "raise `limits.requests` in campaigns/sale.yaml to 21, if it is meant"


_TEXTS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xyz")), min_size=1, max_size=30, unique=True)


@settings(max_examples=200, deadline=None)
@given(_TEXTS, st.integers(1, 12), st.integers(1, 5), st.booleans())
def test_what_is_refused_early_would_be_refused_with_every_text(
    rows: list[tuple[str, str]], limit: int, at_once: int, asks_for_both: bool
) -> None:
    """And with combinations that are texts each, whatever is refused then is refused early."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("WORTH_A_PLAN", 2), ("FEW", 3), ("AT_ONCE", at_once)):
            patch.setattr(fan_out, name, value)
        audience = _audience([{"name": name, "tier": tier} for name, tier in rows])
        campaign = replace(CAMPAIGN, limits=Limits(requests=limit))
        made: list[str] = []

        def render(values: Mapping[str, str]) -> str:
            made.append(values["name"] + (values["tier"] if asks_for_both else ""))
            return made[-1]

        each = EachAlone(render, frozenset({"name", "tier"}))
        early = surely_too_many(campaign, audience, each, None)
        assert len(made) <= 2 * max(limit, 2) + at_once
        late = too_many(campaign, audience, texts_of(campaign, audience, each), None)
        assert not early or late
        if asks_for_both and len(rows) > 3:
            assert bool(early) == bool(late)
        assert [(found.code, found.refusal) for found in early] in ([], [("MS533", True)])


def test_an_early_refusal_says_how_many_combinations_there_are_and_of_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out, "FEW", 20)
    audience = _far_too_many(monkeypatch)
    campaign = replace(CAMPAIGN, limits=Limits(requests=12))
    (found,) = surely_too_many(campaign, audience, EachAlone(_dear, frozenset({"name", "tier"})), None)
    assert found.message == "sale: more than 12 requests (one for each distinct text); the limit is 12"
    assert found.why == "lists bring 21 different combinations of values, and the text asks for name, tier"
    assert found.next_step == (
        "leave out of the text what is different for everybody; or raise `limits.requests` in campaigns/sale.yaml, "
        "if it is meant"
    )


def test_what_the_limit_or_a_plan_can_still_settle_is_not_refused_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that allows it, few enough for a plan, and requests that may be sends on their way."""
    audience = _far_too_many(monkeypatch)
    texts = texts_of(CAMPAIGN, audience, EachAlone(_dear, frozenset({"name", "tier"})))
    allowed = replace(CAMPAIGN, limits=Limits(requests=21))
    assert too_many(allowed, audience, texts, None) == ()
    few = replace(CAMPAIGN, limits=Limits(requests=1))
    record = remembered(manifest(text="Hello {name}", to={f"N{at}": (at,) for at in range(1, 12)}), SendPhase.SCHEDULED)
    assert len(record.sends) == 11
    assert too_many(few, audience, texts, record) == ()
    assert too_many(few, audience, texts, replace(record, sends=record.sends[1:])) != ()
