"""`doctor` against a real account over HTTP: every shape, foreign names, refusals, pages of proxies, wrong clocks."""

from __future__ import annotations

import gzip
import json
import os
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from mesms_gitops.model.answer_fields import ANSWER_FIELDS, Need
from mesms_gitops.sandbox.faults import Fault
from mesms_gitops.sandbox.shapes import SHAPES
from tests.api.loopback import Loopback, answer, close, page
from tests.cli.conftest import PROJECT, sends
from tests.cli.screen import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project, Ran

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/doctor.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
FOREIGN: dict[str, dict[str, str]] = {
    "balance": {"balance": "remainingAmount"},
    "list": {"data": "sms_rows"},
    "list.rows": {"uuid": "messageId", "content": "smsText", "createdAt": "submittedDate", "status": "state"},
    "message": {"uuid": "messageId", "content": "smsText", "status": "state"},
    "senders.rows": {"name": "senderTitle"},
    "recipients.rows": {"msisdn": "phone_no"},
    "send": {"uuid": "messageId"},
    "cost": {"credits": "smsPrice"},
}
"""Names that no document has. `message.status` and its like are as a real account could have them."""


@pytest.fixture
def history(project: Project, sandbox: Running) -> Project:
    """A project with one message sent, to sixty people, and three that are scheduled."""
    project.write("mesms.yaml", PROJECT.replace("10m", "0"))
    many = [f"08000001{each:02}" for each in range(60)]
    project.campaign("sent", schedule="now", recipients=[{"numbers": many}])
    for each in range(3):
        project.campaign(f"later-{each}")
    assert project.apply().code == 0
    sandbox.advance(timedelta(hours=2))
    return project


@contextmanager
def served(server: Loopback) -> Iterator[Loopback]:
    """``server`` for as long as the context lasts."""
    try:
        yield server
    finally:
        server.stop()


def verdicts(ran: Ran) -> dict[str, str]:
    """The worst verdict of each look."""
    order = ("ok", "warn", "fail")
    found: dict[str, str] = {}
    for line in ran.json["lines"]:
        found[line["check"]] = max(line["verdict"], found.get(line["check"], "ok"), key=order.index)
    return found


def line(ran: Ran, check: str) -> dict[str, Any]:
    """The one line of a look."""
    (found,) = [one for one in ran.json["lines"] if one["check"] == check]
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_the_contract_is_met_and_named(shape: str, history: Project, sandbox: Running) -> None:
    """Whatever dress the answers wear, no line is a fail, the JSON keeps to its schema, and aliases are told."""
    with sandbox.lock:
        sandbox.world.shape = shape  # type: ignore[assignment]  # one of SHAPES
    before = len(sandbox.requests)
    ran = history.run("doctor", "--json", "--preview")
    assert ran.code == 0, ran.out
    VALIDATOR.validate(ran.json)
    assert "fail" not in verdicts(ran).values()
    asked = list(sandbox.requests)[before:]
    assert {f"{one['method']} {one['path']}" for one in asked if one["method"] != "GET"} == {"POST /sms/preview-cost"}
    named = {use["field"]: set(use["names"]) for use in ran.json["fields"]}
    expected = {
        "plain": {"balance"}, "envelope": {"balance"},
        "alias3": {"balance"}, "alias": {"credits"}, "alias2": {"credit"},
    }  # fmt: skip
    assert named["balance.balance"] == expected[shape]
    assert line(ran, "account.paging")["found"].startswith("paging: pages move on")
    assert "cursor leads on" in line(ran, "account.recipients")["found"]


def test_without_preview_only_gets_are_made(history: Project, sandbox: Running) -> None:
    before = len(sandbox.requests)
    assert history.run("doctor").code == 0
    assert {one["method"] for one in list(sandbox.requests)[before:]} == {"GET"}


