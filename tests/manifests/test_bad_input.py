"""Whatever lies in the campaigns folder, the command ends soon, in bounded memory, and says what it found."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.measured import HANG

COMMAND = str(Path(sys.executable).with_name("mesms-gitops"))
SECONDS = HANG
"""CPU time of one process over all files of a group, start-up included."""
MEGABYTES = 150
GOOD = 'sender: A\ncontent: "x"\nrecipients: [{csv: a.csv, phone: p}]\nschedule: 2099-04-10T10:00\n'
MEASURED = """
import json, resource, subprocess, sys
ran = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([ran.returncode, ran.stdout.decode(), ran.stderr.decode(), used.ru_utime + used.ru_stime,
                  used.ru_maxrss // 1024]))
"""


def ran(root: Path, *arguments: str) -> tuple[int, str, str, float, int]:
    """Exit code, stdout, stderr, seconds of CPU and peak megabytes of one run of the command."""
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, COMMAND, *arguments],
        cwd=root, env=environment, capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    return tuple(json.loads(done.stdout))


def validated(root: Path) -> dict[str, set[str]]:
    """File -> the codes found in it, from one run within the bounds that found errors and nothing else."""
    code, out, err, seconds, megabytes = ran(root, "validate", "--format", "json")
    assert (code, err) == (1, "")
    assert seconds < SECONDS
    assert megabytes < MEGABYTES
    found: dict[str, set[str]] = {}
    for one in json.loads(out)["diagnostics"]:
        found.setdefault(Path(one["file"]).stem, set()).add(one["code"])
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "campaigns").mkdir(parents=True)
    (folder / "mesms.yaml").write_text("version: 1\n")
    return folder


def repeated(pattern: str, count: int) -> str:
    return "".join(pattern.format(number) for number in range(count))


TEXTS = {
    "alias-bomb": ("a: &a [x]\n" + repeated("b{0}: &b{0} [*a,*a,*a,*a]\n", 20), "MS106"),
    "nested-flow": ("a: " + "[" * 100_000, "MS110"),
    "nested-braces": ("a: " + "{a: " * 100_000, "MS110"),
    "nested-block": ("- " * 100_000 + "a", "MS110"),
    "many-keys": (repeated("k{}: 1\n", 100_000), "MS103"),
    "huge-key": ("k" * 1_000_000 + ": 1\n", "MS112"),
    "merge": (GOOD + "<<: {a: b}\n", "MS108"),
    "tags": ("a: [" + "!x b, " * 1_000 + "]", "MS107"),
    "duplicates": ("a: 1\n" * 1_000, "MS109"),
    "tabs": ("\t\n" * 300_000, "MS105"),
    "nul": (GOOD + "\0", "MS104"),
    "bom-inside": (GOOD.replace("x", "x\ufeff"), "MS104"),
    "separator": (GOOD.replace("x", "x\u2028y"), "MS104"),
    "utf-16": (GOOD.encode("utf-16"), "MS100"),
    "utf-32": (GOOD.encode("utf-32"), "MS100"),
    "cp874": (GOOD.replace("x", "ลดราคา").encode("cp874"), "MS100"),
    "surrogate": (GOOD.encode().replace(b"x", b"\xed\xa0\x80"), "MS100"),
    "open-quote": ('a: "' + "x\n " * 250_000, "MS101"),
    "documents": ("---\n" * 200_000, "MS111"),
    "digits": (GOOD + "revision: " + "9" * 900_000, "MS125"),
    "zeros": (GOOD + "revision: " + "0" * 900_000, "MS125"),
    "phone-like": (GOOD + "sendr: " + "08 " * 300_000, "MS120"),
    "password-like": (GOOD + "sendr: x" + "://a:" * 180_000 + "b", "MS120"),
    "time": (GOOD.replace("2099-04-10", "2099-04-10" + " " * 500_000), "MS201"),
    "template-path": (GOOD.replace('content: "x"', "template: " + "a/" * 400_000), "MS311"),
    "template-up": (GOOD.replace('content: "x"', "template: " + "../" * 300_000), "MS311"),
    "list-path": (GOOD.replace("a.csv", "a/" * 400_000), "MS136"),
}  # fmt: skip

NESTED = "{% set a = ['x'] %}" + "{% set a = [a, a, a, a, a, a, a, a] %}" * 12
TEMPLATES = {
    "loop": ("{% for i in range(999999999) %}x{% endfor %}", "MS310"),
    "loops": ("{% for i in range(999) %}{% for j in range(999) %}{% endfor %}{% endfor %}", "MS310"),
    "slow-loops": (
        "{% for i in range(999) %}{% for j in range(999) %}{% set a = x|title %}{% endfor %}{% endfor %}", "MS310"
    ),
    "macro": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "MS306"),
    "times": ("{{ 'x' * 1000000000 }}", "MS306"),
    "center": ("{{ 'x'|center(1000000000) }}", "MS306"),
    "power": ("{{ 9 ** 9 ** 9 }}", "MS306"),
    "percent": ("{{ '%1000000000d' % 1 }}", "MS306"),
    "format": ("{{ '{:1000000000}'.format(1) }}", "MS306"),
    "include": ("{% include '/etc/passwd' %}", "MS306"),
    "import": ("{% import 'x' as y %}", "MS306"),
    "extends": ("{% extends 'x' %}", "MS306"),
    "classes": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "MS306"),
    "lipsum": ("{{ lipsum.__globals__ }}", "MS306"),
    "self": ("{{ self.__init__ }}", "MS306"),
    "namespace": ("{% set n = namespace(a=1) %}{{ n.a }}", "MS306"),
    "regex": ("{{ x|regex_replace('(a+)+$', 'b') }}", "MS306"),
    "grow": ("{% set a = x %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}", "MS310"),
    "nested-lists": (NESTED + "{{ a|string }}", "MS306"),
    "nested-lists-joined": (NESTED + "{{ a|join }}", "MS306"),
    "nested-lists-compared": (NESTED + "{{ 'y' if a == a }}", "MS306"),
    "nested-tuples": (NESTED.replace("[", "(").replace("]", ")") + "{{ a|upper }}", "MS306"),
}  # fmt: skip


def test_hostile_texts(root: Path) -> None:
    for name, (text, _) in TEXTS.items():
        body = text if isinstance(text, bytes) else text.encode()
        (root / f"campaigns/{name}.yaml").write_bytes(body)
    found = validated(root)
    assert {name: code for name, (_, code) in TEXTS.items() if code not in found.get(name, ())} == {}


def test_hostile_templates(root: Path) -> None:
    for name, (source, _) in TEMPLATES.items():
        (root / f"{name}.j2").write_text(source)
        manifest = GOOD.replace('content: "x"', f"template: ../{name}.j2") + f"variables: {{x: {'ab ' * 1000}}}\n"
        (root / f"campaigns/{name}.yaml").write_text(manifest)
    found = validated(root)
    codes = {name: found.get(name, set()) for name in TEMPLATES}
    assert {name: codes[name] for name, (_, code) in TEMPLATES.items() if code not in codes[name]} == {}


def test_files_that_are_no_files(root: Path, tmp_path: Path) -> None:
    """A list of 100 MB, a sparse one of 10 GB, a FIFO, a socket, a folder, links out, round and nowhere."""
    folder = root / "campaigns"
    for name, size in (("large", 100 << 20), ("sparse", 10 << 30)):
        with (folder / f"{name}.yaml").open("wb") as file:
            file.truncate(size)
    os.mkfifo(folder / "fifo.yaml")
    (tmp_path / "outside.yaml").write_text(GOOD)
    (folder / "outside.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "device.yaml").symlink_to("/dev/zero")
    (folder / "nowhere.yaml").symlink_to(folder / "none")
    (folder / "round.yaml").symlink_to(folder / "round.yaml")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "folder.yaml").mkdir()
    expected = {"large": "MS103", "sparse": "MS103", "fifo": "MS007", "outside": "MS008", "device": "MS008",
                "nowhere": "MS007", "round": "MS007"}  # fmt: skip
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as bound:
        try:
            os.chdir(folder)  # the name of a socket may not be long
            bound.bind("socket.yaml")
        finally:
            os.chdir(here)
        found = validated(root)
    assert found == {**{name: {code} for name, code in expected.items()}, "socket": {"MS007"}}


@pytest.mark.parametrize("output", ["text", "json", "github", "sarif"])
def test_ten_thousand_findings_in_one_line_take_linear_time(root: Path, output: str) -> None:
    (root / "campaigns/one.yaml").write_text("labels: {" + repeated("k{}: 007, ", 9_000) + "}\n")
    code, _, err, seconds, megabytes = ran(root, "validate", "--format", output)
    assert (code, err) == (1, "")
    assert seconds < SECONDS
    assert megabytes < MEGABYTES
