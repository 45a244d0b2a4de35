"""Exactly the right numbers: everybody once, nobody who refused, and nothing at all in doubt."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import REJECTS_KEPT
from mesms_gitops.audience.resolve import examine, resolve
from mesms_gitops.errors import ManifestError
from mesms_gitops.model.campaign import (
    DeliverySource,
    GroupSource,
    ListSource,
    NumbersSource,
    SavedTemplate,
    Tolerance,
)
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mesms_gitops.model.audience import Audience
    from mesms_gitops.model.campaign import Campaign

ALL_TOLERATED = Tolerance(count=None, share=1.0)


def groups_of(audience: Audience) -> list[tuple[Mapping[str, str], list[int]]]:
    return [(dict(group.values), list(group.numbers)) for group in audience.groups]


def refused(campaign: Campaign) -> list[Diagnostic]:
    """The errors with which ``resolve`` stops; nothing may be sent on what ``examine`` gives either."""
    with pytest.raises(ManifestError) as caught:
        resolve(campaign)
    looked_at = examine(campaign)
    assert looked_at.diagnostics == caught.value.diagnostics
    assert not looked_at.groups
    assert not looked_at.contact_groups
    return [diagnostic for diagnostic in caught.value.diagnostics if diagnostic.is_error]


def warnings_of(audience: Audience) -> list[str]:
    assert all(diagnostic.severity is Severity.WARNING for diagnostic in audience.diagnostics)
    return [diagnostic.code for diagnostic in audience.diagnostics]


def numbers(*written: str, line: int = 20) -> NumbersSource:
    positions = tuple(
        Position("campaigns/sale.yaml", line + index, 7, line + index, 19) for index in range(len(written))
    )
    return NumbersSource(written, positions, positions[0] if positions else None)


def test_the_first_mention_of_a_number_wins_across_sources(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """However it is written, and whatever later lists say of it."""
    first = csv_list("phone,name\n0800000002,ก\n0800000001,ข\n", variables={"name": "name"})
    second = csv_list("phone,nick\n+66 80 000 0001,ค\n0800000003,ก\n", variables={"name": "nick"})
    audience = resolve(campaign(first, second, numbers("66800000003", "0800000002"), variables={"name": "คุณ"}))
    assert groups_of(audience) == [({"name": "ก"}, [800000002, 800000003]), ({"name": "ข"}, [800000001])]
    assert audience.counts.duplicates == 3
    assert warnings_of(audience) == []


def test_somebody_who_opted_out_is_left_out_wherever_they_came_from(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    source = csv_list("phone\n0800000001\n0800000001\n0800000002\n")
    opted_out = csv_list(
        "tel,kind\n+66-80-000-0001,out\n0800000003,out\n0800000002,in\n", phone="tel", where={"kind": ("out",)}
    )
    audience = resolve(campaign(source, numbers("0800000003"), exclude=(opted_out, numbers("0800000009"))))
    assert groups_of(audience) == [({}, [800000002])]
    counts = audience.counts
    assert (counts.rows, counts.recipients, counts.duplicates, counts.excluded) == (4, 1, 1, 2)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (ListSource("csv", "no/such/file.csv", "phone"), codes.UNREADABLE),
        (ListSource("sql", "NO_SUCH_VARIABLE", "phone", query="select 1"), codes.NO_SETTING),
        (ListSource("csv", "http://siamcoffee.example/optout.csv", "phone"), codes.BAD_ADDRESS),
        (DeliverySource("early", ("failed",)), codes.NO_DELIVERY),
        (GroupSource(7), codes.GROUP_EXCLUDED),
        (NumbersSource(("08000",)), codes.BAD_INLINE),
    ],
)
def test_an_opt_out_list_that_cannot_be_read_stops_the_campaign(
    source: Any, code: str, campaign: Callable[..., Campaign]
) -> None:
    """Fail closed: without it, people who refused would be texted."""
    errors = refused(campaign(numbers("0800000001"), exclude=(source,)))
    assert [error.code for error in errors] == [code]
    assert (errors[0].field or "").startswith("exclude.0")


def test_an_opt_out_list_without_its_column_stops_the_campaign(
    kind: Any, listed: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    opted_out = listed(kind, [{"tel": "0800000001"}], columns=("tel",))
    assert [(error.code, error.field) for error in refused(campaign(numbers("0800000001"), exclude=(opted_out,)))] == [
        (codes.MISSING_COLUMN, "exclude.0.phone")
    ]


def test_bad_numbers_in_an_opt_out_list_are_counted_and_warned_of(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    opted_out = csv_list("phone,x\n0800000001,\n08000,\nn/a,\n")
    audience = resolve(campaign(numbers("0800000001", "0800000002"), exclude=(opted_out,)))
    assert groups_of(audience) == [({}, [800000002])]
    assert audience.counts.exclude_invalid == 2
    assert audience.counts.invalid == {}
    assert warnings_of(audience) == [codes.BAD_OPT_OUT]
    assert audience.diagnostics[0].why == "1 malformed, 1 too_short"
    assert [row for _, row, _, _ in audience.rejects] == [3, 4]


@pytest.mark.parametrize("row", ["0800000002", "Doe, John,0800000002,"], ids=["narrower", "wider"])
def test_a_ragged_row_in_an_opt_out_list_stops_the_campaign(
    row: str, csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Fail closed: its number may be good, and the person who refused would be texted."""
    opted_out = csv_list(f"phone,x\n0800000001,\n08000,\n{row}\n")
    stopped = campaign(numbers("0800000001", "0800000002"), exclude=(opted_out,))
    assert [(error.code, error.field) for error in refused(stopped)] == [(codes.BAD_OPT_OUT, "exclude.0")]
    assert [row for _, row, _, _ in examine(stopped).rejects] == [3, 4]


