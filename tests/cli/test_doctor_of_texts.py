"""`parts`, `fix`, and what a plan says of single characters: as a user meets them."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from .conftest import COMMAND, Project

SALE = (
    "It’s our big day: everything in our shops in Bangkok, Chiang Mai and Phuket costs half today. "
    "Show this message at the counter, and be quick."
)


def run(
    *arguments: str, text: str | bytes = "", width: int = 80, cwd: str | None = None
) -> subprocess.CompletedProcess:
    body = text if isinstance(text, bytes) else text.encode()
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "COLUMNS": str(width)}
    ran = subprocess.run(
        [COMMAND, *arguments], input=body, capture_output=True, timeout=60, check=False, env=env, cwd=cwd
    )
    assert b"Traceback" not in ran.stderr
    return ran


# --- parts ------------------------------------------------------------------------------------------------------------


def test_standard_input_is_counted(tmp_path):
    ran = run("parts", "-", "--recipients", "12480", text=SALE, cwd=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.decode() == (
        "standard input: 3 parts, UCS-2, 141 units, 60 left in the last part\n"
        "  12,480 recipients x 3 parts = 37,440 credits (an estimate: ME-SMS's own count\n"
        "  is billed)\n"
        "  1  67/67 |It’s our big day: everything in our shops in Bangkok, Chiang Mai an|\n"
        "  2  67/67 |d Phuket costs half today. Show this message at the counter, and be|\n"
        "  3   7/67 | quick.|\n"
        "  Unicode because of 1 character outside GSM 03.38: ’ U+2019 RIGHT SINGLE\n"
        "    QUOTATION MARK at 1:3\n"
        "\n"
        "warning[MS324]: ’ (U+2019 RIGHT SINGLE QUOTATION MARK) makes the whole message\n"
        "  Unicode: 1 -> 3 parts\n"
        "  --> standard input:1:3\n"
        "  |\n"
        "1 | It’s our big day: everything in our shops in Bangkok, Chiang Mai and ...\n"
        "  |   ^\n"
        "  next: write '\n"
        "\n"
        "1 warning in 1 file\n"
        "more about it: mesms-gitops explain MS324\n"
    )


def test_thai_is_unicode_and_no_letter_is_to_blame(tmp_path):
    ran = run("parts", "-", text="สวัสดี ลด 20% ’ ::", cwd=str(tmp_path))
    assert ran.stdout.decode() == (
        "standard input: 1 part, UCS-2, 18 units, 52 left in it\n"
        "  1  18/70 |สวัสดี ลด 20% ’ ::|\n"
        "  Thai text is always Unicode (70/67 to a part)\n"
    )


def test_the_line_end_that_echo_adds_is_counted_and_said(tmp_path):
    (found,) = json.loads(run("parts", "-", "--json", text="x" * 160 + "\n", cwd=str(tmp_path)).stdout)["texts"]
    assert (found["parts"], found["units"], found["units_left"]) == (2, 161, 145)
    assert [one["units"] for one in found["split"]] == [153, 8]
    assert [(one["code"], one["message"]) for one in found["diagnostics"]] == [
        ("MS312", "the message ends with a line end, which is sent and billed; without it 2 -> 1 parts")
    ]


def test_thai_fits_a_narrow_terminal(tmp_path):
    from mesms_gitops.views.layout import cell_width

    ran = run("parts", "-", text="สวัสดีค่ะคุณลูกค้า วันนี้ลดทั้งร้าน " * 5, width=40, cwd=str(tmp_path))
    assert ran.returncode == 0
    lines = ran.stdout.decode().splitlines()
    assert len(lines) > 5
    assert max(map(cell_width, lines)) <= 40


def test_files_are_messages_and_crlf_is_lf(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfa\r\nb")
    (tmp_path / "b.txt").write_text("ลด {{ name", encoding="utf-8")
    ran = run("parts", "a.txt", "b.txt", "--json", cwd=str(tmp_path))
    assert ran.returncode == 1
    assert [(one["file"], one["units"], one["encoding"]) for one in json.loads(ran.stdout)["texts"]] == [
        ("a.txt", 3, "GSM-7"),
        ("b.txt", 10, "UCS-2"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [(b"\xff\xfe\x00", "MS100"), (b"a\xffb", "MS100"), ("ลดราคา".encode("cp874"), "MS100"), (b"a" * 2**21, "MS103")],
)
def test_what_is_no_text_is_an_error(tmp_path, text, code):
    ran = run("parts", "-", text=text, cwd=str(tmp_path))
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr.decode().startswith(f"error[{code}]: standard input")


def test_without_a_file_it_is_a_usage_error(tmp_path):
    assert run("parts", cwd=str(tmp_path)).returncode == 64


# --- plan -------------------------------------------------------------------------------------------------------------


def warnings(project: Project, name: str) -> list[tuple[str, str, int, int]]:
    (action,) = (one for one in project.plan("--offline")["actions"] if one["campaign"] == name)
    return [(one["code"], one["message"], one["line"], one["column"]) for one in action["diagnostics"]]


def test_a_plan_says_what_a_character_costs_all_people(project):
    people = "\n".join(f"0800{number:06d},{'O’Hara' if number % 10 == 0 else 'Ann'}" for number in range(200))
    project.write("people.csv", f"phone,name\n{people}\n")
    source = "recipients: [{csv: ../people.csv, phone: phone, variables: {name: name}}]\nschedule: 2027-04-10T10:00\n"
    head = "class: transactional\nsender: SiamCoffee\n"
    project.write("campaigns/all.yaml", f'{head}content: "{SALE} {{{{ name }}}}"\n{source}')
    plain = SALE.replace("’", "'")
    project.write("campaigns/some.yaml", f'{head}content: "{plain} {{{{ name }}}}"\n{source}')
    said = "’ (U+2019 RIGHT SINGLE QUOTATION MARK) makes the whole message Unicode"
    assert warnings(project, "all") == [("MS324", f"all: {said}: 1 -> 3 parts for 200 people, +400 credits", 3, 13)]
    assert warnings(project, "some") == [
        ("MS324", f"some: {said}, from the variable name: 1 -> 3 parts for 20 of 200 people, +40 credits", 3, 153)
    ]
    assert "Hara" not in project.run("plan", "--offline").out


def test_a_link_made_of_a_recipients_value_is_refused_unseen(project):
    project.write("people.csv", "phone,host\n0800000001,secret-of-ann.example\n")
    project.write("mesms.yaml", "version: 1\npolicy: {links: [siamcoffee.example]}\n")
    project.write(
        "campaigns/one.yaml",
        "class: transactional\nsender: SiamCoffee\ncontent: 'Hi https://{{ host }}/x'\n"
        "recipients: [{csv: ../people.csv, phone: phone, variables: {host: host}}]\nschedule: 2027-04-10T10:00\n",
    )
    ran = project.run("plan", "--offline")
    assert ran.code == 4
    assert "MS502" in ran.err
    assert "secret" not in ran.err + ran.out


# --- fix --------------------------------------------------------------------------------------------------------------


def test_fix_shows_a_diff_that_git_can_apply_and_changes_nothing(project):
    path = project.write("campaigns/one.yaml", "sender: S  # ’\nstate: draft\ncontent: it’s\n")
    before = path.read_bytes()
    ran = project.run("fix")
    assert ran.code == 0
    assert ran.err == (
        "1 x MS324 in 1 file can be mended; nothing was changed\nnext: mesms-gitops fix --write --code MS324\n"
    )
    assert path.read_bytes() == before
    subprocess.run(["git", "apply", "-"], cwd=project.root, input=ran.out.encode(), check=True)
    assert path.read_text() == "sender: S  # ’\nstate: draft\ncontent: it's\n"


def test_fix_writes_only_on_the_codes_named(project):
    path = project.write("campaigns/one.yaml", "sender: S\nstate: draft\ncontent: it’s\u00a0ok\n")
    assert project.run("fix", "--write").code == 64
    assert project.run("fix", "--write", "--code", "MS999").code == 64
    ran = project.run("fix", "--write", "--code", "ms323")
    assert (ran.code, ran.out) == (0, "campaigns/one.yaml: 1 x MS323\n")
    assert path.read_text() == "sender: S\nstate: draft\ncontent: it’s ok\n"
    ran = project.run("fix", "--write", "--code", "MS323")
    assert (ran.code, ran.out, ran.err) == (0, "", "nothing to mend\n")


def test_fix_says_what_it_cannot_read(project):
    project.write("campaigns/bad.yaml", "a: [")
    ran = project.run("fix")
    assert ran.code == 1
    assert ran.err.startswith("error[MS101]")
