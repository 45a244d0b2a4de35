"""`forget` as a user meets it: proof, snapshots, a replaced message, and nobody forgotten is texted again."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyrage
import pytest

from mesms_gitops.sandbox.faults import Fault

from .conftest import Project, sends, texted

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

GONE, STAYS = "66800000001", "66800000002"
WRITTEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")


def snapshots(project: Project) -> list[Path]:
    return sorted((project.root / ".mesms/audience/snapshots").glob("*/*.numbers"))


def neutral(text: str) -> str:
    """``text`` with what differs from run to run under a name: times, digests, uuids."""
    text = WRITTEN.sub("TIME", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)
    text = re.sub(r"[0-9a-f]{4}:[0-9a-f]{16}", "ENTRY", text)
    text = re.sub(r"\b[0-9a-f]{40}\b", "DIGEST", text)
    return re.sub(r"lineage [0-9a-f]{16}", "lineage KEY", text)


def test_a_forgotten_person_leaves_a_scheduled_message(project: Project, sandbox: Running) -> None:
    """Schedule, forget, plan shows the replacement, apply: the message that leaves lacks the number."""
    project.campaign("vip")
    assert project.apply().code == 0
    assert texted(sandbox) == {GONE: 1, STAYS: 1}
    assert project.run("forget", "080-000-0001", "--yes").code == 0
    plan = project.plan()
    (action,) = plan["actions"]
    assert (action["action"], action["recipients"]) == ("replace", 1)
    assert action["audience"]["suppressed"] == 1
    assert "2 read; 1 forgotten" in project.run("plan").out
    assert project.apply().code == 0
    assert texted(sandbox) == {STAYS: 1}
    assert project.plan()["has_changes"] is False


def test_a_campaign_to_nobody_but_the_forgotten_holds_up_no_other(project: Project, sandbox: Running) -> None:
    """It is blocked, with what to do about it; the others go on; taken back, its message never leaves."""
    project.campaign("alone", recipients=[{"numbers": ["0800000001"]}])
    assert project.apply().code == 0
    assert project.run("forget", "0800000001", "--yes").code == 0
    project.campaign("new-alone", recipients=[{"numbers": ["0800000001"]}])
    project.campaign("others", recipients=[{"numbers": ["0800000003"]}])
    actions = {action["campaign"]: action for action in project.plan()["actions"]}
    assert {name: (one["action"], one["reason"]) for name, one in actions.items()} == {
        "alone": ("blocked", "all_forgotten"),
        "new-alone": ("blocked", "all_forgotten"),
        "others": ("schedule", "new"),
    }
    (found,) = actions["alone"]["diagnostics"]
    assert found["message"] == (
        "alone: everybody who is left on its lists asked to be forgotten: there is nobody to text"
    )
    assert found["next"] == (
        "delete campaigns/alone.yaml, or write `state: cancelled` in it, which takes back what is scheduled; "
        "or change its lists"
    )
    assert project.apply().code == 3
    assert texted(sandbox) == {GONE: 1, "66800000003": 1}
    project.campaign("alone", recipients=[{"numbers": ["0800000001"]}], state="cancelled")
    (project.root / "campaigns/new-alone.yaml").unlink()
    assert project.apply().code == 0
    assert texted(sandbox) == {"66800000003": 1}


def test_the_whole_proof(project: Project, sandbox: Running) -> None:
    project.campaign("vip")
    project.campaign("others", recipients=[{"numbers": ["0800000003"]}])
    assert project.apply().code == 0
    ran = project.run("forget", "๐๘๐ ๐๐๐ ๐๐๐๑", "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert neutral(ran.out) == (
        """\
Forgotten: 08x-xxx-0001, TIME

Suppression
  digest  ENTRY (written down now)
  key     lineage KEY
  no plan and no apply from here texts this number any more

Snapshots of audiences
  2 looked at; the number was in 1 of them
  removed from vip, send DIGEST
    before  DIGEST  2 numbers
    after   DIGEST  1 number

