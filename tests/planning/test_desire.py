"""One campaign is as many sends as it has texts; and as one request may hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.model.audience import Audience, AudienceGroup
from mesms_gitops.model.campaign import SavedTemplate
from mesms_gitops.model.sends import DesiredSend, TemplateContent, TextContent
from mesms_gitops.planning.desire import desired_sends
from mesms_gitops.planning.fingerprint import SAMPLE_SIZE, send_fingerprint, text_digest

from .scenes import KEY, TEN, manifest, people

if TYPE_CHECKING:
    from collections.abc import Mapping

CAMPAIGN = manifest(text="Dear {name}").campaign
SAVED = replace(CAMPAIGN, body=SavedTemplate(42), variables={"percent": "20"})


def _dear(values: Mapping[str, str]) -> str:
    return f"Dear {values.get('name', 'you')}"


def _audience(*groups: tuple[str, tuple[int, ...]], contact_groups: tuple[int, ...] = ()) -> Audience:
    return Audience(tuple(AudienceGroup({"name": name}, people(*who)) for name, who in groups), contact_groups)


def test_a_send_is_everything_its_request_needs_and_all_it_is_known_by() -> None:
    numbers = people(*range(1, 61))
    digest = numbers.digest(KEY.secret)
    assert desired_sends(CAMPAIGN, _audience(("Ann", tuple(range(1, 61)))), _dear, KEY) == (
        DesiredSend(
            fingerprint=send_fingerprint(
                KEY, sender="SiamCoffee", content=TextContent("Dear Ann"), when=TEN, audience=digest
            ),
            sender="SiamCoffee",
            content=TextContent("Dear Ann"),
            when=TEN,
            numbers=numbers,
            group_id=None,
            parts=1,
            encoding="GSM-7",
            text_digest=text_digest(KEY, "Dear Ann"),
            audience_digest=digest,
            sample=numbers.sample(KEY.secret, SAMPLE_SIZE),
        ),
    )


def test_a_saved_template_is_sent_as_its_variables_and_known_by_its_local_copy() -> None:
    (send,) = desired_sends(SAVED, _audience(("Ann", (1,))), _dear, KEY)
    variables = {"name": "Ann", "percent": "20"}
    assert send.content == TemplateContent(42, variables, "Dear Ann")
    assert (send.text, send.parts, send.encoding) == ("Dear Ann", 1, "GSM-7")
    assert send.text_digest == text_digest(KEY, "Dear Ann")


def test_of_a_saved_template_without_local_copy_neither_text_nor_size_is_known() -> None:
    (send,) = desired_sends(SAVED, _audience(("Ann", (1,))), None, KEY)
    assert (send.text, send.parts, send.encoding, send.text_digest) == (None, 0, "", None)


def test_values_that_make_the_same_text_are_one_send() -> None:
    (send,) = desired_sends(CAMPAIGN, _audience(("Ann", (1,)), ("Bob", (2,))), lambda values: "Dear all", KEY)
    assert send.numbers == people(1, 2)


def test_values_of_a_saved_template_are_sent_apart_even_if_the_local_copy_reads_the_same() -> None:
    sends = desired_sends(SAVED, _audience(("Ann", (1,)), ("Bob", (2,))), lambda values: "Dear all", KEY)
    assert [send.recipients for send in sends] == [1, 1]


def test_a_contact_group_is_sent_with_the_campaigns_own_values() -> None:
    sends = desired_sends(SAVED, _audience(("Ann", (1,)), contact_groups=(5,)), _dear, KEY)
    (group,) = (send for send in sends if send.group_id == 5)
    assert group.content == TemplateContent(42, {"percent": "20"}, "Dear you")
    assert (group.numbers, group.recipients, group.audience_digest, group.sample) == (None, 0, None, ())


def test_two_contact_groups_are_two_sends() -> None:
    sends = desired_sends(CAMPAIGN, _audience(contact_groups=(5, 6)), _dear, KEY)
    assert len({send.fingerprint for send in sends}) == 2


crowds = st.dictionaries(st.integers(1, 30), st.sampled_from(("Ann", "Bob", "Toon")), min_size=1)


@given(crowds, st.integers(1, 9))
@settings(max_examples=80, deadline=None)
def test_everybody_gets_exactly_one_text_however_it_is_split(crowd: dict[int, str], most: int) -> None:
    groups = [(name, tuple(p for p, of in crowd.items() if of == name)) for name in set(crowd.values())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mesms_gitops.planning.desire.MAX_NUMBERS_PER_SEND", most)
        sends = desired_sends(CAMPAIGN, _audience(*groups), _dear, KEY)
    texts = [(number, send.text) for send in sends for number in send.numbers or ()]
    assert sorted(texts) == sorted((number, f"Dear {crowd[number - 800_000_000]}") for number, _ in texts)
    assert sorted(number for number, _ in texts) == list(people(*crowd))
    assert max(send.recipients for send in sends) <= most
    assert [send.fingerprint for send in sends] == sorted({send.fingerprint for send in sends})
