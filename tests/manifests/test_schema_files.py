"""The JSON Schema that editors use: up to date, valid, and of one mind with the loader."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from mesms_gitops.manifests.schema import ManifestKeys, ProjectKeys, json_schema, write_schemas

from .test_table import GOOD, with_line

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"campaign": ManifestKeys, "project": ProjectKeys}


def validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(json_schema(kind)))


def as_an_editor_reads(text: str) -> object:
    """YAML 1.2 with resolved scalars, as yaml-language-server has it; times stay text there."""
    reader = YAML(typ="safe", pure=True)
    reader.resolver.yaml_implicit_resolvers  # noqa: B018  (made on first use)
    found = reader.load(text)
    return json.loads(json.dumps(found, default=lambda value: value.isoformat()[:16]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_on_disk_are_what_the_models_say(kind):
    on_disk = (ROOT / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert on_disk == json_schema(kind), "run `make schemas`"


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_draft_2020_12(kind):
    schema = json.loads(json_schema(kind))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


def test_writing_them_writes_them(tmp_path):
    write_schemas(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["campaign.schema.json", "project.schema.json"]


def descriptions(kind: str) -> dict[str, dict[str, object]]:
    """Every mapping with known keys, and every key of each."""
    schema = json.loads(json_schema(kind))
    found = {}
    for name, place in [(kind, schema), *schema["$defs"].items()]:
        found[name] = place
        found |= {f"{name}.{key}": described for key, described in place.get("properties", {}).items()}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_and_every_mapping_teaches(kind):
    """A hover shows what it is for, in English and in Thai; Markdown has them in paragraphs of their own."""
    for name, described in descriptions(kind).items():
        english, dot, thai = described.get("description", "").partition(" · ")
        assert dot, name
        assert any("a" <= one <= "z" for one in english), name
        assert any("\u0e01" <= one <= "\u0e5b" for one in thai), name
        assert described["markdownDescription"] == f"{english}\n\n{thai}", name


def every_schema(found: object) -> list[dict[str, object]]:
    """All mappings below, whatever they are."""
    below = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return ([found] if isinstance(found, dict) else []) + [one for item in below for one in every_schema(item)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_author_is_shown_a_pattern(kind):
    """What an editor says of a value that does not fit is a sentence, in both languages."""
    for schema in every_schema(json.loads(json_schema(kind))):
        if isinstance(schema.get("pattern"), str):
            assert " · " in schema["errorMessage"], schema["pattern"]


@pytest.mark.parametrize("kind", KINDS)
def test_titles_are_for_people(kind):
    """Pydantic's own, such as "Moved From" and "CsvSource", are gone."""
    for schema in every_schema(json.loads(json_schema(kind))):
        if isinstance(schema.get("title"), str):
            assert schema["title"][0].islower()


@pytest.mark.parametrize("kind", KINDS)
def test_each_schema_has_an_address(kind):
    assert json.loads(json_schema(kind))["$id"].endswith(f"/schemas/{kind}.schema.json")


@pytest.mark.parametrize("file", sorted((ROOT / "examples" / "campaigns").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_fits(file):
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../../schemas/campaign.schema.json\n")
    assert list(validator("campaign").iter_errors(as_an_editor_reads(text))) == []


def test_the_example_project_fits():
    text = (ROOT / "examples" / "mesms.yaml").read_text(encoding="utf-8")
    assert list(validator("project").iter_errors(as_an_editor_reads(text))) == []


@pytest.mark.parametrize(
    "text",
    [
        with_line(2, "sendr: SiamCoffee"),
        with_line(2, "sender: สยาม"),
        with_line(2, "sender: SiamCoffee12"),
        with_line(1, "name: Songkran"),
        with_line(3, "content: 20"),
        with_line(6, "template_id: 42"),
        with_line(6, "template_text: a"),
        with_line(4, "recipients: [{csv: a.csv}]"),
        with_line(4, "recipients: [{numbers: [0812345678]}]"),
        with_line(4, "recipients: [{phone: a}]"),
        with_line(4, "recipients: members.csv"),
        with_line(5, "schedule: tomorrow"),
        with_line(5, "schedule: {at: now, window: 9-20}"),
        with_line(6, "limits: {parts: 0}"),
        with_line(6, "state: activ"),
        with_line(6, "invalid: {max: few}"),
        with_line(6, "revision: 0"),
    ],
)
def test_what_the_loader_refuses_the_editor_underlines(place, text):
    assert place.findings(text)
    assert list(validator("campaign").iter_errors(as_an_editor_reads(text)))


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        with_line(5, "schedule: now"),
        with_line(5, 'schedule: "2027-04-10 10:00+07:00"'),
        with_line(5, 'schedule: {at: "2027-04-10T12:00:30", timezone: Asia/Tokyo, window: "09:00-24:00"}'),
        with_line(5, "schedule: {at: now, give_up_after: 1h30m}"),
        with_line(6, "variables: {a: 20}\nlabels: {b: true, c: 1.5, d: e}").replace("ลด 20%", "{{ a }}"),
        with_line(6, "invalid: {max: 0.5%}"),
        with_line(6, "invalid: {max: 20}"),
        with_line(4, 'recipients: [{csv: a.csv, phone: p, where: {a: "yes", b: [1, c]}}, {contact_group: 1203}]'),
        with_line(4, 'recipients: [{numbers: ["+66 80 000 0001", "080-000-0002", "๐๘๐๐๐๐๐๐๐๓"]}]'),
    ],
)  # fmt: skip
def test_what_the_loader_takes_the_editor_takes(place, text):
    assert place.findings(text) == []
    assert list(validator("campaign").iter_errors(as_an_editor_reads(text))) == []
