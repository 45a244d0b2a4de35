"""`fix`: the smallest edit, in every style of YAML, with all the rest of the file byte for byte as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import ConfigError
from mesms_gitops.manifests.fixes import FIXABLE, find_fixes, fixable_codes, texts_of
from mesms_gitops.manifests.raw_file import RawFile, write_raw
from mesms_gitops.manifests.slips import mended, slips

HEAD = "# it’s “mine”\nname: one  # ’\nsender: SiamCoffee\n"
TAIL = 'recipients:\n- numbers: ["0800000001"]  # ’\nschedule: 2027-04-10T10:00\n'


def fixed(place, content: str, codes=FIXABLE, head=HEAD, tail=TAIL, line_end="\n", mark="") -> str:
    """The manifest around ``content`` after `fix`, without what stands around it: that must not have changed."""
    whole = mark + (head + content + tail).replace("\n", line_end)
    path = place.write("campaigns/one.yaml", whole)
    for file in find_fixes(place.project, codes).files:
        write_raw(file.before, file.after)
    after = path.read_bytes().decode()
    before, behind = mark + head.replace("\n", line_end), tail.replace("\n", line_end)
    assert after.startswith(before)
    assert after.endswith(behind)
    assert find_fixes(place.project, codes).files == ()
    return after[len(before) : len(after) - len(behind)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("content: it’s\n", "content: it's\n"),
        ("content: 'it’s'  # ’\n", "content: 'it''s'  # ’\n"),
        ('content: "“it’s”"\n', 'content: "\\"it\'s\\""\n'),
        ('content: "it\\u2019s \\"x\\" ’"\n', 'content: "it\'s \\"x\\" \'"\n'),
        ('content: "a\\_b \\xa0"\n', 'content: "a b  "\n'),
        ('content: "a\n  it’s \\\n   b"\n', 'content: "a\n  it\'s \\\n   b"\n'),
        ("content: a\n  it’s\n  b\n", "content: a\n  it's\n  b\n"),
        ("content: 'a\n\n  it’s\n  b'\n", "content: 'a\n\n  it''s\n  b'\n"),
        ("content: |-\n  it’s\n\n  ok…\n", "content: |-\n  it's\n\n  ok...\n"),
        ("content: |\n  it’s\n", "content: |-\n  it's\n"),
        ("content: |+\n  ok\n\n", "content: |-\n  ok\n\n"),
        ("content: |2\n   ok\n", "content: |2-\n   ok\n"),
        ("content: >  # ’\n  it’s\n  ok\n\n  and…\n", "content: >-  # ’\n  it's\n  ok\n\n  and...\n"),
        ("content: >-\n  it\n    ’s\n  ok\n", "content: >-\n  it\n    's\n  ok\n"),
        ('content: "ok\\n"\n', 'content: "ok"\n'),
        ("content: 'ok\n\n  '\n", "content: 'ok\n\n  '\n"),
        ("content: น\u0e4d\u0e32 เเละ ก\u200bข\u00a0ค\n", "content: นำ และ กข ค\n"),
        ("content: เ\u200bเก\n", "content: แก\n"),
        ("content: 20\n", 'content: "20"\n'),
        ("content: {{ it’s }}\n", "content: {{ it’s }}\n"),
        ("content: 'a {{ x | default(\"’\") }}'\n", "content: 'a {{ x | default(\"’\") }}'\n"),
        ("content: ’\n", "content: ’\n"),
        ("content: |-\n  \u00a0ok\n", "content: |-\n  \u00a0ok\n"),
        ("content: 😀 it’s\n", "content: 😀 it’s\n"),
        ("content: ลด… it’s\n", "content: ลด… it’s\n"),
        ("content: '{{ s }}’s'\nvariables: {s: 'Joe’s'}\n", "content: '{{ s }}''s'\nvariables: {s: 'Joe''s'}\n"),
        ("content: '{{ s }}’s'\nvariables: {s: ลด}\n", "content: '{{ s }}’s'\nvariables: {s: ลด}\n"),
        ("content: '{{ s }}…’'\n", "content: '{{ s }}…'''\n"),
        ("template_id: 4\ntemplate_text: it’s\n", "template_id: 4\ntemplate_text: it’s\n"),
    ],
)
@pytest.mark.parametrize(("line_end", "mark"), [("\n", ""), ("\r\n", "\ufeff")])
def test_only_the_characters_concerned_change(place, before, after, line_end, mark):
    assert fixed(place, before, line_end=line_end, mark=mark) == after.replace("\n", line_end)


def test_only_the_codes_named_are_mended(place):
    assert fixed(place, "content: it’s\u00a0เ\u200bเ\n", {"MS322"}) == "content: it’s\u00a0เเ\n"
    assert fixed(place, "content: |\n  it’s\n", {"MS324"}) == "content: |\n  it's\n"


def test_what_saves_nothing_alone_and_grows_is_left_alone(place):
    """60 characters and a no-break space are one part; with ... for each … they would be two, still in Unicode."""
    text = "…" * 10 + "\u00a0" + "x" * 55
    assert fixed(place, f'content: "{text}"\n', {"MS324"}) == f'content: "{text}"\n'
    assert fixed(place, f'content: "{text}"\n') == f'content: "{"..." * 10} {"x" * 55}"\n'


def test_numbers_get_their_quotes(place):
    tail = "recipients:\n- numbers: [0800000001, 08-0000-0002]\n- numbers:\n  - 66800000003 # ’\n"
    path = place.write("campaigns/one.yaml", HEAD + "content: x\n" + tail + "schedule: 2027-04-10T10:00\n")
    (file,) = find_fixes(place.project, {"MS122"}).files
    write_raw(file.before, file.after)
    assert path.read_text().endswith(
        'recipients:\n- numbers: ["0800000001", "08-0000-0002"]\n- numbers:\n  - "66800000003" # ’\n'
        "schedule: 2027-04-10T10:00\n"
    )
    assert file.times == {"MS122": 3}


# --- templates --------------------------------------------------------------------------------------------------------


def template(place, text: bytes, *campaigns: str) -> bytes:
    path = place.write("templates/a.txt.j2", text)
    for number, variables in enumerate(campaigns or ("",)):
        tail = TAIL.replace("schedule", f"{variables}schedule")
        place.write(f"campaigns/c{number}.yaml", f"sender: S\ntemplate: ../templates/a.txt.j2\n{tail}")
    for file in find_fixes(place.project, FIXABLE).files:
        write_raw(file.before, file.after)
    return path.read_bytes()


def test_a_template_is_mended_between_its_braces(place):
    before = "\ufeffit’s {{ x | d('’') }}{# ’ #}{% if x %}’{% endif %}\r\nok\r\n\r\n".encode()
    assert template(place, before) == "\ufeffit's {{ x | d('’') }}{# ’ #}{% if x %}'{% endif %}\r\nok".encode()


def test_a_template_is_mended_only_as_it_suits_all_who_use_it(place):
    text = "{{ greeting }} it’s\n".encode()
    assert template(place, text, "variables: {greeting: Hi}\n", "variables: {greeting: สวัสดี}\n") == text[:-1]


def test_a_template_outside_of_the_project_is_never_touched(place, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "a.j2"
    outside.write_text("it’s", encoding="utf-8")
    (place.root / "templates").mkdir()
    (place.root / "templates/a.txt.j2").symlink_to(outside)
    place.write("campaigns/one.yaml", f"sender: S\ntemplate: ../templates/a.txt.j2\n{TAIL}")
    found = find_fixes(place.project, FIXABLE)
    assert (found.files, [error.code for error in found.errors]) == ((), ["MS008"])
    (place.root / "campaigns/two.yaml").symlink_to(outside)
    assert find_fixes(place.project, FIXABLE).files == ()


# --- writing ----------------------------------------------------------------------------------------------------------


def test_mode_and_other_files_stay(place):
    path = place.write("campaigns/one.yaml", HEAD + "content: it’s\n" + TAIL)
    path.chmod(0o640)
    link = place.root / "campaigns/two.yaml"
    link.symlink_to("one.yaml")
    (file,) = find_fixes(place.project, {"MS324"}).files
    write_raw(file.before, file.after)
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(os.listdir(path.parent)) == ["one.yaml", "two.yaml"]  # noqa: PTH208


def test_a_file_that_changed_meanwhile_is_left(place):
    path = place.write("campaigns/one.yaml", HEAD + "content: it’s\n" + TAIL)
    (file,) = find_fixes(place.project, {"MS324"}).files
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="was not written"):
        write_raw(file.before, file.after)
    assert path.read_text() == "mine"


def test_a_link_put_in_its_place_is_not_followed(place):
    path = place.write("campaigns/one.yaml", HEAD + "content: it’s\n" + TAIL)
    (file,) = find_fixes(place.project, {"MS324"}).files
    other = place.write("other.yaml", path.read_bytes())
    path.unlink()
    path.symlink_to(other)
    with pytest.raises(ConfigError):
        write_raw(file.before, file.after)
    assert "it’s" in other.read_text()


def test_what_cannot_be_read_is_an_error_and_the_rest_is_mended(place):
    place.write("campaigns/bad.yaml", "a: [")
    place.write("campaigns/thai.yaml", "content: ลดราคา".encode("cp874"))
    place.write("campaigns/one.yaml", HEAD + "content: it’s\n" + TAIL)
    found = find_fixes(place.project, FIXABLE)
    assert [error.code for error in found.errors] == ["MS101", "MS100"]
    assert [file.before.name for file in found.files] == ["campaigns/one.yaml"]


def test_what_is_left_to_a_person_is_said(place):
    place.write("mesms.yaml", "version: 1\ndefaults: {content: it’s}\n")
    place.write("campaigns/a.yaml", HEAD + TAIL)
    place.write("campaigns/b.yaml", HEAD + "content: 😀\n" + TAIL)
    place.write("campaigns/c.yaml", HEAD + "template_id: 4\ntemplate_text: it’s\n" + TAIL)
    found = find_fixes(place.project, FIXABLE)
    said = [(f"{item.position.file}:{item.position.line}:{item.position.column}", item.why) for item in found.by_hand]
    assert said == [
        ("mesms.yaml:2:23", "it stands in mesms.yaml, for all campaigns"),
        ("campaigns/b.yaml:4:10", None),
        ("campaigns/c.yaml:5:18", "it is a copy of what is saved on ME-SMS: change it there first"),
    ]


def test_validate_can_ask_which_codes_can_be_mended(place):
    place.write("campaigns/one.yaml", HEAD + "content: it’s\u00a0😀 {{ x\n" + TAIL)
    assert fixable_codes(place.load().diagnostics) == ()
    place.write("campaigns/one.yaml", HEAD + "content: it’s\u00a0😀\n" + TAIL)
    assert fixable_codes(place.load().diagnostics) == ("MS323", "MS324")


def test_the_examples_need_no_mending():
    from mesms_gitops.manifests.project import load_project

    found = find_fixes(load_project(Path(__file__).parents[2] / "examples/mesms.yaml"), FIXABLE)
    assert [file.before.name for file in found.files] == []


# --- properties -------------------------------------------------------------------------------------------------------

WORDS = st.text(alphabet="ab c’“…฿\u00a0\u200bน\u0e4d\u0e32เก'\"\\:#-{}%|\n", min_size=1, max_size=40)


def as_yaml(text: str, style: str) -> str:
    match style:
        case "'":
            return "'" + text.replace("'", "''").replace("\n", "\n\n  ") + "'\n"
        case '"':
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"\n'
        case "u":
            return '"' + "".join(f"\\u{ord(one):04x}" for one in text) + '"\n'
        case "|" | ">":
            return f"{style}2\n" + "".join(f"  {line}\n" for line in text.split("\n"))
        case _:
            return text.replace("\n", " ") + "\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(WORDS, st.sampled_from("'\"u|>p"), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]))
def test_any_manifest_reads_as_before_but_for_the_mended_text(place, text, style, line_end, mark):
    head, tail = HEAD.replace("\n", line_end), TAIL.replace("\n", line_end)
    raw = RawFile("x", "x", mark + head + "content: " + as_yaml(text, style).replace("\n", line_end) + tail)
    before = texts_of(raw)
    path = place.write("campaigns/one.yaml", raw.raw)
    found = find_fixes(place.project, FIXABLE)
    if not found.files:
        assert path.read_bytes() == raw.raw.encode()
        return
    (file,) = found.files
    after = texts_of(file.after)
    assert before is not None
    assert after is not None
    assert {**after, "content": ""} == {**before, "content": ""}
    assert file.after.raw.startswith(mark + head)
    assert file.after.raw.endswith(tail)
    expected = before["content"]
    for _ in range(8):
        expected = mended(expected, [slip for slip in slips(expected) if slip.is_fixable])
    if "{" not in expected and not found.by_hand:
        assert after["content"] == expected
    write_raw(file.before, file.after)
    assert find_fixes(place.project, FIXABLE).files == ()