def test_foreign_names_are_found_and_the_proposed_line_mends_all_of_it(history: Project, sandbox: Running) -> None:
    """What `doctor` proposes, written down as it stands, makes the same account readable, from doctor to a send."""
    with sandbox.lock:
        sandbox.world.names = FOREIGN
    ran = history.run("doctor", "--json")
    assert ran.code == 1
    failing = {one["found"] for one in ran.json["lines"] if one["verdict"] == "fail"}
    assert any("shape of balance" in found for found in failing)
    assert any("shape of message: uuid" in found for found in failing)
    mapping: dict[str, str] = {}
    hints = ""
    for _ in range(3):  # what hides behind an unreadable listing is seen once that is readable
        ran = history.run("doctor", "--json", "--preview")
        steps = " ".join(one["next"] or "" for one in ran.json["lines"])
        hints += steps
        mapping |= dict(re.findall(r"fields: \{([\w.]+): (\w+)\}\}", steps))
        history.write("mesms.yaml", PROJECT.replace("timeout: 5s", f"timeout: 5s, fields: {json.dumps(mapping)}"))
        if history.run("doctor", "--json", "--preview").code == 0:
            break
    else:
        pytest.fail(f"still not readable with {mapping}")
    assert mapping == {
        "list.data": "sms_rows", "message.uuid": "messageId", "message.content": "smsText",
        "message.createdAt": "submittedDate", "message.status": "state", "balance.balance": "remainingAmount",
        "senders.name": "senderTitle", "recipients.msisdn": "phone_no", "quote.credits": "smsPrice",
    }  # fmt: skip
    assert "send.uuid: messageId" in hints, (
        "the answer to a send is first met when one is made, so it is only hinted at"
    )
    mapping["send.uuid"] = "messageId"
    history.write("mesms.yaml", PROJECT.replace("timeout: 5s", f"timeout: 5s, fields: {json.dumps(mapping)}"))
    history.campaign("another", content="One more thing")
    assert history.apply().code == 0
    assert history.status()["another"]["phase"] == "scheduled"


def test_each_field_that_matters_is_missed_when_it_is_gone(history: Project, sandbox: Running) -> None:
    """A field under a name that nothing suggests is a fail if answers cannot be read without it, else a warning."""
    for wanted, field in ANSWER_FIELDS.items():
        answer_, _, name = wanted.partition(".")
        if field.need is Need.ADDS or answer_ == "send":
            continue
        kinds = {
            "quote": ("cost",), "message": ("list.rows", "message"), "list": ("list",), "balance": ("balance",),
            "recipients": ("recipients",) if name == "data" else ("recipients.rows",),
            "senders": ("senders",) if name == "data" else ("senders.rows",),
        }[answer_]  # fmt: skip
        with sandbox.lock:
            sandbox.world.names = {kind: {name: "zzz"} for kind in kinds}
        ran = history.run("doctor", "--json", "--preview")
        decides = field.need is Need.DECIDES
        assert ran.code == int(decides), (wanted, ran.out)
        shape = [one for one in ran.json["lines"] if one["check"] == f"shape.{answer_}"]
        found = [one["verdict"] for one in shape if f": {name} is not" in one["found"]]
        assert found == ["fail" if decides else "warn"], wanted


def test_a_mapping_that_nothing_needs_is_told(project: Project) -> None:
    project.write("mesms.yaml", PROJECT.replace("timeout: 5s", "timeout: 5s, fields: {balance.balance: amount}"))
    ran = project.run("doctor", "--json")
    assert (ran.code, line(ran, "api.fields")["verdict"]) == (0, "warn")
    assert "take balance.balance out" in line(ran, "api.fields")["next"]


def test_a_wrong_key_is_one_line_and_nothing_else_is_asked(project: Project, sandbox: Running) -> None:
    ran = project.run("doctor", "--json", MESMS_API_KEY="wrong-key-0123456789")
    assert ran.code == 1
    assert line(ran, "key.accepted")["verdict"] == "fail"
    assert "wrong-key" not in ran.out + ran.err
    assert len(sandbox.requests) == 1


def test_a_key_without_a_scope_is_fine_and_its_scope_is_not_known(project: Project, sandbox: Running) -> None:
    """Only sending would tell what a key may do, so nothing is tried: with nothing sent yet it is a warning."""
    ran = project.run("doctor", "--json", MESMS_API_KEY=sandbox.read_key)
    assert ran.code == 0
    assert line(ran, "key.scope")["verdict"] == "warn"
    assert sends(sandbox) == 0


def test_an_accepted_send_is_evidence_of_the_scope(history: Project) -> None:
    assert line(history.run("doctor", "--json"), "key.scope")["verdict"] == "ok"


def test_a_key_that_may_not_read_is_told_so(project: Project, sandbox: Running) -> None:
    sandbox.arm(Fault("status", method="GET", status=403, times=None, code="FORBIDDEN"))
    ran = project.run("doctor", "--json")
    assert ran.code == 1
    assert "reading needs no scope" in line(ran, "key.accepted")["next"]
    assert line(ran, "account")["found"] == "nothing else was asked of the account"


