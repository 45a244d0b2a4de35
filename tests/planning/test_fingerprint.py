"""What a send is known by: the same on any machine and for any order of rows, another as soon as anything differs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.model.audience import Audience, AudienceGroup
from mesms_gitops.model.campaign import (
    At,
    DeliverySource,
    GroupSource,
    ListSource,
    LocalTemplate,
    NumbersSource,
    SavedTemplate,
    Schedule,
)
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.sends import TemplateContent, TextContent
from mesms_gitops.planning.desire import desired_sends
from mesms_gitops.planning.fingerprint import manifest_record, masked, send_fingerprint, text_digest

from .scenes import AT_ONCE, ELEVEN, KEY, MEMBERS, SOON, TEN, ZONE, manifest, people

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

TEXT = TextContent("Hello")
SAVED = TemplateContent(42, {"name": "Toon"}, None)
BASE: dict[str, Any] = {
    "sender": "SiamCoffee",
    "content": TEXT,
    "when": TEN,
    "audience": people(1, 2).digest(KEY.secret),
}
DIFFERENT: dict[str, dict[str, Any]] = {
    "another sender": {"sender": "SiamShop"},
    "another text": {"content": TextContent("Hello ")},
    "a saved template": {"content": SAVED},
    "another saved template": {"content": replace(SAVED, template_id=43)},
    "other variables": {"content": replace(SAVED, variables={"name": "Ann"})},
    "another time": {"when": ELEVEN},
    "a second later": {"when": At(TEN.at + timedelta(seconds=1), ZONE)},
    "now": {"when": SOON},
    "now, at once": {"when": AT_ONCE},
    "other people": {"audience": people(1, 3).digest(KEY.secret)},
    "a contact group": {"audience": {"group": 1}},
    "another contact group": {"audience": {"group": 2}},
}
SAME: dict[str, dict[str, Any]] = {
    "the zone a time is shown in": {"when": At(TEN.at, "UTC")},
    "the local copy of a saved template": {"content": replace(SAVED, preview="Hello Toon")},
}


def _fingerprint(key: HashKey = KEY, **changed: Any) -> str:
    return send_fingerprint(key, **BASE | changed)


def test_whatever_would_be_sent_otherwise_is_another_send() -> None:
    fingerprints = {why: _fingerprint(**changed) for why, changed in DIFFERENT.items()}
    assert len({_fingerprint(), *fingerprints.values()}) == len(DIFFERENT) + 1


def test_what_is_not_sent_does_not_count() -> None:
    assert _fingerprint(**SAME["the zone a time is shown in"]) == _fingerprint()
    assert _fingerprint(**SAME["the local copy of a saved template"]) == _fingerprint(content=SAVED)


def test_a_fingerprint_never_changes_between_versions_or_machines() -> None:
    """States hold these: another value would send every scheduled campaign anew."""
    assert (_fingerprint(), text_digest(KEY, "สวัสดี")) == (
        "8bec3b4e88696d0606f3a4892cddc8aabcd3f602",
        "9e1e334a14bdc5a7c2b8c63b9030e43c36bcc3c5",
    )


@pytest.mark.parametrize("key", [HashKey.of_secret("s3cret"), HashKey.of_lineage("other")], ids=["secret", "lineage"])
def test_another_key_is_another_digest_everywhere(key: HashKey) -> None:
    told = manifest().campaign
    assert _fingerprint(key) != _fingerprint()
    assert text_digest(key, "Hello") != text_digest(KEY, "Hello")
    assert manifest_record(told, key, "/shop").digests != manifest_record(told, KEY, "/shop").digests


def _render(values: Mapping[str, str]) -> str:
    return f"Dear {values['name']}"


rows = st.dictionaries(st.integers(1, 30), st.sampled_from(("Ann", "Bob", "Toon")), min_size=1)


@given(rows, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_and_the_grouping_of_an_audience_do_not_matter(
    given_rows: dict[int, str], chance: Random
) -> None:
    """One group a row, shuffled, or one group a value: the same sends."""
    campaign = manifest(text="Dear {name}").campaign
    one_by_one = [AudienceGroup({"name": name, "n": str(p)}, people(p)) for p, name in given_rows.items()]
    chance.shuffle(one_by_one)
    together = [
        AudienceGroup({"name": name}, people(*(p for p, of in given_rows.items() if of == name)))
        for name in set(given_rows.values())
    ]
    one, other = (desired_sends(campaign, Audience(tuple(groups)), _render, KEY) for groups in (one_by_one, together))
    assert one == other


def _record(**changed: Any) -> dict[str, str]:
    return dict(manifest_record(replace(manifest().campaign, **changed), KEY, "/shop").digests)


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"sender": "SiamShop"}, {"sender"}),
        ({"body": LocalTemplate("Hi")}, {"content"}),
        ({"body": SavedTemplate(42)}, {"content"}),
        ({"variables": {"percent": "20"}}, {"variables"}),
        ({"sources": (NumbersSource(("0800000001",)),)}, {"recipients"}),
        ({"sources": (GroupSource(1203),)}, {"recipients"}),
        ({"sources": (DeliverySource("early", ("failed",)),)}, {"recipients"}),
        ({"sources": (DeliverySource("early", ("failed",), except_reached_by=("late",)),)}, {"recipients"}),
        ({"sources": (replace(MEMBERS, location="/shop/lists/vip.csv"),)}, {"recipients"}),
        ({"sources": (replace(MEMBERS, kind="json"),)}, {"recipients"}),
        ({"sources": (replace(MEMBERS, phone="phone"),)}, {"recipients"}),
        ({"sources": (replace(MEMBERS, variables={"name": "first"}),)}, {"recipients"}),
        ({"sources": (replace(MEMBERS, where={"consent": ("yes",)}),)}, {"recipients"}),
        ({"sources": (replace(MEMBERS, query="select 1"),)}, {"recipients"}),
        ({"sources": (MEMBERS, MEMBERS)}, {"recipients"}),
        ({"schedule": Schedule(ELEVEN)}, {"schedule"}),
        ({"schedule": None}, {"schedule"}),
        # nobody asks for another message by these, and they change after a campaign has left
        ({"exclude": (MEMBERS,), "owner": "crm@siamcoffee.example", "labels": {"team": "crm"}, "revision": 2}, set()),
        ({"body": LocalTemplate("Hello", file="/shop/templates/hello.txt.j2")}, set()),
        ({"schedule": Schedule(TEN, give_up_after=timedelta(hours=2))}, set()),
    ],
)
def test_the_fields_of_a_manifest_that_count_as_edits(changed: dict[str, Any], fields: set[str]) -> None:
    before, after = _record(), _record(**changed)
    assert {name for name in before | after if before.get(name) != after.get(name)} == fields


@pytest.mark.parametrize("below", ["lists/members.csv", "../lists/members.csv", "../shopping/members.csv"])
def test_every_machine_sees_the_same_manifest(below: str) -> None:
    """Wherever the repository was cloned to, and also if a list lies outside the project's folder."""

    def seen(root: str) -> dict[str, str]:
        there = re.sub(r"/[^/]+/\.\./", "/", f"{root}/{below}")
        campaign = replace(manifest().campaign, sources=(replace(MEMBERS, location=there),))
        return dict(manifest_record(campaign, KEY, root).digests)

    assert seen("/home/ann/shop") == seen("/builds/7/shop")


