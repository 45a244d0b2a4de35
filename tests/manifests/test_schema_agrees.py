"""Editor and `validate` are of one mind: what the JSON Schema takes is not refused for its shape, and the reverse."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.manifests.schema import json_schema

CHECKER = jsonschema.Draft202012Validator(json.loads(json_schema("campaign")))

SHAPE = {
    *("MS120", "MS121", "MS122", "MS123", "MS124", "MS125", "MS126", "MS127", "MS130", "MS131", "MS132", "MS133"),
    *("MS134", "MS135", "MS136", "MS201", "MS202", "MS203", "MS210", "MS402", "MS403", "MS405"),
}
"""Codes of what stands in one place of a file. All others depend on something else: the clock, mesms.yaml, a file."""


@dataclass(frozen=True)
class Written:
    """A value as YAML has it in flow style, and what a YAML 1.2 reader makes of it."""

    yaml: str
    read: Any


def quoted(text: str) -> Written:
    return Written(json.dumps(text, ensure_ascii=False), text)


def plain(text: str) -> Written:
    return Written(text, text)


def listed(*items: Written) -> Written:
    return Written(f"[{', '.join(item.yaml for item in items)}]", [item.read for item in items])


def mapped(**items: Written) -> Written:
    body = ", ".join(f"{key}: {item.yaml}" for key, item in items.items())
    return Written(f"{{{body}}}", {key: item.read for key, item in items.items()})


SCALARS = [
    *(Written(text, read) for text, read in [
        ("0", 0), ("1", 1), ("20", 20), ("-1", -1), ("1.5", 1.5), ("1234567890123", 1234567890123),
        ("true", True), ("False", False), ("null", None), ("~", None), (".inf", float("inf")),
    ]),
    *map(plain, [
        "yes", "a b", "one", "One", "a_b", "สยาม", "SiamCoffee", "SiamCoffee12", "now", "active", "draft", "marketing",
        "failed", "2027-04-10", "2027-04-10T10:00",
        "2027-04-10 10:00:30", "2027-04-10t10:00z", "2027-04-10T10:00+07:00",
        "2570-04-10T10:00", "2027-13-10T10:00", "2027-04-10T25:00", "1969-04-10T10:00", "2027-04-10T10:00+16:00",
        "10:00-18:00", "9-20", "09:00-24:00", "1%", "0.5%", "101%", "100%", "1.5 %", "01%", "2h", "1h30m", "0s", "2 h",
        "25_000", "CRM_DSN", "a.csv", "https://a.example/b", "ftp://a.example/b", "few",
    ]),
    *map(quoted, ["", " ", "20", "0800000001", "true", "now", "2027-04-10T10:00", "10:00-18:00", "0", "1%", "a.csv"]),
]  # fmt: skip
"""What authors write, right and wrong. A leading zero has its own test."""

scalars = st.sampled_from(SCALARS)
shapes = st.one_of(
    scalars,
    scalars,
    st.lists(scalars, max_size=2).map(lambda items: listed(*items)),
    st.dictionaries(st.sampled_from(["a", "at", "max", "csv", "parts"]), scalars, max_size=2).map(
        lambda items: mapped(**items)
    ),
)


def some(**keys: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    """A mapping with some of ``keys``, and now and then with one that is not known."""
    known = st.fixed_dictionaries({}, optional=keys)
    return st.one_of(known, known, st.tuples(known, scalars).map(lambda two: {**two[0], "oter": two[1]})).map(
        lambda items: mapped(**items)
    )


def likely(right: Written) -> st.SearchStrategy[Written]:
    """Mostly ``right``, so that one mistake is seen beside much that is well."""
    return st.one_of(st.just(right), st.just(right), st.just(right), shapes)


phone = {"phone": likely(plain("mobile"))}
table = {
    **phone,
    "variables": likely(mapped(a=plain("b"))),
    "where": st.one_of(likely(mapped(a=plain("b"))), st.just(mapped()), shapes.map(lambda value: mapped(a=value))),
}
sources = st.one_of(
    some(csv=likely(plain("a.csv")), **table),
    some(json=likely(quoted("https://a.example/b")), **phone),
    some(numbers=likely(listed(quoted("0800000001")))),
    some(contact_group=likely(Written("12", 12))),
    some(delivery=some(campaign=likely(plain("two")), status=likely(listed(plain("failed"))))),
    shapes,
)
KEYS: dict[str, st.SearchStrategy[Written]] = {
    "name": likely(plain("one")),
    "moved_from": likely(plain("former")),
    "revision": likely(Written("2", 2)),
    "state": likely(plain("draft")),
    "class": likely(plain("marketing")),
    "sender": likely(plain("SiamCoffee")),
    "content": likely(plain("ลด")),
    "template": likely(quoted("t.j2")),
    "template_id": likely(Written("42", 42)),
    "template_text": likely(plain("ลด")),
    "variables": st.one_of(likely(mapped(a=plain("b"))), shapes.map(lambda value: mapped(a=value))),
    "recipients": st.one_of(sources.map(listed), likely(listed())),
    "invalid": some(max=likely(plain("1%"))),
    "schedule": st.one_of(
        likely(plain("now")),
        some(at=likely(plain("now")), window=likely(plain("10:00-18:00")), give_up_after=likely(plain("2h"))),
    ),
    "limits": st.one_of(
        some(
            credits=likely(Written("5", 5)),
            parts=likely(Written("2", 2)),
            requests=likely(Written("2", 2)),
            recipients=some(min=likely(Written("1", 1)), max=likely(Written("9", 9))),
        ),
        shapes,
    ),
    "owner": likely(plain("crm")),
    "labels": st.one_of(shapes.map(lambda value: mapped(a=value)), shapes),
}
BASE = {"sender": plain("SiamCoffee"), "state": plain("draft")}
CONTENT = {"content": plain("ลด")}
manifests = st.dictionaries(st.sampled_from(sorted(KEYS)), st.none(), max_size=4).flatmap(
    lambda keys: st.fixed_dictionaries({key: KEYS[key] for key in keys})
)


def whole(part: dict[str, Written]) -> dict[str, Written]:
    """A draft with whatever ``part`` says; what it lacks may come from defaults, which no schema can know."""
    has_message = {"content", "template", "template_id"} & part.keys()
    return {
        **BASE,
        **({} if has_message else {"template_id": Written("42", 42)} if "template_text" in part else CONTENT),
        **part,
    }


def refused(place, manifest: dict[str, Written]) -> set[str]:
    text = "".join(f"{key}: {value.yaml}\n" for key, value in manifest.items())
    shape = SHAPE | {"MS401"} if "numbers: []" in text else SHAPE  # elsewhere an empty list may be a draft's
    return {entry.split(" ")[1] for entry in place.findings(text) if not entry.endswith((" w", " n"))} & shape


def underlined(manifest: dict[str, Written]) -> list[str]:
    return [error.message for error in CHECKER.iter_errors({key: value.read for key, value in manifest.items()})]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(manifests)
def test_what_the_schema_takes_validate_takes_and_the_reverse(place, part):
    manifest = whole(part)
    place.write("campaigns/t.j2", "ลด")
    assert bool(refused(place, manifest)) == bool(underlined(manifest)), (
        "".join(f"{key}: {value.yaml}\n" for key, value in manifest.items()),
        refused(place, manifest),
        underlined(manifest),
    )


def csv_with(**keys: Written) -> Written:
    return listed(mapped(**{"csv": plain("a.csv"), "phone": plain("p"), **keys}))


PLACES = {
    **{key: (lambda value, key=key: {key: value}) for key in KEYS},
    "variables.a": lambda value: {"variables": mapped(a=value)},
    "labels.a": lambda value: {"labels": mapped(a=value)},
    "invalid.max": lambda value: {"invalid": mapped(max=value)},
    "schedule.at": lambda value: {"schedule": mapped(at=value)},
    "schedule.window": lambda value: {"schedule": mapped(at=plain("now"), window=value)},
    "schedule.give_up_after": lambda value: {"schedule": mapped(at=plain("now"), give_up_after=value)},
    "limits.credits": lambda value: {"limits": mapped(credits=value)},
    "limits.parts": lambda value: {"limits": mapped(parts=value)},
    "limits.recipients": lambda value: {"limits": mapped(recipients=value)},
    "limits.recipients.min": lambda value: {"limits": mapped(recipients=mapped(min=value))},
    "recipients.0": lambda value: {"recipients": listed(value)},
    "recipients.0.csv": lambda value: {"recipients": csv_with(csv=value)},
    "recipients.0.phone": lambda value: {"recipients": csv_with(phone=value)},
    "recipients.0.variables": lambda value: {"recipients": csv_with(variables=value)},
    "recipients.0.variables.a": lambda value: {"recipients": csv_with(variables=mapped(a=value))},
    "recipients.0.where": lambda value: {"recipients": csv_with(where=value)},
    "recipients.0.where.a": lambda value: {"recipients": csv_with(where=mapped(a=value))},
    "recipients.0.where.a.0": lambda value: {"recipients": csv_with(where=mapped(a=listed(value)))},
    "recipients.0.contact_group": lambda value: {"recipients": listed(mapped(contact_group=value))},
    "recipients.0.numbers": lambda value: {"recipients": listed(mapped(numbers=value))},
    "recipients.0.delivery.campaign": lambda value: {
        "recipients": listed(mapped(delivery=mapped(campaign=value, status=listed(plain("failed")))))
    },
    "recipients.0.delivery.status": lambda value: {
        "recipients": listed(mapped(delivery=mapped(campaign=plain("two"), status=value)))
    },
    "recipients.0.sql.url_env": lambda value: {
        "recipients": listed(mapped(sql=mapped(url_env=value, query_file=plain("t.j2")), phone=plain("p")))
    },
}
VALUES = [*SCALARS, listed(), mapped(), listed(plain("failed")), listed(mapped()), mapped(a=plain("b"))]


@pytest.mark.parametrize("where", PLACES)
def test_every_value_in_every_place(place, where):
    """One value at a time, so that none is too rare to be tried."""
    place.write("campaigns/t.j2", "ลด")
    differ = {}
    for value in VALUES:
        manifest = whole(PLACES[where](value))
        if bool(codes := refused(place, manifest)) != bool(says := underlined(manifest)):
            differ[value.yaml] = (codes, says)
    assert differ == {}


ONLY_VALIDATE = {
    "a window that closes before it opens": ("schedule: {at: now, window: '18:00-10:00'}", "MS210"),
    "a day that the month does not have": ("schedule: 2027-02-30T10:00", "MS203"),
    "a zone that does not exist": ("schedule: {at: now, timezone: Asia/Bankok}", "MS205"),
    "a number whose zero gets lost": ("labels: {a: 007}", "MS122"),
    "bounds that exclude each other": ("limits: {recipients: {min: 5, max: 4}}", "MS138"),
}
"""What no JSON Schema can say: where the two differ, it is the editor that is silent."""


@pytest.mark.parametrize("case", ONLY_VALIDATE)
def test_what_only_validate_can_know(place, case):
    line, code = ONLY_VALIDATE[case]
    text = f"sender: SiamCoffee\nstate: draft\ncontent: ลด\n{line}\n"
    assert code in {entry.split(" ")[1] for entry in place.findings(text)}