Messages that have not left and still name the person
  vip: scheduled UUID, for TIME
  next: mesms-gitops plan, then apply: it replaces what names the person

Not covered by this
  - messages already sent, and their history on ME-SMS: ask ME-SMS
  - contact groups on ME-SMS: take the number out there
  - your own lists, databases and exports
  - numbers written into manifests or committed lists: git keeps them in its
    history
  - backups and copies of this folder
  - what state keeps of sends already made: keyed digests (of all people
    together, and of each of the 50 lowest numbers), and sketches of the newest
    campaigns. Without the key no number can be read from them; with it, any
    number can be tried against the digests, and a sketch tells a little of
    each. Without MESMS_HASH_KEY the key follows from the state itself
"""
    )
    before, after = re.findall(r"(?:before|after)  +([0-9a-f]{40})", ran.out)
    (recorded,) = (each for each in json.loads(project.state)["campaigns"]["vip"]["sends"])
    assert before == recorded["audience_digest"] != after
    again = project.run("forget", "+66 80 000 0001", "--yes")
    assert "(it was there before)" in again.out
    assert "2 looked at; the number was in none" in again.out


def test_the_proof_as_json(project: Project, sandbox: Running) -> None:
    project.campaign("vip")
    assert project.apply().code == 0
    proof = project.run("forget", GONE, "--yes", "--json").json
    (removed,) = proof["snapshots"]["removed"]
    (pending,) = proof["still_scheduled"]
    assert proof["number"] == "08x-xxx-0001"
    assert proof["snapshots"] | {"removed": []} == {"looked_at": 1, "expired": 0, "removed": [], "unopened": []}
    assert (removed["campaign"], removed["recipients_before"], removed["recipients_after"]) == ("vip", 2, 1)
    assert (pending["campaign"], pending["phase"], pending["replaced_by_apply"]) == ("vip", "scheduled", True)
    assert proof["suppression"]["digest"] in project.state
    assert len(proof["not_covered"]) == 6


def test_the_number_stands_nowhere_afterwards(project: Project, sandbox: Running) -> None:
    """Neither in what is printed nor in any file below .mesms, in no spelling."""
    project.campaign("vip")
    assert project.apply().code == 0
    ran = project.run("forget", "0800000001", "--yes", "-v")
    spellings = [b"800000001", (800000001).to_bytes(4, "big"), (800000001).to_bytes(4, "little")]
    for file in (path for path in (project.root / ".mesms").rglob("*") if path.is_file()):
        assert not any(spelling in file.read_bytes() for spelling in spellings), file
    assert "800000001" not in ran.out + ran.err
    assert "0000001" not in ran.out + ran.err


@pytest.mark.parametrize("spelling", ["0212345678", "hello", "08123", "+1 555 0100", ""])
def test_what_is_no_number_is_refused_and_not_echoed(project: Project, spelling: str) -> None:
    ran = project.run("forget", "--yes", "--", spelling)
    assert ran.code == 64
    assert not spelling or spelling not in ran.err
    assert not (project.root / ".mesms").exists()


def test_nobody_to_confirm(project: Project) -> None:
    ran = project.run("forget", GONE)
    assert (ran.code, "add --yes" in ran.err) == (64, True)
    assert not (project.root / ".mesms").exists()


def test_the_lock_is_needed(project: Project) -> None:
    from mesms_gitops.store.file import FileStore

    with FileStore(project.root / ".mesms/state.json").lock("apply", 0.0):
        ran = project.run("forget", GONE, "--yes")
    assert ran.code == 6
    assert not (project.root / ".mesms/state.json").exists()


def test_never_texted_through_any_source(project: Project, sandbox: Running) -> None:
    """Whoever is forgotten is in no send, whichever kind of source names them and however it spells them."""
    assert project.run("forget", "0800000001", "--yes").code == 0
    project.write("lists/a.csv", "mobile,name\n0800000001,A\n080-000-0002,B\n")
    project.write("lists/b.json", json.dumps([{"mobile": "+66800000001"}, {"mobile": "0800000003"}]))
    project.write("lists/c.ndjson", '{"mobile": "66800000001"}\n{"mobile": "0800000004"}\n')
    import polars as pl

    pl.DataFrame({"mobile": ["๐๘๐๐๐๐๐๐๐๑", "0800000005"]}).write_parquet(project.root / "lists/d.parquet")
    import sqlite3

    with sqlite3.connect(project.root / "lists/e.db") as database:
        database.execute("create table people (mobile text)")
        database.executemany("insert into people values (?)", [("800000001",), ("0800000006",)])
    database.close()
    project.write("lists/e.sql", "select mobile from people")
    sql = {"url_env": "CRM", "query_file": "../lists/e.sql"}
    lists = [
        {"csv": "../lists/a.csv", "phone": "mobile"},
        {"json": "../lists/b.json", "phone": "mobile"},
        {"ndjson": "../lists/c.ndjson", "phone": "mobile"},
        {"parquet": "../lists/d.parquet", "phone": "mobile"},
        {"sql": sql, "phone": "mobile"},
        {"numbers": ["0800000001", "0800000007"]},
    ]
    for number, source in enumerate(lists):
        project.campaign(f"kind-{number}", recipients=[source])
    personal = {**lists[0], "variables": {"name": "name"}}
    project.campaign("personal", recipients=[personal], content="Hello {{ name }}")
    ran = project.apply(CRM=f"sqlite:///{project.root / 'lists/e.db'}")
    assert ran.code == 0, ran.err
    assert texted(sandbox) == {STAYS: 2, **{f"6680000000{number}": 1 for number in range(3, 8)}}


def test_a_contact_group_is_warned_of(project: Project, sandbox: Running) -> None:
    project.campaign("group", recipients=[{"contact_group": 1}])
    codes = [found["code"] for found in project.plan("--offline")["actions"][0]["diagnostics"]]
    assert "MS453" not in codes
    assert project.run("forget", GONE, "--yes").code == 0
    codes = [found["code"] for found in project.plan("--offline")["actions"][0]["diagnostics"]]
    assert "MS453" in codes


def test_the_key_of_the_state_is_needed(project: Project, sandbox: Running) -> None:
    """A suppression under MESMS_HASH_KEY binds the state to it, before anything was ever sent."""
    assert project.run("forget", GONE, "--yes", MESMS_HASH_KEY="a secret").code == 0
    project.campaign("vip")
    ran = project.apply()
    assert (ran.code, sends(sandbox)) == (1, 0)
    assert "MESMS_HASH_KEY is not set, but the state was made with one" in ran.err
    assert project.apply(MESMS_HASH_KEY="another").code == 1
    assert project.apply(MESMS_HASH_KEY="a secret").code == 0
    assert texted(sandbox) == {STAYS: 1}


def test_what_is_encrypted_takes_the_identity(project: Project, sandbox: Running, tmp_path: Path) -> None:
    """Without it the proof lists what could not be opened and exits 3; with it all is done."""
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "identity.txt"
    file.write_text(f"# made for a test\n{identity}\n")
    settings = f"audience: {{encrypt_to: [{identity.to_public()}]}}\n"
    project.write("mesms.yaml", (project.root / "mesms.yaml").read_text() + settings)
    project.campaign("vip")
    assert project.apply().code == 0
    (kept,) = snapshots(project)
    assert b"age-encryption.org/v1" in kept.read_bytes()
    ran = project.run("forget", GONE, "--yes", "--json")
    assert ran.code == 3
    (unopened,) = ran.json["snapshots"]["unopened"]
    assert (unopened["file"], unopened["why"]) == (
        str(kept),
        "it is encrypted, and there is no identity to open it with",
    )
    assert [each["campaign"] for each in ran.json["unclear"]] == ["vip"]
    assert "MESMS_AGE_IDENTITY_FILE" in project.run("forget", GONE, "--yes").out
    ran = project.run("forget", GONE, "--yes", "--json", MESMS_AGE_IDENTITY_FILE=str(file))
    assert ran.code == 0
    (removed,) = ran.json["snapshots"]["removed"]
    assert removed["recipients_after"] == 1
    assert b"age-encryption.org/v1" in kept.read_bytes()


def test_a_library_that_is_missing_stops_the_plan(project: Project, sandbox: Running, tmp_path: Path) -> None:
    """Encryption was asked for: nothing is sent without it."""
    recipient = pyrage.x25519.Identity.generate().to_public()
    project.write(
        "mesms.yaml", (project.root / "mesms.yaml").read_text() + f"audience: {{encrypt_to: [{recipient}]}}\n"
    )
    project.campaign("vip")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/pyrage.py").write_text("raise ImportError('not here')\n")
    ran = project.apply(PYTHONPATH=str(tmp_path / "hidden"))
    assert (ran.code, sends(sandbox)) == (1, 0)
    assert "pip install 'mesms-gitops[age]'" in ran.err


def test_gone_when_its_time_is_over(project: Project, sandbox: Running) -> None:
    """90 days by ME-SMS's clock, said with -v."""
    project.campaign("vip")
    assert project.apply().code == 0
    assert len(snapshots(project)) == 1
    sandbox.advance(timedelta(days=89))
    assert project.run("refresh", "-v").code == 0
    assert len(snapshots(project)) == 1
    sandbox.advance(timedelta(days=2))
    ran = project.apply("-v")
    assert "snapshots of audiences deleted, their time being over: 1" in ran.err
    assert snapshots(project) == []


