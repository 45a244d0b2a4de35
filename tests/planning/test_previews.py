"""A reviewer sees the shortest and the longest text, and nobody's name; and learns which variable makes them many."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import ManifestError
from mesms_gitops.model.audience import Audience, AudienceGroup
from mesms_gitops.model.campaign import LocalTemplate
from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.plan import FanOut, Preview
from mesms_gitops.planning.previews import fan_out_of, previews_of
from mesms_gitops.planning.texts import EachAlone, texts_of

from .scenes import manifest, people

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Render = Callable[[Mapping[str, str]], str]

CAMPAIGN = manifest(text="Dear {name}").campaign


def _audience(*groups: Mapping[str, str]) -> Audience:
    return Audience(tuple(AudienceGroup(values, people(at)) for at, values in enumerate(groups, start=1)))


def _previews(audience: Audience, render: Render, *names: str) -> tuple[Preview, ...]:
    many = EachAlone(render, frozenset(names))
    return previews_of(CAMPAIGN, audience, texts_of(CAMPAIGN, audience, many), many)


def _fan_out(audience: Audience, render: Render, *names: str) -> tuple[FanOut, ...]:
    return fan_out_of(audience, texts_of(CAMPAIGN, audience, EachAlone(render, frozenset(names))))


def _dear(values: Mapping[str, str]) -> str:
    return f"Dear {values['name']}, {values.get('percent', '20')}% off"


def test_the_shortest_and_the_longest_with_their_own_sizes() -> None:
    audience = _audience({"name": "Ann"}, {"name": "Somchai"}, {"name": "B" * 150})
    assert _previews(audience, _dear, "name") == (
        Preview("Dear •••, 20% off", 1, 17, "GSM-7", 2, is_masked=True),
        Preview(f"Dear {'•' * 150}, 20% off", 2, 164, "GSM-7", 1, is_masked=True),
    )


def test_one_text_is_shown_once_and_as_it_is() -> None:
    (preview,) = _previews(_audience({}, {}), lambda _: "To all of you")
    assert preview == Preview("To all of you", 1, 13, "GSM-7", 2)


def test_a_contact_group_has_its_text_too() -> None:
    audience = Audience(contact_groups=(1203,))
    (preview,) = _previews(audience, lambda _: "To the group")
    assert (preview.text, preview.people) == ("To the group", 0)


def test_a_text_that_asks_for_a_value_is_shown_as_its_template() -> None:
    told = replace(CAMPAIGN, body=LocalTemplate("{% if tier == 'gold' %}Free coffee{% else %}Hello{% endif %}"))
    audience = _audience({"tier": "gold"}, {"tier": "none"})
    many = EachAlone(lambda values: "Free coffee" if values["tier"] == "gold" else "Hello", frozenset({"tier"}))
    shortest, longest = previews_of(told, audience, texts_of(told, audience, many), many)
    assert shortest.text == "Hello", "struck out, it takes the same way"
    assert longest.text == told.body.source  # type: ignore[union-attr]
    assert longest.units == 11


def test_a_text_that_counts_with_a_value_is_shown_as_its_template() -> None:
    """Struck out, that value has no text at all: no reason to end a plan."""

    def render(values: Mapping[str, str]) -> str:
        if not values["points"].isdigit():
            raise ManifestError([Diagnostic("MS314", Severity.ERROR, "the template cannot be rendered")])
        return f"{int(values['points']) * 2} points"

    (preview,) = _previews(_audience({"points": "10"}), render, "points")
    assert (preview.text, preview.units, preview.is_masked) == ("Dear {name}", 9, True)


_WORD = st.text("abcกขคสมชาย ้ำ0123456789", min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=200)
@given(st.lists(st.tuples(_WORD, _WORD), min_size=1, max_size=12))
def test_nothing_a_list_says_is_shown(rows: list[tuple[str, str]]) -> None:
    audience = _audience(*({"name": name, "city": city} for name, city in rows))

    def render(values: Mapping[str, str]) -> str:
        return f"<{values['name']}|{values['city']}>"

    for preview in _previews(audience, render, "name", "city"):
        assert set(preview.text) <= set("<|>• ")


def test_the_variable_that_makes_them_many_is_named_first() -> None:
    audience = _audience(*({"name": f"N{n}", "tier": "gold" if n % 2 else "none"} for n in range(20)))

    def render(values: Mapping[str, str]) -> str:
        return f"{values['name']} {values['tier']}"

    assert _fan_out(audience, render, "name", "tier") == (FanOut("name", 20, 2), FanOut("tier", 2, 20))


def test_no_variable_is_to_blame_for_one_text() -> None:
    assert _fan_out(_audience({"name": "Ann"}, {"name": "Bob"}), lambda _: "Hello") == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from("12")), min_size=2))
def test_what_remains_without_a_variable_is_what_would_remain(rows: list[tuple[str, str, str]]) -> None:
    audience = _audience(*(dict(zip(("p", "q", "r"), row, strict=True)) for row in rows))

    def render(values: Mapping[str, str]) -> str:
        return "-".join(values[name] for name in ("p", "q", "r"))

    for one in _fan_out(audience, render, "p", "q", "r"):
        at = ("p", "q", "r").index(one.variable)
        assert one.values == len({row[at] for row in rows})
        assert one.requests_without == len({row[:at] + row[at + 1 :] for row in rows})