def test_no_key_at_all(project: Project, sandbox: Running) -> None:
    """The rest is looked at all the same, and no request is made."""
    project.env.pop("MESMS_API_KEY")
    ran = project.run("doctor", "--json")
    assert ran.code == 1
    assert line(ran, "key.present")["verdict"] == "fail"
    assert {"state.read", "policy"} <= verdicts(ran).keys()
    assert not sandbox.requests


def test_offline_asks_nobody(project: Project, sandbox: Running) -> None:
    ran = project.run("doctor", "--offline", "--json")
    assert (ran.code, line(ran, "account")["verdict"]) == (0, "ok")
    VALIDATOR.validate(ran.json)
    assert not sandbox.requests
    assert project.run("doctor", "--offline", "--preview").code == 64


def test_a_proxys_page_in_place_of_the_account(project: Project) -> None:
    """A page with HTTP 200, and one with 403: one fail, whose next step is the address, and no shapes."""
    for status in (200, 403):
        with served(Loopback(page(status))) as proxy:
            ran = project.run("doctor", "--json", MESMS_BASE_URL=proxy.url)
        assert ran.code == 1
        found = [one for one in ran.json["lines"] if one["verdict"] == "fail"]
        assert len(found) == 1
        assert "web page" in found[0]["found"]
        assert "api.base_url" in found[0]["next"]
        assert ran.json["answers"][0]["shape" if status == 200 else "refusal"] == "a web page"


