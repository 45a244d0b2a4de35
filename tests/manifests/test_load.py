"""Loading a project: every file once, in one order, whatever the folder looks like; names; defaults; policy."""

from __future__ import annotations

import gc
import os
from datetime import UTC, datetime, time, timedelta

import pytest

from mesms_gitops.manifests.load import load_campaigns
from mesms_gitops.model.campaign import (
    At,
    DeclaredState,
    DeliverySource,
    GroupSource,
    Limits,
    ListSource,
    LocalTemplate,
    MessageClass,
    Now,
    NumbersSource,
    SavedTemplate,
    Schedule,
    Tolerance,
    Window,
)

from .conftest import NOW, Place, said

SIMPLE = "sender: SiamCoffee\ncontent: ลด\nrecipients: [{contact_group: 1203}]\nschedule: now\n"


def test_every_key_of_the_language_is_understood(place):
    place.write("templates/q.sql", "select 1")
    campaign = place.one(
        """\
name: songkran-2027-vip
moved_from: songkran-vip
revision: 2
state: draft
class: transactional
sender: SiamCoffee
content: "สวัสดีคุณ {{ name }} ลด {{ percent }}%"
variables: {percent: 20, name: สมาชิก}
recipients:
  - csv: ../lists/members.csv
    phone: mobile
    variables: {name: first_name}
    where: {consent: "yes", tier: [gold, 1]}
  - parquet: https://lists.example/a.parquet
    phone: p
  - sql: {url_env: CRM_DSN, query_file: ../templates/q.sql}
    phone: msisdn
  - numbers: ["0800000001", "+66 80 000 0002"]
  - contact_group: 1203
  - delivery: {campaign: songkran-2027-early, status: [failed, expired]}
exclude:
  - csv: /lists/optout.csv
    phone: phone
invalid: {max: 1%}
schedule: {at: 2027-04-10T10:00, timezone: Asia/Tokyo, window: "10:00-18:00", give_up_after: 1h30m}
limits: {recipients: {min: 8000, max: 12000}, credits: 25000, requests: 60, parts: 2}
owner: crm@siamcoffee.example
labels: {team: crm, size: 1.50}
"""
    )
    assert campaign.name == "songkran-2027-vip"
    assert campaign.file == "campaigns/one.yaml"
    assert campaign.moved_from == "songkran-vip"
    assert campaign.revision == 2
    assert campaign.state is DeclaredState.DRAFT
    assert campaign.message_class is MessageClass.TRANSACTIONAL
    assert campaign.sender == "SiamCoffee"
    assert campaign.body == LocalTemplate("สวัสดีคุณ {{ name }} ลด {{ percent }}%")
    assert campaign.variables == {"percent": "20", "name": "สมาชิก"}
    csv, parquet, sql, numbers, group, delivery = campaign.sources
    assert isinstance(csv, ListSource)
    assert (csv.kind, csv.location, csv.phone) == ("csv", str(place.root.resolve() / "lists/members.csv"), "mobile")
    assert csv.variables == {"name": "first_name"}
    assert csv.where == {"consent": ("yes",), "tier": ("gold", "1")}
    assert csv.position.line == 10
    assert isinstance(parquet, ListSource)
    assert (parquet.kind, parquet.location) == ("parquet", "https://lists.example/a.parquet")
    assert isinstance(sql, ListSource)
    assert (sql.kind, sql.location, sql.query) == ("sql", "CRM_DSN", "select 1")
    assert isinstance(numbers, NumbersSource)
    assert numbers.numbers == ("0800000001", "+66 80 000 0002")
    assert [at.column for at in numbers.positions] == [15, 29]
    assert isinstance(group, GroupSource)
    assert group.group_id == 1203
    assert isinstance(delivery, DeliverySource)
    assert (delivery.campaign, delivery.delivery_states) == ("songkran-2027-early", ("failed", "expired"))
    (optout,) = campaign.exclude
    assert optout.location == "/lists/optout.csv"
    assert campaign.invalid == Tolerance(count=None, share=0.01)
    assert campaign.schedule == Schedule(
        At(datetime(2027, 4, 10, 1, 0, tzinfo=UTC), "Asia/Tokyo"), Window(time(10), time(18)), timedelta(minutes=90)
    )
    assert campaign.limits == Limits(8000, 12000, 25000, 60, 2)
    assert campaign.owner == "crm@siamcoffee.example"
    assert campaign.labels == {"team": "crm", "size": "1.50"}
    assert campaign.position("recipients.0.phone").line == 11
    assert campaign.position("recipients.0.phone.nothing").line == 11
    assert campaign.position("nothing").line == 1
    with pytest.raises(TypeError):
        campaign.variables["percent"] = "30"


