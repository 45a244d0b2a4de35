"""`api.fields`: what a real account calls the fields of its answers, as it is written and as it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from mesms_gitops.api.fields import check_field_map
from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.project import load_project
from mesms_gitops.manifests.scalars import near_miss
from mesms_gitops.manifests.schema import json_schema
from mesms_gitops.model.answer_fields import ANSWER_FIELDS

NAMES = st.from_regex(r"[A-Za-z_$][A-Za-z0-9_$-]{0,63}", fullmatch=True)
VALIDATOR = Draft202012Validator(json.loads(json_schema("project")))


def found(place: Any, fields: str) -> list[tuple[str, str | None]]:
    """Codes with their position, and the next step of each."""
    place.write("mesms.yaml", f"version: 1\napi:\n  fields: {fields}\n")
    with pytest.raises(ManifestError) as caught:
        load_project(place.root / "mesms.yaml")
    return [
        (f"{item.position.line}:{item.position.column} {item.code}", item.next_step)
        for item in caught.value.diagnostics
        if item.position is not None
    ]


@given(mapping=st.dictionaries(st.sampled_from(sorted(ANSWER_FIELDS)), NAMES, max_size=6))
def test_every_field_may_have_any_name_and_the_client_takes_it(mapping: dict[str, str], tmp_path_factory: Any) -> None:
    """What is written is what the client is given; the editor's schema allows the same."""
    file = tmp_path_factory.mktemp("fields") / "mesms.yaml"
    file.write_text(f"version: 1\napi: {json.dumps({'fields': mapping})}\n", encoding="utf-8")
    fields = load_project(file).project.api.fields
    assert dict(fields) == mapping
    assert dict(check_field_map(fields)) == mapping
    VALIDATOR.validate({"version": 1, "api": {"fields": mapping}})


def test_an_unknown_field_has_its_place_and_a_suggestion(place: Any) -> None:
    assert found(place, "{message.credit: price}") == [("3:12 MS120", "did you mean message.credits?")]


def test_a_field_without_its_answer_is_told_which_there_are(place: Any) -> None:
    assert found(place, "{uuid: messageId}") == [("3:12 MS120", "did you mean send.uuid or message.uuid?")]


def test_one_that_is_nothing_like_any_gets_the_whole_list(place: Any) -> None:
    ((_, advice),) = found(place, "{zzzzzz: x}")
    assert advice == f"known here: {', '.join(ANSWER_FIELDS)}"


@pytest.mark.parametrize("name", ['"a.b"', '"a b"', '"ชื่อ"', '"0812345678"', '"a\\n"', "[a]", "{a: b}"])
def test_what_is_no_name_is_refused_and_the_rest_is_kept(name: str, place: Any) -> None:
    """A path, a blank, Thai, a number or a list is an error at its place; the schema refuses it as well."""
    ((where, _),) = found(place, f"{{balance.balance: {name}, send.uuid: messageId}}")
    assert where in ("3:29 MS121", "3:29 MS013")
    given_ = {"balance.balance": YAML(typ="safe").load(name), "send.uuid": "messageId"}
    if "\\n" not in name:  # `$` of Python's regular expressions is also before a last line end, JSON Schema's is not
        assert not VALIDATOR.is_valid({"version": 1, "api": {"fields": given_}})


def test_every_slip_of_one_letter_is_noticed() -> None:
    """Leaving the last letter out of any field's name leads back to it, or to one as near."""
    for field in ANSWER_FIELDS:
        assert near_miss(field[:-1], list(ANSWER_FIELDS)) is not None
