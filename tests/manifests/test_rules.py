"""``policy.rules``: what a rule may say, where it says something else, and how it judges a planned campaign."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests import cel
from mesms_gitops.manifests.project import load_project
from mesms_gitops.manifests.rule_fields import FIELDS, fields_markdown
from mesms_gitops.model.audience import AudienceCounts
from mesms_gitops.model.campaign import (
    Campaign,
    DeclaredState,
    DeliverySource,
    GroupSource,
    ListSource,
    LocalTemplate,
    MessageClass,
    NumbersSource,
    SavedTemplate,
)
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity
from mesms_gitops.model.plan import PlannedSend, Reason, ScheduleSend
from mesms_gitops.model.rules import Planned, Rule
from mesms_gitops.planning.desire import desired_sends

HEAD = "version: 1\npolicy:\n  rules:\n"
BANGKOK = ZoneInfo("Asia/Bangkok")
NOON = datetime(2027, 4, 10, 12, 30, tzinfo=BANGKOK)

CAMPAIGN = Campaign(
    name="vip",
    file="campaigns/vip.yaml",
    state=DeclaredState.ACTIVE,
    message_class=MessageClass.MARKETING,
    sender="SiamCoffee",
    body=LocalTemplate("ลด {{ percent }}% siamcoffee.example/x"),
    variables=MappingProxyType({"percent": "20"}),
    sources=(ListSource("csv", "lists/a.csv", "phone"), GroupSource(7), DeliverySource("old", ("failed",))),
    exclude=(NumbersSource(("0800000001",)),),
    labels=MappingProxyType({"team": "crm"}),
)
ACTION = ScheduleSend(
    campaign="vip",
    reason=Reason.NEW,
    message="",
    recipients=31_200,
    requests=1,
    credits=62_400,
    parts=((1, 100), (2, 31_100)),
    audience=AudienceCounts(rows=5, excluded=3, invalid=MappingProxyType({"landline": 2})),
    reversible_until=NOON,
)
PLANNED = Planned(CAMPAIGN, ACTION, NOON.astimezone(UTC) - timedelta(minutes=90, seconds=5), NOON)


def rules(place, *entries: str) -> tuple[Rule, ...]:
    """The rules of a project that has those entries, one flow mapping each."""
    place.write("mesms.yaml", HEAD + "".join(f"    - {entry}\n" for entry in entries))
    return load_project(place.root / "mesms.yaml").project.policy.rules


def wrong(place, text: str) -> list[str]:
    """``line:column-end code message`` of everything that is wrong with a project file."""
    place.write("mesms.yaml", text)
    with pytest.raises(ManifestError) as caught:
        load_project(place.root / "mesms.yaml")
    return [
        f"{at.line}:{at.column}-{at.end_column} {item.code} {item.message}"
        for item in caught.value.diagnostics
        if (at := item.position)
    ]


BAD = {
    "an unknown field": ("campaign.recipents < 5", "9-18 MS510 there is no campaign.recipents"),
    "text against a number": ('campaign.recipients > "x"', "20-21 MS510 there is no > between int and string"),
    "no answer but a number": ("campaign.parts + 1", "0-18 MS510 it gives int, and yes or no is wanted"),
    "no answer but anything": ("dyn(campaign.parts)", "0-19 MS510 it gives dyn, and yes or no is wanted"),
    "it stops": ("campaign.parts >", "15-16 MS510 it ends too early"),
    "no such function": ("true && nope(campaign.parts)", "8-12 MS510 there is no nope"),
    "a function of another type": (
        "campaign.owner.endsWith(3)",
        "15-23 MS510 there is no endsWith for (string, int)",
    ),
    "one equals sign": ("campaign.parts = 3", "15-16 MS510 there is no = in CEL"),
    "a misspelt method": ('campaign.owner.endswith("x")', "15-23 MS510 there is no endswith"),
    "a misspelt field of labels": ('campaign.labls.team == "crm"', "9-14 MS510 there is no campaign.labls"),
    "a misspelt campaign": ('campaing.owner == "x"', "0-8 MS510 there is no campaing"),
    "the whole campaign": ("campaign != 3", "0-8 MS510 campaign alone says nothing"),
    "a field without campaign": ("parts < 3", "0-5 MS510 there is no parts"),
    "asking for what is always there": (
        'has(campaign.owner) && campaign.owner != ""',
        "0-19 MS510 campaign.owner is always there",
    ),
    "a regular expression that is none": (
        "campaign.name.matches('(')",
        "22-25 MS510 invalid regular expression: missing ): (",
    ),
    "Thai before it": ('campaign.owner == "กิ่ง" && campaign.nope', "37-41 MS510 there is no campaign.nope"),
    "an emoji before it": ('campaign.owner == "😀" && campaign.nope', "34-38 MS510 there is no campaign.nope"),
    "a field of a label": ("campaign.labels.team > 3", "21-22 MS510 there is no > between string and int"),
}


@pytest.mark.parametrize(("expression", "expected"), BAD.values(), ids=BAD.keys())
def test_a_rule_that_cannot_be_meant_is_pointed_at_inside_the_expression(place, expression: str, expected: str) -> None:
    begin, _, rest = expected.partition("-")
    end, _, said = rest.partition(" ")
    text = HEAD + "    - name: one\n      message: m\n      require: |\n        " + expression + "\n"
    assert wrong(place, text) == [f"7:{9 + int(begin)}-{9 + int(end)} {said}"]


STYLES = {
    "plain": ("require: campaign.owner == campaign.nope", "6:43-47"),
    "in double quotes": ('require: "campaign.owner == campaign.nope"', "6:44-48"),
    "in single quotes": ("require: 'campaign.owner == campaign.nope'", "6:44-48"),
    "with escapes": (r'require: "campaign.owner == \"x\" && campaign.nope"', "6:53-57"),
    "with a doubled quote": ("require: 'campaign.owner == ''x'' && campaign.nope'", "6:53-57"),
    "a block, second line": ("require: |\n        campaign.owner ==\n          campaign.nope", "8:20-24"),
    "a folded block": ("require: >\n        campaign.owner ==\n        campaign.nope", "8:18-22"),
    "quotes over two lines": ('require: "campaign.owner ==\n        campaign.nope"', "7:18-22"),
    "in when": ("when: campaign.owner == campaign.nope\n      require: 'true'", "6:40-44"),
}


@pytest.mark.parametrize(("written", "expected"), STYLES.values(), ids=STYLES.keys())
def test_the_place_is_right_however_the_expression_is_written(place, written: str, expected: str) -> None:
    text = HEAD + "    - name: one\n      message: m\n      " + written + "\n"
    assert wrong(place, text) == [f"{expected} MS510 there is no campaign.nope"]


def test_every_fault_of_every_rule_is_told_in_one_run(place) -> None:
    """Wrong keys and wrong names beside them; two faults of one expression are two."""
    text = HEAD + (
        "    - {name: one, require: campaign.nope && campaign.nada, message: m}\n"
        "    - {name: one, require: 'true', message: m, sverity: error}\n"
        "    - {name: Two, require: 'true'}\n"
        "    - {name: three, require: 'true', message: m, severity: fatal}\n"
    )
    assert [found.split(" ")[1] for found in wrong(place, text)] == [
        "MS510", "MS510", "MS512", "MS120", "MS123", "MS512", "MS126",
    ]  # fmt: skip


def test_an_expression_has_a_bounded_length_and_depth(place) -> None:
    long = "true || " * 600 + "true"
    deep = "(" * 200 + "true" + ")" * 200
    (first,) = wrong(place, HEAD + f"    - {{name: one, message: m, require: '{long}'}}\n")
    assert "MS510 an expression has at most 4,000 characters" in first
    (second,) = wrong(place, HEAD + f"    - {{name: one, message: m, require: '{deep}'}}\n")
    assert "recursion limit" in second


# --- judging ----------------------------------------------------------------------------------------------------------

HOLD = (
    "!campaign.content.contains(r'\\d') && campaign.recipients > 1 && !campaign.name.contains('x')",
    "true",
    "campaign.recipients == 31200 && campaign.requests == 1 && campaign.credits == 62400 && campaign.parts == 2",
    'campaign.labels.team == "crm" && "team" in campaign.labels && !("region" in campaign.labels)',
    'campaign.labels.all(key, campaign.labels[key] != "")',
    '!has(campaign.labels.region) && campaign.owner == "" && campaign.template_id == 0',
    'campaign.sources == ["csv", "contact_group", "delivery"] && campaign.excludes == ["numbers"]',
    "campaign.excluded == 3 && campaign.invalid == 2 && campaign.reversible",
    'campaign.local_date == "2027-04-10" && campaign.local_time == "12:30" && campaign.local_hour == 12',
    "campaign.local_weekday == 6 && campaign.minutes_ahead == 90",
    'campaign.leaves == timestamp("2027-04-10T05:30:00Z") && campaign.leaves.getHours("Asia/Bangkok") == 12',
    'campaign.content.contains("{{ percent }}") && campaign.variables.percent == "20"',
    'campaign.class == "marketing" && campaign.action == "schedule" && campaign.reason == "new"',
    'campaign.credits_source == "recorded" && campaign.revision == 1 && campaign.file.endsWith("vip.yaml")',
    'campaign.content.contains(\'matches("(")\') || campaign.name.matches("^v(a+)+$|vip")',
    ".campaign.name == 'vip' // a remark about campaign.recipients",
)


@pytest.mark.parametrize("expression", HOLD)
def test_a_rule_sees_the_campaign_as_the_table_says(expression: str) -> None:
    assert cel.compile_expression(expression).holds(PLANNED)
    assert not cel.compile_expression(f"!({expression.partition(' //')[0]})").holds(PLANNED)


def test_links_and_encodings_are_those_of_the_rendered_texts(place) -> None:
    place.write("lists/a.csv", "phone\n0800000001\n")
    campaign = place.one(
        "sender: S\ncontent: a.siamcoffee.example/1 https://b.example\n"
        'recipients: [{numbers: ["0800000001"]}]\nschedule: now\n'
    )
    from mesms_gitops.audience.resolve import resolve
    from mesms_gitops.model.hashkey import HashKey

    texts = {"a": "a.siamcoffee.example/1", "b": "https://b.example ก"}
    sends = tuple(
        PlannedSend(send.fingerprint, 1, 1, 1, desired=send)
        for text in texts.values()
        for send in desired_sends(campaign, resolve(campaign), lambda _, text=text: text, HashKey.of_secret("k" * 32))
    )
    planned = replace(PLANNED, action=replace(ACTION, sends=sends))
    assert FIELDS["links"].read(planned) == ["a.siamcoffee.example", "b.example"]
    assert FIELDS["encodings"].read(planned) == ["GSM-7", "UCS-2"]


def test_every_field_has_the_type_the_table_declares() -> None:
    """Compared by the engine itself, for a full campaign and for an empty one."""
    bare = Campaign("n", "n.yaml", DeclaredState.ACTIVE, MessageClass.TRANSACTIONAL, "", SavedTemplate(42))
    empty = Planned(bare, ScheduleSend(campaign="n", reason=Reason.NEW, message=""), NOON, NOON)
    for name, field in FIELDS.items():
        kind = field.kind.partition("(")[0]
        named = {"timestamp": "google.protobuf.Timestamp"}.get(kind, kind)
        for planned in (PLANNED, empty):
            assert cel.compile_expression(f"type(campaign.{name}) == {named}").holds(planned), name


def test_no_field_holds_a_number_of_a_person() -> None:
    assert "0800000001" not in repr([field.read(PLANNED) for field in FIELDS.values()])


def test_a_broken_rule_says_what_it_read_where_it_stands_and_what_to_do(place) -> None:
    (rule,) = rules(
        place,
        "{name: few, when: 'campaign.labels.team == \"crm\"', message: CRM is for few,"
        " require: campaign.recipients <= 20000 && campaign.reversible}",
    )
    assert rule.broken_by(PLANNED) == Diagnostic(
        "MS520",
        Severity.ERROR,
        "vip: CRM is for few",
        Position("mesms.yaml", 4, 92, 4, 143),
        "policy.rules.few",
        "change campaigns/vip.yaml so that the rule holds; or write a waiver of few for vip under `policy.waivers`"
        " in mesms.yaml, with a reason and a last day",
        "campaign.labels is {team: crm}; campaign.recipients is 31,200; campaign.reversible is true",
        refusal=True,
        campaign="vip",
    )


def test_a_rule_is_only_for_the_campaigns_it_names(place) -> None:
    (rule,) = rules(place, "{name: few, when: 'campaign.class == \"transactional\"', require: 'false', message: no}")
    assert rule.broken_by(PLANNED) is None


def test_a_rule_may_only_warn(place) -> None:
    (rule,) = rules(place, "{name: few, require: 'false', message: no, severity: warning}")
    found = rule.broken_by(PLANNED)
    assert found is not None
    assert (found.severity, found.refusal) == (Severity.WARNING, False)


NEVER_JUDGED = {
    "a label that is not there": ('campaign.labels.region == "north"', 'Key not found in map : "region"'),
    "a division by zero": ("campaign.recipients / campaign.template_id > 1", "divide by zero"),
    "a number out of range": ("campaign.credits * 9223372036854775807 > 1", "integer overflow"),
    "a text that is no number": ("int(campaign.name) > 1", ""),
    "a time zone there is not": ('campaign.leaves.getHours("Nowhere") > 1', ""),
    "too many steps": (
        f"{list(range(100))}.all(a, {list(range(100))}.all(b, {list(range(100))}.all(c, a + b + c >= 0)))",
        "Iteration budget exceeded",
    ),
}


@pytest.mark.parametrize(("expression", "why"), NEVER_JUDGED.values(), ids=NEVER_JUDGED.keys())
@pytest.mark.parametrize("key", ["require", "when"])
def test_what_cannot_be_judged_is_refused(place, expression: str, why: str, key: str) -> None:
    other = "" if key == "require" else "require: 'true', "
    (rule,) = rules(place, f"{{name: few, {other}message: no, {key}: '{expression}'}}")
    found = rule.broken_by(PLANNED)
    assert found is not None
    assert (found.code, found.refusal) == ("MS521", True)
    assert found.message.startswith("vip: rule few cannot be judged: ")
    assert why in found.message


# --- without the engine -----------------------------------------------------------------------------------------------


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch):
    """As on a machine where only `mesms-gitops` was installed."""
    monkeypatch.setitem(sys.modules, "cel_expr_python.cel", None)
    cel._environment.cache_clear()
    yield
    cel._environment.cache_clear()


def test_without_the_engine_nothing_passes_and_the_command_is_told(place, no_engine) -> None:
    """The project can be loaded, so that `stop` and `status` work; but every check and every plan ends there."""
    place.write("mesms.yaml", HEAD + "".join(f"    - {{name: {n}, require: 'true', message: m}}\n" for n in ("a", "b")))
    loaded = place.project
    (found,) = place.load().diagnostics
    assert (found.code, found.is_error, found.position) == ("MS511", True, Position("mesms.yaml", 4, 26, 4, 32))
    assert found.next_step == "pip install 'mesms-gitops[policy]'"
    broken = [rule.broken_by(PLANNED) for rule in loaded.project.policy.rules]
    assert [(one.code, one.refusal, one.campaign) for one in broken if one] == [("MS511", True, "vip")] * 2


def test_a_project_without_rules_never_asks_for_the_engine(place, no_engine) -> None:
    place.write("mesms.yaml", "version: 1\npolicy: {max_parts: 3}\n")
    assert place.load().diagnostics == ()


def test_the_table_of_fields_can_be_put_into_the_documentation() -> None:
    lines = fields_markdown().splitlines()
    assert len(lines) == len(FIELDS) + 2
    assert all(line.count("|") == 4 for line in lines)


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ('campaign.owner.endswith("x")', "did you mean endsWith?"),
        ('campaign.labls.team == "crm"', "did you mean campaign.labels?"),
        ('campaing.owner == "x"', "did you mean campaign?"),
        ("siz(campaign.owner) > 3", "did you mean size?"),
        ("campaign.parts = 3", "write == to compare"),
        ("campaign.parts = 3 && campaign.parts == 3", "write == to compare"),
    ],
)
def test_the_nearest_name_is_offered_once(expression, advice):
    with pytest.raises(cel.BadExpression) as caught:
        cel.compile_expression(expression)
    (fault,) = caught.value.faults
    assert fault.next_step == advice


@pytest.mark.parametrize("require", ['""', '"  "', ""])
def test_an_empty_requirement_is_one_finding(place, require):
    with pytest.raises(ManifestError) as caught:
        rules(place, f"{{name: a, message: b, require: {require}}}")
    assert len(caught.value.diagnostics) == 1