@pytest.mark.parametrize(("bad", "good", "stops"), [(9, 0, False), (10, 0, True), (30, 1, False)])
def test_an_opt_out_list_without_one_usable_number_stops_the_campaign(
    bad: int, good: int, stops: bool, csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Fail closed: a column of ten cells and no number is not the column of numbers. A few may be slips."""
    opted_out = csv_list("phone\n" + "6.68E+10\n" * bad + "0800000009\n" * good)
    told = campaign(numbers("0800000001"), exclude=(opted_out,))
    if stops:
        assert [(error.code, error.field) for error in refused(told)] == [(codes.BAD_OPT_OUT, "exclude.0")]
    else:
        assert warnings_of(resolve(told)) == [codes.BAD_OPT_OUT]


def test_an_opt_out_list_without_rows_is_warned_of(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    assert warnings_of(resolve(campaign(numbers("0800000001"), exclude=(csv_list("phone\n"),)))) == [codes.NO_OPT_OUTS]


def test_an_opt_out_list_of_which_where_keeps_nothing_is_warned_of(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """A `yes` that the list spells `Yes` must not let everybody through in silence."""
    opted_out = csv_list("phone,out\n0800000001,Yes\n0800000002,No\n", where={"out": ("yes",)})
    audience = resolve(campaign(numbers("0800000001"), exclude=(opted_out,)))
    assert warnings_of(audience) == [codes.NO_OPT_OUTS]
    assert "no rows that `where` keeps, of 2: it excludes nobody" in audience.diagnostics[0].message


@pytest.mark.parametrize(
    ("tolerance", "stops"),
    [
        (Tolerance(), True),
        (Tolerance(count=2), True),
        (Tolerance(count=3), False),
        (Tolerance(count=None, share=0.29), True),
        (Tolerance(count=None, share=0.3), False),
    ],
)
def test_more_bad_numbers_than_allowed_stop_the_campaign(
    tolerance: Tolerance, stops: bool, csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Counted by reason over all lists; within tolerance they are a warning, and nothing is sent to them."""
    good = csv_list("phone,x\n" + "".join(f"080000000{last},\n" for last in range(7)))
    bad = csv_list("phone,x\n020000001,\n020000002,\n6.68E+10,\n")
    asked = campaign(good, bad, invalid=tolerance)
    if stops:
        (found,) = refused(asked)
        assert found.code == codes.TOO_MANY_BAD
        assert "--rejects" in (found.next_step or "")
    else:
        audience = resolve(asked)
        (found,) = audience.diagnostics
        assert (found.code, found.severity) == (codes.SOME_BAD, Severity.WARNING)
        assert audience.counts.invalid == {"exponent": 1, "landline": 2}
    assert found.message.startswith("3 of 10 rows have no usable number")
    assert (found.why or "").endswith(": 2 landline, 1 exponent")
    assert found.position == bad.position


def test_the_tolerance_is_shown_where_it_is_set(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    place = Position("campaigns/sale.yaml", 40, 1, 40, 8)
    (found,) = refused(campaign(csv_list("phone,x\n02000,\n"), positions={"invalid": place}))
    assert found.position == place


def test_a_bad_number_counts_only_in_a_row_that_the_filter_keeps(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    source = csv_list("phone,ok\n0800000001,yes\n0800000002,no\n02000,no\n02000,yes\n", where={"ok": ("yes",)})
    assert [error.code for error in refused(campaign(source))] == [codes.TOO_MANY_BAD]
    counts = resolve(campaign(source, invalid=Tolerance(count=1))).counts
    assert (counts.rows, counts.recipients, counts.filtered, counts.invalid_total) == (4, 1, 2, 1)


def test_a_bad_number_of_the_manifest_is_an_error_at_its_own_place(campaign: Callable[..., Campaign]) -> None:
    """Whatever `invalid` allows, and without being counted a second time."""
    errors = refused(campaign(numbers("0800000001", "02-000-0001", "0800000002", "080000"), invalid=ALL_TOLERATED))
    assert [(error.code, error.field, error.position and error.position.line) for error in errors] == [
        (codes.BAD_INLINE, "recipients.0.numbers.1", 21),
        (codes.BAD_INLINE, "recipients.0.numbers.3", 23),
    ]
    assert errors[0].message == "xxx01 is not a Thai mobile number: a landline, which takes no text messages"


def test_lost_zeros_are_restored_with_a_warning(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    source = csv_list("phone\n800000001\n๘๐๐๐๐๐๐๐๒\n0800000003\n66800000004\n")
    audience = resolve(campaign(source))
    assert groups_of(audience) == [({}, [800000001, 800000002, 800000003, 800000004])]
    assert warnings_of(audience) == [codes.LOST_ZERO]
    assert ": 2 numbers without" in audience.diagnostics[0].message


def test_everything_wrong_with_all_sources_is_said_at_once(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """At the key it is about if the manifest knows where that stands, else at the source."""
    place = Position("campaigns/sale.yaml", 31, 5, 31, 10)
    wrong_column = csv_list("tel\n0800000001\n")
    empty = csv_list("phone\n")
    errors = refused(
        campaign(
            wrong_column,
            ListSource("csv", "no/such/file.csv", "phone"),
            numbers("1"),
            empty,
            exclude=(ListSource("parquet", "optout.parquet", "phone"),),
            positions={"recipients.0.phone": place},
        )
    )
    assert sorted((error.code, error.field) for error in errors) == [
        (codes.UNREADABLE, "exclude.0.parquet"),
        (codes.UNREADABLE, "recipients.1.csv"),
        (codes.MISSING_COLUMN, "recipients.0.phone"),
        (codes.NO_ROWS, "recipients.3"),
        (codes.BAD_INLINE, "recipients.2.numbers.0"),
    ]
    where = {error.field: error.position for error in errors}
    assert where["recipients.0.phone"] == place
    assert where["recipients.3"] == empty.position
    assert all(error.campaign == "sale" for error in errors)


@pytest.mark.parametrize("why", ["nothing", "filtered", "excluded", "bad"])
def test_an_empty_audience_is_an_error(
    why: str, csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    source = csv_list("phone,ok\n0800000001,no\n", where={"ok": ("yes",)} if why == "filtered" else {})
    bad = csv_list("phone,x\n02000,\n")
    asked = {
        "nothing": campaign,
        "filtered": lambda: campaign(source),
        "excluded": lambda: campaign(source, exclude=(numbers("0800000001"),)),
        "bad": lambda: campaign(bad, invalid=ALL_TOLERATED),
    }[why]()
    assert [error.code for error in refused(asked)] == [codes.NOBODY]


def test_contact_groups_are_collected_with_a_warning_each(campaign: Callable[..., Campaign]) -> None:
    """A group may stand alone or beside other sources; it is texted once however often it is named."""
    alone = resolve(campaign(GroupSource(7)))
    assert (alone.contact_groups, alone.groups, warnings_of(alone)) == ((7,), (), [codes.GROUP_UNSEEN])
    mixed = resolve(campaign(GroupSource(9), numbers("0800000001"), GroupSource(7), GroupSource(9)))
    assert mixed.contact_groups == (9, 7)
    assert groups_of(mixed) == [({}, [800000001])]
    assert set(warnings_of(mixed)) == {codes.GROUP_UNSEEN}


def test_a_source_without_a_value_for_a_personal_variable_is_an_error(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Unless `variables` has one for everybody else, or the text does not use it."""
    source = csv_list("phone,name\n0800000001,ก\n", variables={"name": "name"})
    plain = csv_list("phone\n0800000002\n")
    sources = (source, plain, numbers("0800000003"), GroupSource(7))
    text = "สวัสดี {{ name }}"
    assert [(error.code, error.field) for error in refused(campaign(*sources, text=text))] == [
        (codes.NO_VALUE, "recipients.1"),
        (codes.NO_VALUE, "recipients.2"),
        (codes.GROUP_PERSONAL, "recipients.3"),
    ]
    for fine in (campaign(*sources, text=text, variables={"name": "คุณ"}), campaign(*sources, text="สวัสดี")):
        assert groups_of(resolve(fine)) == [({}, [800000002, 800000003]), ({"name": "ก"}, [800000001])]


def test_a_text_known_only_to_me_sms_may_use_any_variable(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    source = csv_list("phone,name\n0800000001,ก\n", variables={"name": "name"})
    asked = replace(campaign(source, GroupSource(7)), body=SavedTemplate(42))
    assert [error.code for error in refused(asked)] == [codes.GROUP_PERSONAL]


def test_an_empty_value_in_a_personal_text_is_an_error(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """For each column, with the number of people it concerns and the first rows; white space is nothing too."""
    rows = "".join(f"08000000{index:02d},,ค\n" for index in range(10, 18))
    source = csv_list(f"phone,a,b\n0800000001,ก,ข\n0800000002, \u00a0,\n{rows}", variables={"x": "a", "y": "b"})
    errors = refused(campaign(source))
    assert [(error.code, error.field) for error in errors] == [
        (codes.BLANK_VALUE, "recipients.0.variables.x"),
        (codes.BLANK_VALUE, "recipients.0.variables.y"),
    ]
    assert "9 recipients with nothing in “a”, which is their {{ x }}" in errors[0].message
    assert errors[0].why == "among others row 3, 4, 5, 6, 7"
    assert "1 recipient with nothing in “b”" in errors[1].message
    assert errors[0].position == source.position


def test_an_empty_value_of_somebody_who_is_not_texted_is_no_error(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Filtered, named before, opted out."""
    source = csv_list(
        "phone,name,ok\n0800000001,ก,yes\n0800000002,,no\n0800000001,,yes\n0800000003,,yes\n",
        variables={"name": "name"},
        where={"ok": ("yes",)},
    )
    audience = resolve(campaign(source, exclude=(numbers("0800000003"),)))
    assert groups_of(audience) == [({"name": "ก"}, [800000001])]


def test_a_number_with_two_values_is_warned_of(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """The first row wins, so the order of rows decides; the same values twice are only a duplicate."""
    source = csv_list("phone,name\n0800000001,ก\n0800000001,ข\n0800000001,ก\n", variables={"name": "name"})
    audience = resolve(campaign(source))
    assert groups_of(audience) == [({"name": "ก"}, [800000001])]
    assert audience.counts.duplicates == 2
    assert warnings_of(audience) == [codes.TWO_VALUES]
    assert ": 1 row with" in audience.diagnostics[0].message


def test_rejects_are_bounded(csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]) -> None:
    source = csv_list("phone,x\n0800000001,\n" + "02000,\n" * (REJECTS_KEPT + 5))
    audience = resolve(campaign(source, invalid=ALL_TOLERATED))
    assert len(audience.rejects) == REJECTS_KEPT
    assert audience.counts.invalid_total == REJECTS_KEPT + 5


def test_what_was_read_before_an_error_adds_up(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """And is not judged: the tolerance is of whole lists."""
    audience = examine(campaign(csv_list('phone,x\n0800000001,\n0800000001,\n02000,\n0800000002,"')))
    assert [diagnostic.code for diagnostic in audience.diagnostics] == [codes.BROKEN]
    counts = audience.counts
    assert (counts.rows, counts.recipients, counts.duplicates, counts.invalid_total) == (3, 1, 1, 1)


def test_a_list_is_called_the_same_on_every_machine(
    tmp_path: Path, csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Warnings end in plans and comments: where a checkout lies does not."""
    source = csv_list("phone,x\n800000001,\n02000,\n")
    audience = resolve(campaign(source, invalid=ALL_TOLERATED))
    assert len(audience.diagnostics) == 2
    shown = f"{[(d.message, d.why, d.next_step) for d in audience.diagnostics]} {audience.rejects}"
    assert f"{tmp_path.name}/list1.csv" in shown
    assert str(tmp_path.parent) not in shown


def test_no_message_holds_a_number(csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]) -> None:
    """Every finding there is, and every reject, with numbers that would be recognised."""
    digits = ("800054321", "0200054321", "6620005432")
    raw = [*digits, "080005432x", "0800054321/0800054322", "8.00054321E+08", "0800054321.5", "+1 555 005 4321"]
    body = "".join(f"{number},\n" for number in raw)
    listed = csv_list(f"phone,name\n{body}", variables={"name": "name"})
    headless = csv_list(f"{raw[0]},name\n")
    asked = campaign(listed, headless, numbers(*raw[1:]), exclude=(csv_list(f"phone,name\n{body}"),))
    audience = examine(asked)
    shown = f"{audience.diagnostics} {audience.rejects}"
    for number in raw:
        assert number not in shown
    for run in ("80005", "00054", "00543", "05432", "54321"):
        assert run not in shown
    assert len(audience.rejects) == 3 * (len(raw) - 1)


subscribers = st.integers(800_000_000, 800_000_030)
people = st.lists(st.tuples(subscribers, st.sampled_from(["ก", "ข", "ค"])), max_size=40)
spellings = st.sampled_from(["0{}", "66{}", "+66 {}", "{}"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(rows=people, split=st.integers(0, 40), opted_out=st.sets(subscribers), seed=st.integers(0, 99), data=st.data())
def test_the_audience_is_a_set(
    rows: list[tuple[int, str]],
    split: int,
    opted_out: set[int],
    seed: int,
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
    campaign: Callable[..., Campaign],
) -> None:
    """First mention wins, minus the opt-outs; each number's value being one, no order and no spelling matters."""
    value_of: dict[int, str] = {}
    for subscriber, value in rows:
        value_of.setdefault(subscriber, value)
    folder = tmp_path_factory.mktemp("lists")
    made = 0

    def lists(table: list[int], spelling: str) -> ListSource:
        nonlocal made
        made += 1
        path = folder / f"{made}.ndjson"
        path.write_text(
            "".join(json.dumps({"p": spelling.format(one), "v": value_of.get(one, "")}) + "\n" for one in table) or "\n"
        )
        return ListSource("ndjson", str(path), "p", variables={"name": "v"})

    def audience_of(table: list[int]) -> Audience:
        cuts = [part for part in (table[:split], table[split:]) if part]
        excluded = (NumbersSource(tuple(f"0{one}" for one in sorted(opted_out))),) if opted_out else ()
        return examine(campaign(*(lists(part, data.draw(spellings)) for part in cuts), exclude=excluded))

    mentioned = [subscriber for subscriber, _ in rows]
    shuffled = mentioned[:]
    random.Random(seed).shuffle(shuffled)
    one, other = audience_of(mentioned), audience_of(shuffled)
    left = value_of.keys() - opted_out
    expected = [
        ({"name": value}, sorted(one for one in left if value_of[one] == value))
        for value in sorted({value_of[one] for one in left})
    ]
    assert groups_of(one) == groups_of(other) == expected
    assert one.counts == other.counts
    counts = one.counts
    assert counts.rows == len(rows)
    assert counts.rows == (
        counts.recipients + counts.duplicates + counts.excluded + counts.filtered + counts.invalid_total
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    phones=st.lists(st.text(alphabet='0689๘+-. eE,x"\n', max_size=12), min_size=1, max_size=12),
    kept=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_every_row_is_accounted_for(
    phones: list[str], kept: list[bool], csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Whatever a column holds: recipients, duplicates, excluded, filtered and bad ones add up to the rows."""
    table = [{"phone": phone, "ok": str(keep)} for phone, keep in zip(phones, kept, strict=False)]
    source = csv_list(json.dumps(table), kind="json", where={"ok": ("True",)})
    counts = examine(campaign(source, exclude=(numbers("0688888888"),), invalid=ALL_TOLERATED)).counts
    assert counts.rows == len(phones)
    assert counts.rows == (
        counts.recipients + counts.duplicates + counts.excluded + counts.filtered + counts.invalid_total
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=60), st.text(alphabet='phone,;\n\r"0689{}[]:ก\0', max_size=60).map(str.encode)
    ),
    kind=st.sampled_from(["csv", "json", "ndjson"]),
)
def test_no_file_brings_the_program_down(
    content: bytes, kind: str, csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Any bytes are an audience or findings; no foreign exception leaves the room."""
    audience = examine(campaign(csv_list(content, kind=kind), invalid=ALL_TOLERATED))
    assert audience.groups or any(diagnostic.is_error for diagnostic in audience.diagnostics)
