"""Lists that cannot be trusted: `plan` says which one and where it stands, in bounded time, and plans nothing.

And rows that have no usable number: `plan --rejects` writes them down, `explain` says what is made of one.
"""

from __future__ import annotations

import csv
import os
import re
import stat
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import sends

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

GIBIBYTE = 1 << 30
GOOD = b"phone,name\n0800000001,a\n"


def _sparse(head: bytes) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        file.write_bytes(head)
        os.truncate(file, 20 * GIBIBYTE)

    return make


def _bytes(content: bytes) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(content) and None


BAD: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "no such column": (_bytes(b"tel,name\n0800000001,a\n"), "MS422", "it has: tel, name"),
    "no rows": (_bytes(b"phone,name\n"), "MS425", "has no rows"),
    "no bytes": (_bytes(b""), "MS425", "is empty"),
    "nothing there": (lambda _: None, "MS421", "there is no file"),
    "a folder": (lambda file: file.mkdir(), "MS421", "is not a file"),
    "a pipe nobody writes to": (os.mkfifo, "MS421", "is not a file"),
    "a device without end": (lambda file: file.symlink_to("/dev/zero"), "MS421", "is not a file"),
    "latin letters": (_bytes(GOOD + b"0800000002,caf\xe9\xff\n"), "MS423", "windows-1252"),
    "no mark": (_bytes(GOOD.decode().encode("utf-16-le")), "MS423", "UTF-16-LE without its byte order mark"),
    "20 GB of zeros": (_sparse(b""), "MS423", "a file has that was not written whole"),
    "20 GB cut short": (_sparse(GOOD), "MS423", "a file has that was not written whole"),
    "lost digits": (_bytes(GOOD + b"6.68E+10,b\n"), "MS431", "1 exponent"),
    "mixed widths": (_bytes(GOOD + b"021234567,b\n08000,c\n080000000000,d\n"), "MS431", "1 landline"),
}


COUNTED_IN_OPT_OUTS = {"no rows", "lost digits", "mixed widths"}
CASES = [("recipients", what) for what in BAD] + [("exclude", what) for what in BAD if what not in COUNTED_IN_OPT_OUTS]


@pytest.mark.parametrize(("section", "what"), CASES)
def test_a_bad_list_is_named_with_its_place(what: str, section: str, project: Project, sandbox: Running) -> None:
    """As a list of recipients, and, where that matters, as one of opt-outs."""
    make, code, told = BAD[what]
    project.write("lists/good.csv", "phone\n0800000001\n")
    make(project.root / "lists/bad.csv")
    bad, good = ({"csv": f"../lists/{name}.csv", "phone": "phone"} for name in ("bad", "good"))
    manifest = project.campaign(
        "sale",
        recipients=[bad if section == "recipients" else good],
        **({section: [bad]} if section == "exclude" else {}),
    )
    ran = project.run("plan")
    assert (ran.code, ran.out) == (1, "")
    assert f"error[{code}]" in ran.err
    assert "lists/bad.csv" in ran.err
    assert told in " ".join(ran.err.split())
    line = int(re.findall(r"--> campaigns/sale\.yaml:(\d+):\d+ ", ran.err)[0])
    assert "bad.csv" in "".join(manifest.read_text(encoding="utf-8").splitlines()[line - 2 : line + 2])
    assert sends(sandbox) == 0


LIST = "phone\n0800000001\n021234567\n+85620551234\n0212345678\n08000\nสมชาย\n=1+1\n"
MASKED = {"xxx67", "xxx1234", "xxx5678", "xxx"}


def _rejects(project: Project, name: str = "out/rejects.csv") -> list[dict[str, str]]:
    with (project.root / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_bad_row_is_written_although_the_plan_stops(project: Project) -> None:
    project.write("lists/members.csv", LIST)
    (project.root / "out").mkdir()
    project.campaign("sale", recipients=[{"csv": "../lists/members.csv", "phone": "phone"}])
    project.campaign("other", recipients=[{"csv": "../lists/members.csv", "phone": "phone"}], invalid={"max": "90%"})
    ran = project.run("plan", "--rejects", "out/rejects.csv")
    assert ran.code == 1
    assert "note: 12 rows without a usable number, masked, in out/rejects.csv" in ran.err
    assert "plan --rejects FILE.csv" in ran.err
    rows = _rejects(project)
    assert [(row["campaign"], row["source"], row["row"], row["reason"]) for row in rows] == [
        (name, "lists/members.csv", str(number), reason)
        for name in ("other", "sale")
        for number, reason in enumerate(
            ("landline", "foreign", "malformed", "too_short", "malformed", "malformed"), start=3
        )
    ]
    assert {row["number"] for row in rows} == MASKED
    assert all(row["sentence"] for row in rows)
    assert stat.S_IMODE((project.root / "out/rejects.csv").stat().st_mode) == 0o600
    text = (project.root / "out/rejects.csv").read_text(encoding="utf-8") + ran.err
    assert not re.search(r"21234567|20551234|212345678|สมชาย|1\+1", text)


def test_a_plan_that_goes_through_writes_them_too(project: Project) -> None:
    """From the list, however often the same plan was made before; and from DIR, if it is started there by -C."""
    project.write("lists/members.csv", LIST)
    project.campaign("sale", recipients=[{"csv": "../lists/members.csv", "phone": "phone"}], invalid={"max": "90%"})
    first = project.run("plan", "--offline")
    again = project.run("plan", "--offline", "--rejects", "rejects.csv")
    assert (first.code, again.code) == (0, 0)
    assert len(_rejects(project, "rejects.csv")) == 6
    (project.root / "rejects.csv").unlink()
    assert project.run("-C", str(project.root), "plan", "--offline", "--rejects", "rejects.csv").code == 0
    assert len(_rejects(project, "rejects.csv")) == 6


def test_verbose_lists_the_first_of_them(project: Project) -> None:
    project.write("lists/members.csv", "phone\n" + "021234567\n" * 25)
    project.campaign("sale", recipients=[{"csv": "../lists/members.csv", "phone": "phone"}])
    quiet, verbose = project.run("plan", "--offline"), project.run("plan", "--offline", "-v")
    assert "xxx67" not in quiet.err
    assert "rows without a usable number (the first 20 of 25):" in verbose.err
    assert len(re.findall(r"  sale: lists/members\.csv, row \d+: xxx67, landline: ", verbose.err)) == 20
    assert "1234567" not in verbose.err


def test_a_number_is_explained(project: Project) -> None:
    """Without a project, without a key, and in the words of the rules."""
    ran = project.run("explain", "0212345678", "+66 80-000-0001", "0671900000")
    assert ran.code == 0
    assert "0212345678: not accepted (malformed)" in ran.out
    assert "02 begins a landline, which has one digit less" in ran.out
    assert "+66 80-000-0001: accepted, sent as 66800000001" in ran.out
    assert re.search(r"0671900000: accepted.*MS439", ran.out, re.DOTALL)
    numbers = project.run("explain", "--json", "๐๒๑๒๓๔๕๖๗").json["numbers"]
    assert [(one["accepted"], one["reason"]) for one in numbers] == [(False, "landline")]


def test_what_is_neither_code_nor_number_is_still_refused(project: Project) -> None:
    assert project.run("explain", "MS999").code == 64
    assert project.run("explain", "MS431", "0800000001").code == 64