STRANGERS = {
    "a page with 502": (
        page(502),
        "balance: ME-SMS answered HTTP 502 (a web page came with it, as a proxy's)",
        "in a while",
    ),
    "a redirect": (
        answer(302, {"see": "there"}, location="https://login.example/?a=b"),
        "account: the answer was a redirect to login.example (HTTP 302); it was not followed",
        "check api.base_url",
    ),
    "another path": (
        answer(404, {"error": "Not Found"}),
        "(ME-SMS refused: Not Found; HTTP 404)",
        "check api.base_url in mesms.yaml (or MESMS_BASE_URL) and the proxy on the way: it ends in /api/v2",
    ),
    "null": (
        answer(200, None),
        "balance: the answer of ME-SMS lacks balance (the answer was null)",
        "check api.base_url",
    ),
    "packed rubbish": (
        answer(200, b"\x1f\x8bno", content_encoding="gzip"),
        "account: the answer of ME-SMS broke off",
        "in a while",
    ),
    "not a word": (close, "account: the answer of ME-SMS broke off", "in a while"),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_answers_in_place_of_the_account_is_one_line(stranger: str, project: Project) -> None:
    """What was looked at, what came, what to do; and nothing else is asked of it."""
    script, found, step = STRANGERS[stranger]
    with served(Loopback(script)) as server:
        ran = project.run("doctor", "--json", MESMS_BASE_URL=server.url)
        targets = {heard.target for heard in server.heard}
    assert ran.code == 1
    (told,) = [one for one in ran.json["lines"] if one["verdict"] == "fail"]
    assert found in told["found"]
    assert step in told["next"]
    assert targets == {"/api/v2/sms/credit/balance"}
    assert line(ran, "account")["found"] == "nothing else was asked of the account"


def test_an_answer_that_is_packed_is_read(project: Project) -> None:
    """gzip, as a proxy may pack it without being asked."""
    packed = answer(200, gzip.compress(b'{"balance": 7}'), content_encoding="gzip")
    with served(Loopback(packed, answer(404, {"error": "no"}))) as server:
        ran = project.run("doctor", "--json", MESMS_BASE_URL=server.url)
    assert line(ran, "account.balance")["found"].startswith("key and balance: 7 credits")


def test_a_key_of_another_account_is_told_by_our_own_message(history: Project, sandbox: Running) -> None:
    """It reads well, and yet nothing of ours could be read or cancelled with it; no scope would help."""
    ran = history.run("doctor", "--json", MESMS_API_KEY=sandbox.other_key)
    assert ran.code == 1
    assert "of another account" in line(ran, "account.lag")["found"]
    assert "scope" not in line(ran, "account.lag")["next"]


def test_on_a_terminal_lines_are_as_wide_as_it_is(history: Project) -> None:
    """Forty columns: nothing is cut, no word is broken, and what to do stands below its line."""
    with OnTerminal(history, "doctor", columns=40, lines=150) as terminal:
        assert terminal.ended() == 0
    told = str(terminal.screen)
    assert told.split() == history.run("doctor").out.split()
    assert all(line.startswith(("ok ", "warn ", "      ")) for line in told.splitlines())


def test_nothing_listens(project: Project) -> None:
    """No network: a line says which address, in the time that a read is repeated, and the rest is looked at."""
    ran = project.run("doctor", "--json", MESMS_BASE_URL="http://127.0.0.1:9/api/v2")
    assert ran.code == 1
    assert line(ran, "account.reached")["verdict"] == "fail"
    assert "policy" in verdicts(ran)


def test_the_names_of_rate_headers_are_shown_and_nothing_of_their_values(project: Project) -> None:
    told = answer(200, {"balance": 5}, x_ratelimit_remaining="4711", x_secret="hunter2")
    with served(Loopback(told, answer(404, {"error": "no"}))) as server:
        ran = project.run("doctor", "--json", MESMS_BASE_URL=server.url)
    assert line(ran, "account.rate")["found"] == "rate headers: x-ratelimit-remaining"
    assert "4711" not in ran.out
    assert "hunter2" not in ran.out


def test_a_clock_that_is_hours_off(project: Project, sandbox: Running) -> None:
    """By days in the fixture; by three hours here; and within a minute it is right."""
    for hours, verdict in ((3, "warn"), (-3, "warn"), (0, "ok")):
        with sandbox.lock:
            sandbox.reset(now=datetime.now(UTC) + timedelta(hours=hours), mode="real")
        ran = project.run("doctor", "--json")
        found = line(ran, "account.clock")
        assert found["verdict"] == verdict
        if hours:
            assert ("3 hours behind" in found["found"]) == (hours > 0), found


def test_a_listing_that_lags(history: Project, sandbox: Running) -> None:
    """A message that is known but not listed yet is named with its age; recovery may find such a one late."""
    with sandbox.lock:
        sandbox.world.listing_lag = timedelta(hours=5)
    history.campaign("unseen", content="Not listed yet")
    history.apply()
    sandbox.advance(timedelta(minutes=30))
    ran = history.run("doctor", "--json")
    assert line(ran, "account.lag")["found"] == (
        "listing lag: the newest message of ours, 30 minutes old, is known but not listed"
    )
    sandbox.advance(timedelta(hours=5))
    assert line(history.run("doctor", "--json"), "account.lag")["verdict"] == "ok"


def test_an_account_without_a_message_has_shapes_that_were_not_met(project: Project) -> None:
    ran = project.run("doctor", "--json")
    assert ran.code == 0
    unmet = line(ran, "shape.unmet")["found"]
    assert unmet.endswith("send (nothing is sent here), price (--preview asks for one), message, recipients")
    assert not {"shape.message", "shape.recipients"} & verdicts(ran).keys()
    assert verdicts(ran)["shape.list"] == "ok"


def test_a_sender_that_the_policy_allows_and_the_account_does_not(project: Project) -> None:
    project.write("mesms.yaml", f"{PROJECT}policy: {{senders: [SiamCoffee, NotYet]}}\n")
    ran = project.run("doctor", "--json")
    assert "NotYet" in line(ran, "policy.senders")["found"]
    assert line(ran, "policy")["found"] == "policy: no max_recipients and no max_credits"


def test_the_stop_and_the_lock_are_seen(history: Project) -> None:
    history.run("stop", "--all")
    ran = history.run("doctor", "--json")
    assert line(ran, "state.freeze")["verdict"] == "warn"
    assert line(ran, "state.lock")["verdict"] == "ok"


def test_text_and_json_say_the_same(history: Project) -> None:
    told = history.run("doctor", "--json").json["lines"]
    text = history.run("doctor").out.splitlines()
    expected = []
    for one in told:
        expected.append(f"{one['verdict']:<5} {one['found']}")
        if one["next"]:
            expected.append(f"      next: {one['next']}")
    assert text == expected


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_home_that_cannot_be_written(history: Project, tmp_path: Path) -> None:
    """A read-only HOME and project folder: `doctor` changes nothing, so it needs neither."""
    before = sorted(history.root.rglob("*"))
    os.chmod(tmp_path / "home", 0o500)  # noqa: PTH101  # the same for a folder
    try:
        ran = history.run("doctor", "--json")
    finally:
        os.chmod(tmp_path / "home", 0o700)  # noqa: PTH101
    assert ran.code == 0, ran.err
    assert sorted(history.root.rglob("*")) == before


def test_schema_is_printed(project: Project) -> None:
    assert project.run("schema", "doctor").json == SCHEMA
    Draft202012Validator.check_schema(SCHEMA)