def test_a_refused_send_leaves_no_snapshot(project: Project, sandbox: Running) -> None:
    """402: the send is failed, and whom it would have covered is not kept."""
    project.campaign("vip")
    sandbox.arm(Fault("status", status=402, when="before", method="POST", path="/sms/send$"))
    ran = project.apply()
    assert ran.code != 0
    assert snapshots(project) == []


def test_what_cannot_be_kept_stops_no_send(project: Project, sandbox: Running) -> None:
    """Where the folder should be stands a file: a note on stderr, one send, exit 0."""
    (project.root / ".mesms").mkdir()
    project.write(".mesms/audience", "")
    project.campaign("vip")
    ran = project.apply()
    assert (ran.code, sends(sandbox)) == (0, 1)
    assert "note: whom vip covers is not kept: cannot write the snapshot of an audience (Not a directory)" in ran.err


def test_keep_zero_writes_nothing(project: Project, sandbox: Running) -> None:
    project.write("mesms.yaml", (project.root / "mesms.yaml").read_text() + "audience: {keep: 0}\n")
    project.campaign("vip")
    assert project.apply().code == 0
    assert snapshots(project) == []


def test_a_damaged_snapshot_is_named(project: Project, sandbox: Running) -> None:
    project.campaign("vip")
    assert project.apply().code == 0
    (kept,) = snapshots(project)
    kept.write_bytes(kept.read_bytes()[:-3])
    ran = project.run("forget", GONE, "--yes")
    assert ran.code == 3
    assert "not opened" in ran.out
    assert "delete this file" in ran.out


def test_the_number_from_standard_input(project: Project, tmp_path: Path) -> None:
    """- keeps it out of the shell's history and the list of processes."""
    import subprocess

    command = [str(Path(sys.executable).with_name("mesms-gitops")), "forget", "-", "--yes"]
    ran = subprocess.run(
        command, cwd=project.root, env=project.env, input="080 000 0001\n", capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("Forgotten: 08x-xxx-0001")


def test_a_second_number_on_standard_input_is_not_passed_over(project: Project) -> None:
    """Nobody's wish to be forgotten is lost in silence: of two lines none is taken."""
    import subprocess

    command = [str(Path(sys.executable).with_name("mesms-gitops")), "forget", "-", "--yes"]
    given = "0800000001\n\n0800000002\n"
    ran = subprocess.run(
        command, cwd=project.root, env=project.env, input=given, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "more than one line on standard input" in ran.stderr
    assert "0800" not in ran.stderr
    assert not (project.root / ".mesms" / "state.json").exists()