def test_the_shortest_manifest_has_the_defaults(place):
    campaign = place.one(SIMPLE)
    assert campaign.name == "one"
    assert campaign.state is DeclaredState.ACTIVE
    assert campaign.message_class is MessageClass.MARKETING
    assert campaign.invalid == Tolerance()
    assert campaign.limits == Limits()
    assert campaign.revision == 1
    assert campaign.schedule == Schedule(Now(timedelta(minutes=10), "Asia/Bangkok"))


def test_a_saved_template_keeps_its_copy(place):
    text = SIMPLE.replace("content: ลด", "template_id: 42\ntemplate_text: 'คุณ{{name}}'\nvariables: {name: ก}")
    assert place.one(text).body == SavedTemplate(42, "คุณ{{name}}")
    assert place.findings(text.replace("variables: {name: ก}\n", "")) == ["3:22 MS307"]
    assert place.findings(text.replace("template_text: 'คุณ{{name}}'\n", "")) == []


def test_a_template_file_is_read_beside_the_manifest(place):
    place.write("templates/a.j2", "\ufeffคุณ{{ name }}\r\nลด")
    text = SIMPLE.replace("content: ลด", "template: ../templates/a.j2\nvariables: {name: ก}")
    assert place.one(text).body == LocalTemplate("คุณ{{ name }}\nลด", "templates/a.j2")


def test_findings_in_a_template_file_are_at_their_place_in_it(place):
    place.write("templates/a.j2", "คุณ{{ name }}\nก\u200bข\n{{ nothing }}\n")
    place.write(
        "campaigns/one.yaml", SIMPLE.replace("content: ลด", "template: ../templates/a.j2\nvariables: {name: ก}")
    )
    found = [(item.position.file, said(item)) for item in place.load().diagnostics]
    assert found == [
        ("templates/a.j2", "2:2 MS322 w"),
        ("templates/a.j2", "3:4 MS307"),
        ("templates/a.j2", "3:13 MS312 w"),
    ]


def test_a_template_behind_a_link_out_of_the_project_is_refused(place, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "a.j2"
    outside.write_text("ลด")
    (place.root / "campaigns" / "a.j2").symlink_to(outside)
    assert place.findings(SIMPLE.replace("content: ลด", "template: a.j2")) == ["2:11 MS311"]


# --- which files ------------------------------------------------------------------------------------------------------


def names(place: Place, **rest) -> list[str]:
    return [campaign.name for campaign in place.load(**rest).campaigns]


def test_every_manifest_below_is_a_campaign_and_nothing_else_is(place):
    for name in ("b.yaml", "a.yml", "deep/er/c.yaml", ".hidden.yaml", ".git/d.yaml", "e.txt", "f.yaml.bak"):
        place.write(f"campaigns/{name}", SIMPLE)
    loaded = place.load()
    assert [campaign.file for campaign in loaded.campaigns] == [
        "campaigns/a.yml",
        "campaigns/b.yaml",
        "campaigns/deep/er/c.yaml",
    ]
    assert loaded.files == 3


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("[campaigns/]", ["a", "b", "c"]),
        ("[campaigns]", ["a", "b", "c"]),
        ("[campaigns/, campaigns/a.yaml, campaigns/]", ["a", "b", "c"]),
        ("[campaigns/a.yaml]", ["a"]),
        ("['campaigns/*.yaml']", ["a", "b"]),
        ("['campaigns/**/*.yaml']", ["a", "b", "c"]),
        ("['campaigns/[ab].yaml']", ["a", "b"]),
        ("['camp*']", ["a", "b", "c"]),
        ("[.]", ["a", "b", "c"]),
        ("[]", []),
    ],
)
def test_folders_and_globs(place, entries, expected):
    place.write("mesms.yaml", f"version: 1\ncampaigns: {entries}\n")
    for name in ("a", "b", "sub/c"):
        place.write(f"campaigns/{name}.yaml", SIMPLE)
    loaded = place.load()
    assert loaded.diagnostics == ()
    assert [campaign.name for campaign in loaded.campaigns] == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("[nowhere/]", ["2:13 MS003"]),
        ("['nowhere/*.yaml']", ["2:13 MS003"]),
        ("[campaigns/, nowhere/]", ["2:25 MS003"]),
        ("[../other]", ["2:13 MS004"]),
        ("[/etc]", ["2:13 MS004"]),
        ("['**a/*.yaml']", ["2:13 MS004"]),
    ],
)
def test_entries_that_lead_nowhere(place, entries, expected):
    place.write("mesms.yaml", f"version: 1\ncampaigns: {entries}\n")
    assert [said(item) for item in place.load().diagnostics] == expected