def test_a_list_outside_the_project_is_another_than_one_inside() -> None:
    inside, outside = (
        _record(sources=(replace(MEMBERS, location=location),)) for location in ("/shop/lists/m.csv", "/lists/m.csv")
    )
    assert inside != outside


def _shown(**changed: Any) -> dict[str, str]:
    return dict(manifest_record(replace(manifest().campaign, **changed), KEY, "/shop").shown)


HELLO = {
    "sender": "SiamCoffee",
    "content": "Hello",
    "recipients": "csv:members.csv",
    "schedule": "2027-04-10T03:00+00:00",
}


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({}, {}),
        ({"body": LocalTemplate("call 080-000-0001")}, {"content": "call (number hidden)"}),
        ({"body": SavedTemplate(42)}, {"content": "template 42 on ME-SMS"}),
        ({"variables": {"b": "0800000001", "a": "20"}}, {"variables": "a=20, b=(number hidden)"}),
        ({"schedule": Schedule(SOON)}, {"schedule": "now"}),
        ({"sources": (NumbersSource(("0800000001", "0800000002")),)}, {"recipients": "2 numbers in the manifest"}),
        ({"sources": (MEMBERS, GroupSource(5))}, {"recipients": "csv:members.csv, contact group 5"}),
        (
            {"sources": (DeliverySource("early", ("failed", "expired")),)},
            {"recipients": "delivery of early: failed, expired"},
        ),
        (
            {"sources": (DeliverySource("early", ("failed",), except_reached_by=("late", "later")),)},
            {"recipients": "delivery of early: failed, except reached by late, later"},
        ),
        (
            {"sources": (ListSource("csv", "https://crm.example/vip.csv?token=s3cret", "mobile"),)},
            {"recipients": "csv:vip.csv"},
        ),
    ],
)
def test_a_manifest_is_shown_without_numbers_and_without_secrets(
    changed: dict[str, Any], shown: dict[str, str]
) -> None:
    assert _shown(**changed) == HELLO | shown


def test_without_a_schedule_none_is_shown() -> None:
    assert "schedule" not in _shown(schedule=None)


DIGITS = "0123456789๐๑๒๓๔๕๖๗๘๙"


@given(st.text(st.sampled_from(DIGITS + " ().-+aก\n"), max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_run_of_nine_digits_is_left(text: str) -> None:
    """Nor one that is only broken by what people put between the digits of a phone number."""
    hidden = masked(text)
    assert not re.search(r"\d{9}", hidden)
    assert not re.search(r"\d{2}[ .-]?\d{3}[ .-]?\d{4}", hidden)
    assert masked(hidden) == hidden


@pytest.mark.parametrize("text", ["20% off, 1,000,000 reasons", "room 1203", "open 9-17, 10.04", "ลด 20%", ""])
def test_what_is_no_number_is_left_alone(text: str) -> None:
    assert masked(text) == text
