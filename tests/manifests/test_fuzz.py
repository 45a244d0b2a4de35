"""Whatever stands in a file, loading it ends soon, in campaigns and diagnostics, and in nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.codes import CODES
from mesms_gitops.manifests.load import load_campaigns
from mesms_gitops.manifests.message_text import check_text
from mesms_gitops.manifests.project import load_project
from mesms_gitops.manifests.schema import SOURCE_KINDS, ManifestKeys, ProjectKeys
from mesms_gitops.manifests.templates import compile_template
from mesms_gitops.model.campaign import LocalTemplate
from mesms_gitops.views.diagnostics_text import diagnostics_text
from tests.measured import assert_linear, soon

from .conftest import NOW, Place

KEYS = [field.alias or name for name, field in ManifestKeys.model_fields.items()]
PROJECT_KEYS = [field.alias or name for name, field in ProjectKeys.model_fields.items()]
MORE_KEYS = [
    *SOURCE_KINDS, "phone", "variables", "where", "at", "timezone", "window", "give_up_after", "max",
    "min", "recipients", "credits", "requests", "parts", "campaign", "status", "url_env", "query_file",
    "senders", "windows", "links", "base_url", "max_parts", "engine", "marketing", "name", "x", "loop",
    "1", "", "ชื่อ",
]  # fmt: skip
WORDS = [
    "one", "active", "draft", "cancelled", "marketing", "transactional", "SiamCoffee", "สยาม", "now",
    "2027-04-10T10:00", "2570-04-10T10:00", "2027-02-30T10:00", "2026-01-01 10:00",
    "2027-04-10T10:00+99:99", "9999-12-31T23:59-23:59", "09:00-20:00", "24:00-24:00", "10m", "1h30m",
    "0", "1", "42", "999999999999", "0812345678", "1e5", "1%", "100.1%", "true", "null", "~", "", " ",
    "../a.csv", "/a.csv", "https://a.example/b", "s3://b/c", "~root", "a\\0b", "Asia/Tokyo", "Asia",
    "../../etc/passwd", "{{ name }}", "{{ x|upper }}", "{% if x %}", "{{", "}}", "bit.ly/x", "http://[",
    "เเ", "\u200b", "’", "yes", "failed", "csv", "DSN", "a" * 100, "ก" * 1100, "campaigns/*", "**",
    "git:x", "postgresql://u:p@h/d", "spark", "\ue03a", "x:y", "1_000",
]  # fmt: skip


def scalars():
    words = st.sampled_from(WORDS)
    return words | words.map(lambda word: '"' + word.replace('"', "") + '"') | words.map("'{}'".format)


def flow(children):
    keys = st.sampled_from(KEYS + MORE_KEYS)
    return st.lists(children, max_size=3).map(lambda items: f"[{', '.join(items)}]") | st.lists(
        st.tuples(keys, children), max_size=4
    ).map(lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}")


VALUES = st.recursive(scalars(), flow, max_leaves=8)

GOOD = {
    "name": ["one"],
    "state": ["active", "draft", "cancelled"],
    "class": ["marketing", "transactional"],
    "sender": ["SiamCoffee", "Other"],
    "content": ["ลด 20%", "'คุณ{{ name }}'", "'{% if name %}{{ name|upper }}{% endif %}'", "|\n  ลด\n  bit.ly/x"],
    "template_id": ["42"],
    "template_text": ["'คุณ{{name}}'"],
    "variables": ["{percent: 20}", "{name: ก}", "{name: '', x: 1.5}"],
    "recipients": [
        "[{csv: a.csv, phone: p, variables: {name: n}, where: {c: [a, 1]}}]",
        "[{numbers: ['0800000001']}, {contact_group: 1203}]",
        "\n  - sql: {url_env: DSN, query_file: one.yaml}\n    phone: p\n  - delivery: {campaign: x, status: [failed]}",
    ],
    "exclude": ["[{csv: a.csv, phone: p}]", "[]"],
    "invalid": ["{max: 1%}", "{max: 5}"],
    "schedule": ["2027-04-10T10:00", "now", "{at: 2027-04-10 23:00, window: '10:00-18:00', give_up_after: 2h}"],
    "limits": ["{recipients: {min: 1, max: 2}, credits: 5, requests: 6, parts: 1}", "{parts: 1}"],
    "revision": ["2"],
    "moved_from": ["former"],
    "labels": ["{a: 1, b: c}"],
}
PROJECT = {
    "version": ["1"],
    "campaigns": ["[campaigns/]", "['campaigns/**/*.yaml']"],
    "timezone": ["Asia/Bangkok", "Europe/Berlin"],
    "state": ["state.json", "git:x"],
    "undo_window": ["0", "1h"],
    "api": ["{base_url: https://a.example/v2, requests_per_second: 5, timeout: 30s}"],
    "defaults": ["{sender: SiamCoffee, schedule: {window: '10:00-11:00'}}", "{limits: {parts: 1}}"],
    "policy": ["{senders: [SiamCoffee], windows: {marketing: '09:00-20:00'}, links: [a.example], max_parts: 1}"],
}


def files(good, keys):
    """Files that are a good one, but for a few lines: so that the checks behind the parser are reached."""
    lines = {key: st.sampled_from(values) for key, values in good.items()}
    needed = {key: lines.pop(key) for key in ("sender", "content", "recipients", "schedule", "version") if key in lines}
    kept = st.fixed_dictionaries(needed, optional=lines)
    spoilt = st.dictionaries(st.sampled_from([*keys, *MORE_KEYS]), VALUES, max_size=3)
    merged = st.tuples(kept, spoilt).map(lambda pair: {**pair[0], **pair[1]})
    return merged.map(lambda lines: "".join(f"{key}: {value}\n" for key, value in lines.items()).encode())


def check(diagnostics):
    for item in diagnostics:
        assert item.code in CODES
        assert item.position is not None
        assert item.position.line >= 1
        assert item.position.column >= 1
        assert item.message
        assert item.next_step or item.code == "MS102"


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory) -> Place:
    place = Place(tmp_path_factory.mktemp("fuzz"))
    place.write("mesms.yaml", "version: 1\n")
    return place


relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@relaxed
@given(body=files(GOOD, KEYS) | st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(body=b"content: {{ name }}\n")
@example(body="schedule: 2027-04-10T10:00\nrecipients: [{sql: 1}]\n".encode("utf-16"))
@example(body=b"recipients: {csv: a}\nexclude: [[]]\n")
@example(body=b"schedule: 9999-12-31T23:59-23:59\n")
@example(body=b"variables: {1: 2}\ncontent: '{{ 1 }}'\n")
def test_any_manifest(fuzzed, body):
    fuzzed.write("campaigns/one.yaml", body)
    with soon():
        loaded = load_campaigns(fuzzed.project, now=NOW)
    check(loaded.diagnostics)
    for item in loaded.diagnostics:
        assert item.position.file == "campaigns/one.yaml"
    if not loaded.campaigns:
        assert any(item.is_error for item in loaded.diagnostics)
    for campaign in loaded.campaigns:
        assert dict(campaign.positions)


@relaxed
@given(body=files(PROJECT, PROJECT_KEYS) | st.binary(max_size=200))
@example(body=b"version: 1\npolicy: {links: [a]}\ndefaults: [1]\n")
@example(body=b"version: 1\ncampaigns: ['**']\nundo_window: 9999h\n")
def test_any_project(tmp_path_factory, body):
    place = Place(tmp_path_factory.mktemp("project"))
    place.write("campaigns/one.yaml", "content: ลด\n")
    for text in (body, b"version: 1\n" + body):
        place.write("mesms.yaml", text)
        try:
            loaded = load_project(place.root / "mesms.yaml")
        except ManifestError as error:
            check(error.diagnostics)
            assert any(item.is_error for item in error.diagnostics)
        else:
            check(load_campaigns(loaded, now=NOW).diagnostics)


@relaxed
@given(defaults=VALUES, body=files(GOOD, KEYS))
@example(defaults="{schedule: {window: '10:00-11:00'}}", body=b"schedule: [1]\n")
@example(defaults="{schedule: now, limits: 5}", body=b"schedule: {at: }\nlimits: {}\n")
def test_any_defaults_under_any_manifest(tmp_path_factory, defaults, body):
    place = Place(tmp_path_factory.mktemp("defaults"))
    place.write("mesms.yaml", f"version: 1\ndefaults: {defaults}\n")
    place.write("campaigns/one.yaml", body)
    try:
        loaded = load_project(place.root / "mesms.yaml")
    except ManifestError as error:
        check(error.diagnostics)
    else:
        found = load_campaigns(loaded, now=NOW)
        check(found.diagnostics)
        for campaign in found.campaigns:
            assert dict(campaign.positions)


def test_ten_thousand_errors_take_ten_times_as_long_as_a_thousand(fuzzed):
    def faulty(count):
        body = "labels:\n" + "".join(f"  k{number}: 0{number}7\n" for number in range(count))
        loading = loaded_from(fuzzed, body)
        assert len(loading().diagnostics) >= count
        return loading

    assert_linear(faulty, 900)


def test_many_unknown_keys_take_linear_time_for_suggestions(fuzzed):
    def faulty(count):
        loading = loaded_from(fuzzed, "".join(f"sendr{number}: x\n" for number in range(count)))
        assert "did you mean sender?" in {item.next_step for item in loading().diagnostics}
        return loading

    assert_linear(faulty, 900)


def loaded_from(place, body):
    def loading():
        place.write("campaigns/one.yaml", body)
        return load_campaigns(place.project, now=NOW)

    return loading


def test_the_examples_of_this_file_reach_a_campaign(fuzzed):
    """Were every fuzzed file refused by the parser, the tests above would prove little."""
    reached: set[str] = set()

    @settings(deadline=None, database=None, derandomize=True, max_examples=400)
    @given(body=files(GOOD, KEYS))
    def collect(body):
        fuzzed.write("campaigns/one.yaml", body)
        loaded = load_campaigns(fuzzed.project, now=NOW)
        reached.update(item.code for item in loaded.diagnostics)
        reached.update(type(campaign).__name__ for campaign in loaded.campaigns)

    collect()
    assert {"Campaign", "MS101", "MS120", "MS121", "MS131", "MS208", "MS307", "MS309", "MS503"} <= reached


# --- what fuzzers kept, and the examples spoilt -----------------------------------------------------------------------

CORPUS = Path(__file__).with_name("corpus")
"""Found by libFuzzer (atheris) over the loader and over templates; the smallest file for each way through."""
RICH = "version: 1\npolicy: {links: [a.example], max_parts: 3}\ndefaults: {schedule: {window: '10:00-18:00'}}\n"
EXAMPLES = sorted((Path(__file__).parents[2] / "examples/campaigns").glob("*.yaml"))


def holds(place: Place, body: bytes) -> None:
    """The property: soon, only declared errors, known codes, places inside the file, and all of it can be shown."""
    place.write("campaigns/one.yaml", body)
    with soon():
        found = load_campaigns(place.project, now=NOW).diagnostics
    check(found)
    for item in found:
        at = item.position
        assert (at.line, at.column) <= (at.end_line, at.end_column)
        if at.file == "campaigns/one.yaml" and item.code != "MS100":
            inside(item, body.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert diagnostics_text(found) or not found


def inside(item, lines) -> None:
    at = item.position
    assert at.end_line <= len(lines)
    assert at.column <= len(lines[at.line - 1]) + 1
    assert at.end_column <= len(lines[at.end_line - 1]) + 2  # the end of a file that ends too early is pointed at
    assert item.excerpt is None or len(item.excerpt) == len(lines[at.line - 1])


@pytest.fixture(scope="module")
def rich(tmp_path_factory) -> Place:
    place = Place(tmp_path_factory.mktemp("rich"))
    place.write("mesms.yaml", RICH)
    return place


def test_every_file_of_the_corpus(rich):
    files = sorted(CORPUS.glob("*.yaml.txt"))
    assert len(files) > 50
    for file in files:
        holds(rich, file.read_bytes())


def test_every_template_of_the_corpus():
    files = sorted(CORPUS.glob("*.j2.txt"))
    assert len(files) > 30
    for file in files:
        with soon():
            try:
                text = compile_template(LocalTemplate(file.read_bytes().decode("utf-8", "replace"))).render(
                    {"name": "ความลับ", "points": "5", "tier": "gold", "x": "a" * 300}
                )
            except ManifestError as error:
                (found,) = error.diagnostics
                assert found.code in CODES
                assert "ความลับ" not in repr(found)
            else:
                assert {found.code for found in check_text(text)} <= CODES.keys()


BITS = st.sampled_from(
    [b"", b"\0", b"\t", b"\r", b"\xff", b"\xef\xbb\xbf", b": ", b"- ", b"#", b"'", b'"', b"{", b"}", b"[", b"]",
     b"&a ", b"*a",
     b"!t ", b"<<: ", b"---\n", b"{{", b"{%", b"|", b"~", b"0800000001", b"2570-01-01", "\u200b’ํา".encode()]
)  # fmt: skip


@st.composite
def spoilt(draw):
    """An example with a few bytes, words or lines taken out, doubled, moved or put in."""
    body = draw(st.sampled_from(EXAMPLES)).read_bytes()
    for _ in range(draw(st.integers(1, 4))):
        unit = draw(st.sampled_from([rb"(?s).", rb"[\w.-]+|\W", rb"[^\n]*\n"]))
        parts = re.findall(unit, body) or [b""]
        index, other = draw(st.integers(0, len(parts) - 1)), draw(st.integers(0, len(parts) - 1))
        parts[index] = draw(st.sampled_from([b"", parts[index] * 2, parts[other], parts[index] + draw(BITS)]))
        body = b"".join(parts)
    return body


@relaxed
@given(body=spoilt())
def test_spoilt_examples(rich, body):
    holds(rich, body)