def test_a_missing_default_folder_says_what_to_do(place):
    (place.root / "campaigns").rmdir()
    (found,) = place.load().diagnostics
    assert (found.code, found.position.file) == ("MS003", "mesms.yaml")
    assert "mkdir -p campaigns" in found.next_step


def test_an_empty_folder_is_no_error(place):
    loaded = place.load()
    assert (loaded.campaigns, loaded.diagnostics, loaded.files) == ((), (), 0)


def test_links_inside_the_project_are_followed_once_and_those_out_of_it_never(place, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x.yaml").write_text(SIMPLE)
    place.write("campaigns/a.yaml", SIMPLE)
    (place.root / "campaigns" / "out.yaml").symlink_to(outside / "x.yaml")
    (place.root / "campaigns" / "folder").symlink_to(outside)
    (place.root / "campaigns" / "circle").symlink_to(place.root / "campaigns")
    (place.root / "campaigns" / "gone.yaml").symlink_to(place.root / "nowhere.yaml")
    loaded = place.load()
    assert [(item.position.file, item.code) for item in loaded.diagnostics] == [
        ("campaigns/folder", "MS008"),
        ("campaigns/gone.yaml", "MS007"),
        ("campaigns/out.yaml", "MS008"),
    ]
    assert [campaign.name for campaign in loaded.campaigns] == ["a"]


def test_a_campaigns_folder_that_is_a_link_out_is_refused(place, tmp_path_factory):
    (place.root / "campaigns").rmdir()
    (place.root / "campaigns").symlink_to(tmp_path_factory.mktemp("outside"))
    assert [item.code for item in place.load().diagnostics] == ["MS008"]


def test_what_is_no_regular_file_is_not_waited_for(place):
    os.mkfifo(place.root / "campaigns" / "pipe.yaml")
    assert [item.code for item in place.load().diagnostics] == ["MS007"]


def test_large_files_are_refused_without_being_read(place):
    with (place.root / "campaigns" / "large.yaml").open("wb") as stream:
        stream.truncate(100 << 30)
    (found,) = place.load().diagnostics
    assert found.code == "MS103"


def test_a_name_with_odd_characters_can_be_printed(place):
    odd = os.fsencode(place.root) + b"/campaigns/a\xff\nb.yaml"
    with open(odd, "w") as stream:  # noqa: PTH123  (no Path holds such a name)
        stream.write(SIMPLE)
    (found,) = place.load().diagnostics
    assert found.code == "MS127"
    assert found.position.file.isprintable()


def test_only_what_is_named_is_read(place):
    for name in ("a", "sub/b", "sub/c"):
        place.write(f"campaigns/{name}.yaml", SIMPLE)
    root = place.root
    assert names(place, only=[root / "campaigns/a.yaml"]) == ["a"]
    assert names(place, only=[root / "campaigns/sub"]) == ["b", "c"]
    assert names(place, only=[root / "mesms.yaml"]) == []
    assert names(place, only=[root]) == ["a", "b", "c"]


def test_what_is_named_must_be_there_and_in_the_project(place, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "x.yaml"
    outside.write_text(SIMPLE)
    loaded = place.load(only=[outside, place.root / "campaigns/none.yaml"])
    assert sorted(item.code for item in loaded.diagnostics) == ["MS007", "MS008"]


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_clash_of_names_is_reported_with_both_places(place):
    place.write("campaigns/a.yaml", "name: same\n" + SIMPLE)
    place.write("campaigns/b.yaml", "# second\nname: same\n" + SIMPLE)
    place.write("campaigns/c.yaml", "name: same\n" + SIMPLE)
    loaded = place.load()
    assert loaded.campaigns == ()
    assert [(item.position.file, said(item)) for item in loaded.diagnostics] == [
        ("campaigns/b.yaml", "2:7 MS128"),
        ("campaigns/c.yaml", "1:7 MS128"),
    ]
    assert {item.message for item in loaded.diagnostics} == {"the name same is taken: campaigns/a.yaml:1:7"}


@pytest.mark.parametrize("first", [SIMPLE, f"{{sender: S, {SIMPLE!r}: x}}"])
def test_a_file_holds_the_name_of_the_file_before_one_that_writes_it(place, first):
    place.write("campaigns/a.yaml", "name: same\n" + SIMPLE)
    place.write("campaigns/b.yaml", '{"name": "same", "sender": "S"}')
    place.write("campaigns/same.yml", first)
    found = [item for item in place.load().diagnostics if item.code == "MS128"]
    assert [(item.position.file, said(item)) for item in found] == [
        ("campaigns/a.yaml", "1:7 MS128"),
        ("campaigns/b.yaml", "1:10 MS128"),
    ]
    assert all("campaigns/same.yml:1:" in item.message for item in found)
    assert all(item.message.endswith("(from the file's name)") for item in found)


def test_a_name_that_is_written_is_not_said_to_be_the_files(place):
    place.write("campaigns/a.yaml", "name: 'same'\n" + SIMPLE)
    place.write("campaigns/same.yml", "name: 'same'\n" + SIMPLE)
    (found,) = place.load().diagnostics
    assert (found.position.file, found.message) == (
        "campaigns/same.yml",
        "the name same is taken: campaigns/a.yaml:1:7",
    )


def test_a_clash_is_seen_even_with_a_file_that_has_other_errors(place):
    place.write("campaigns/a.yaml", "name: same\nsender: สยาม\n")
    place.write("campaigns/b.yaml", "name: same\n" + SIMPLE)
    assert "MS128" in [item.code for item in place.load().diagnostics]


def test_a_former_name_must_be_free(place):
    place.write("campaigns/old.yaml", SIMPLE)
    place.write("campaigns/new.yaml", SIMPLE + "moved_from: old\n")
    place.write("campaigns/newer.yaml", SIMPLE + "moved_from: older\n")
    place.write("campaigns/newest.yaml", SIMPLE + "moved_from: older\n")
    loaded = place.load()
    assert [(item.position.file, said(item)) for item in loaded.diagnostics] == [
        ("campaigns/new.yaml", "5:13 MS129"),
        ("campaigns/newest.yaml", "5:13 MS129"),
    ]
    assert [campaign.name for campaign in loaded.campaigns] == ["newer", "old"]


def test_a_file_name_that_cannot_be_a_name_is_said_with_the_way_out(place):
    place.write("campaigns/Songkran 2027.yaml", SIMPLE)
    (found,) = place.load().diagnostics
    assert found.code == "MS127"
    assert found.next_step == "write name: songkran-2027"


# --- defaults ---------------------------------------------------------------------------------------------------------


def test_defaults_lie_under_every_manifest(place):
    place.write(
        "mesms.yaml",
        "version: 1\ndefaults:\n  sender: SiamCoffee\n  class: transactional\n  labels: {brand: siam, team: crm}\n"
        "  limits: {parts: 2, recipients: {min: 5, max: 9}}\n  exclude: [{csv: lists/optout.csv, phone: p}]\n"
        '  schedule: {window: "10:00-18:00", give_up_after: 2h}\n  content: default\n',
    )
    campaign = place.one(
        "content: ลด\nrecipients: [{contact_group: 1}]\nschedule: 2027-04-10T12:00\nlabels: {team: shop}\n"
        "limits: {recipients: {max: 7}}\n"
    )
    assert campaign.sender == "SiamCoffee"
    assert campaign.message_class is MessageClass.TRANSACTIONAL
    assert campaign.body == LocalTemplate("ลด")
    assert campaign.labels == {"brand": "siam", "team": "shop"}
    assert campaign.limits == Limits(5, 7, None, 100, 2)
    assert campaign.schedule.window == Window(time(10), time(18))
    assert campaign.schedule.give_up_after == timedelta(hours=2)
    (optout,) = campaign.exclude
    assert optout.location == str(place.root.resolve() / "lists/optout.csv")
    assert campaign.position("sender").file == "mesms.yaml"
    assert campaign.position("labels.brand").file == "mesms.yaml"
    assert campaign.position("labels.team").file == "campaigns/one.yaml"
    assert campaign.position("schedule.at").file == "campaigns/one.yaml"


def test_lists_are_not_merged(place):
    place.write("mesms.yaml", "version: 1\ndefaults: {exclude: [{csv: a.csv, phone: p}]}\n")
    assert place.one(SIMPLE + "exclude: []\n").exclude == ()


def test_a_message_of_the_manifest_takes_none_from_defaults(place):
    place.write("mesms.yaml", "version: 1\ndefaults: {template_id: 42, template_text: ลด}\n")
    assert place.one(SIMPLE).body == LocalTemplate("ลด")
    assert place.one(SIMPLE.replace("content: ลด\n", "")).body == SavedTemplate(42, "ลด")


def test_what_a_default_breaks_is_pointed_at_in_the_project_file(place):
    place.write("mesms.yaml", "version: 1\ndefaults:\n  sender: Other\npolicy: {senders: [SiamCoffee]}\n")
    place.write("campaigns/one.yaml", SIMPLE.replace("sender: SiamCoffee\n", ""))
    (found,) = place.load().diagnostics
    assert (found.code, found.position.file, said(found)) == ("MS501", "mesms.yaml", "3:11 MS501")


# --- policy -----------------------------------------------------------------------------------------------------------

POLICY = "version: 1\npolicy: {senders: [SiamCoffee], links: [siamcoffee.example], max_parts: 1}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SIMPLE, []),
        (SIMPLE.replace("SiamCoffee", "Siamcofee"), ["1:9 MS501"]),
        (SIMPLE.replace("ลด", "ลด evil.example"), ["2:13 MS502"]),
        (SIMPLE.replace("ลด", "ลด siamcoffee.example/x"), []),
        (SIMPLE.replace("ลด", "ลด bit.ly/x"), ["2:13 MS503"]),
        (SIMPLE.replace("ลด", "ก" * 71), ["2:10 MS506"]),
        (SIMPLE.replace("ลด", "ก" * 71) + "limits: {parts: 1}\n", ["2:10 MS505", "2:10 MS506"]),
        (
            SIMPLE.replace("ลด", "'{{ link }}'") + "variables: {link: evil.example/x}\n",
            ["5:19 MS502"],
        ),
    ],
)
def test_policy_and_limits_are_refusals(place, text, expected):
    place.write("mesms.yaml", POLICY)
    place.write("campaigns/one.yaml", text)
    loaded = place.load()
    assert [said(item) for item in loaded.diagnostics] == expected
    assert all(item.refusal for item in loaded.diagnostics)
    assert [campaign.name for campaign in loaded.campaigns] == ["one"]


def test_a_time_outside_the_window_is_no_refusal_but_an_error(place):
    place.write("campaigns/one.yaml", SIMPLE.replace("now", "2027-04-10T22:00"))
    loaded = place.load()
    assert [(item.code, item.refusal) for item in loaded.diagnostics] == [("MS208", False)]
    assert loaded.campaigns == ()


def test_what_a_draft_would_break_is_a_warning(place):
    place.write("mesms.yaml", POLICY)
    broken = SIMPLE.replace("SiamCoffee", "Other").replace("ลด", "bit.ly/x").replace("now", "2027-04-10T22:00")
    assert place.findings(broken + "state: draft\n") == ["1:9 MS501 w", "2:10 MS503 w", "4:11 MS208 w"]


def test_todays_policy_is_not_for_campaigns_whose_time_has_passed(place):
    place.write("mesms.yaml", POLICY)
    old = SIMPLE.replace("SiamCoffee", "Old").replace("ลด", "bit.ly/x").replace("now", "2026-01-01T23:00")
    assert place.findings(old, known_sent={"one"}) == []
    assert place.findings(old.replace("2026-01-01T23:00", "now"), known_sent={"one"}) == ["1:9 MS501", "2:10 MS503"]


def test_a_text_that_differs_by_recipient_is_checked_as_far_as_it_is_fixed(place):
    place.write("mesms.yaml", POLICY)
    text = (
        "sender: SiamCoffee\nschedule: now\nrecipients: [{csv: a, phone: p, variables: {name: n}}]\n"
        "content: '{{ name }} evil.example/{{ name }} https://{{ name }}.example/ ก\u200bข'\n"
    )
    assert place.findings(text) == ["4:22 MS502", "4:75 MS322 w"]


# --- the run as a whole -----------------------------------------------------------------------------------------------


def test_loading_twice_says_the_same(place):
    for number in range(5):
        place.write(f"campaigns/c{number}.yaml", SIMPLE + f"labels: {{n: 0{number}}}\nx{number}: 1\n")
    first, second = place.load(), place.load()
    assert first.diagnostics == second.diagnostics
    assert len(first.diagnostics) == 10


def test_the_collector_is_left_as_it_was(place):
    place.load()
    assert gc.isenabled()
    gc.disable()
    try:
        place.load()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_now_in_any_zone_is_the_same_moment(place):
    from zoneinfo import ZoneInfo

    place.write("campaigns/one.yaml", SIMPLE.replace("now", "2026-11-24T16:30"))
    for moment in (NOW, NOW.astimezone(ZoneInfo("Asia/Bangkok")), NOW.astimezone(ZoneInfo("America/New_York"))):
        assert load_campaigns(place.project, now=moment).diagnostics == ()
        later = load_campaigns(place.project, now=moment + timedelta(minutes=31))
        assert [item.code for item in later.diagnostics] == ["MS206"]
