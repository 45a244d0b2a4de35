"""`doctor` against accounts that answer in the right shapes and behave wrongly: each quirk is its own line."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.cli.test_doctor import verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Project, Ran

NEWEST = datetime(2027, 4, 1, 12, 0, tzinfo=UTC)


@dataclass
class Odd:
    """An account of ``messages`` with sixty recipients each, as the reference has it but for its ``quirks``."""

    quirks: frozenset[str] = frozenset()
    messages: int = 7
    asked: list[str] = field(default_factory=list)

    def rows(self) -> list[dict[str, Any]]:
        made = [NEWEST - timedelta(hours=each) for each in range(self.messages)]
        if "oldest first" in self.quirks:
            made.reverse()
        return [
            {
                "uuid": f"u-{number}",
                "sender": "SiamCoffee",
                "content": "Hello",
                "status": self.word(number),
                "total": 61 if "sums" in self.quirks else 60,
                "createdAt": moment.isoformat(),
            }
            for number, moment in enumerate(made)
        ]

    def word(self, number: int) -> object:
        """The state of a message; one of seven is none at all where a row is to be unreadable."""
        if "unreadable row" in self.quirks and number == 0:
            return 7
        return "teleported" if "words" in self.quirks else "sent"

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if path == "/sms/credit/balance":
            return 200, {"balance": 5}
        if path == "/senders":
            standing = "pending" if "no sender" in self.quirks else "approved"
            return 200, {"data": [{"name": "SiamCoffee", "status": standing}]}
        if path == "/sms":
            return 200, self.listing(query)
        if path.endswith("/recipients"):
            return 200, self.recipients(query)
        uuid = path.removeprefix("/sms/")
        if not uuid.startswith("u-"):
            if "everything is known" in self.quirks:
                return 200, {"uuid": uuid, "status": "sent"}
            return (500, {"error": "oops"}) if "errors" in self.quirks else (404, {"error": "not found"})
        if "forgets" in self.quirks:
            return 404, {"error": "not found"}
        summary = {} if "no summary" in self.quirks else {"drSummary": {"success": 50, "failed": 10}}
        if "states" in self.quirks:
            summary = {"drSummary": {"success": 50, "vanished": 10}}
        return 200, {**self.rows()[int(uuid[2:])], **summary}

    def listing(self, query: dict[str, str]) -> dict[str, Any]:
        rows = self.rows()
        if "window" not in self.quirks and "no filter" not in self.quirks:
            bounds = {"from": lambda made, end: made >= end, "to": lambda made, end: made <= end}
            for name, keeps in bounds.items():
                if name in query:
                    end = datetime.fromisoformat(query[name])
                    rows = [row for row in rows if keeps(datetime.fromisoformat(row["createdAt"]), end)]
        if "window" in self.quirks and "from" in query:
            rows = []  # as an account would that takes the times for local ones
        limit, page = int(query["limit"]), int(query["page"])
        if "limit" in self.quirks:
            limit = 5
        if "repeats" in self.quirks:
            page = 1
        if "ends early" in self.quirks and page > 1:
            return {"data": [], "page": page, "total": len(rows)}
        return {"data": rows[(page - 1) * limit : page * limit], "page": page, "total": len(rows)}

    def recipients(self, query: dict[str, str]) -> dict[str, Any]:
        after = 0 if "recipients repeat" in self.quirks else int(query["after"])
        everybody = [{"msisdn": f"668000000{n:02}", "status": "failed" if n % 6 == 0 else "success"} for n in range(60)]
        if "no state filter" not in self.quirks and "status" in query:
            everybody = [row for row in everybody if row["status"] == query["status"]]
        shown = everybody[after : after + (60 if "large pages" in self.quirks else 50)]
        cursor = int(query["after"]) + len(shown)
        more = cursor < len(everybody)
        summary = [{"status": "success", "count": 50}, {"status": "failed", "count": 10}]
        return {"data": shown, "nextCursor": cursor if more else None, "hasMore": more, "summary": summary}


@contextmanager
def served(odd: Odd) -> Iterator[str]:
    """The base address of ``odd`` over HTTP."""

    class Speaks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            odd.asked.append(self.path)
            code, body = odd.answer(target.path.removeprefix("/api/v2"), dict(parse_qsl(target.query)))
            raw = json.dumps(body).encode()
            self.send_response_only(code)
            if "no date" not in odd.quirks:
                self.send_header("date", self.date_time_string())
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Speaks)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/api/v2"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def looked(project: Project, *quirks: str, messages: int = 7) -> Ran:
    """`doctor` at an account with these quirks."""
    with served(Odd(frozenset(quirks), messages)) as url:
        return project.run("doctor", "--json", MESMS_BASE_URL=url)


WELL = {
    "account.balance", "account.senders", "account.clock", "account.listing", "account.paging", "account.window",
    "account.message", "account.recipients", "account.lag", "account.errors", "account.rate",
}  # fmt: skip


def test_an_account_as_the_reference_has_it_is_well(project: Project) -> None:
    """The stand-in without quirks gives nothing but ok, so that each quirk below is what makes its line."""
    found = verdicts(looked(project))
    assert {check: found[check] for check in WELL} == dict.fromkeys(WELL, "ok")
    assert not {"account.order", "account.words"} & found.keys()


@pytest.mark.parametrize(
    ("quirk", "check", "verdict", "words"),
    [
        ("unreadable row", "account.listing", "fail", "1 of 7 messages on the first page cannot be read (status"),
        ("repeats", "account.paging", "fail", "the second page is the first again"),
        ("ends early", "account.paging", "fail", "the second page is empty"),
        ("limit", "account.paging", "warn", "asked for 2 messages, 5 came"),
        ("window", "account.window", "fail", "does not find it"),
        ("no filter", "account.window", "warn", "from and to are not kept to"),
        ("oldest first", "account.order", "warn", "not newest first"),
        ("words", "account.words", "warn", "teleported"),
        ("forgets", "account.message", "warn", "not known when it is asked for"),
        ("no summary", "account.message", "warn", "no drSummary"),
        ("states", "account.message", "warn", "vanished"),
        ("recipients repeat", "account.recipients", "fail", "repeats numbers"),
        ("large pages", "account.recipients", "warn", "60 on a page of 50"),
        ("no state filter", "account.recipients", "warn", "asked for failed alone"),
        ("sums", "account.recipients", "warn", "the summary counts 60, the message 61"),
        ("everything is known", "account.errors", "fail", "does not exist was answered"),
        ("no sender", "account.senders", "fail", "no sender is approved"),
        ("no date", "account.clock", "warn", "no Date"),
    ],
)
def test_each_quirk_has_its_line(quirk: str, check: str, verdict: str, words: str, project: Project) -> None:
    """The verdict, words for people and a next step; a fail is exit 1, and the other looks are made all the same."""
    ran = looked(project, quirk)
    (line,) = [one for one in ran.json["lines"] if one["check"] == check and one["verdict"] != "ok"]
    assert (line["verdict"], ran.code) == (verdict, int(verdict == "fail"))
    assert words in line["found"]
    assert line["next"]
    assert "policy" in verdicts(ran)


def test_a_row_that_cannot_be_read_hides_nothing_else(project: Project) -> None:
    """The other looks go on with the rows that can be read, and the field is named."""
    found = verdicts(looked(project, "unreadable row"))
    assert {check: found[check] for check in WELL - {"account.listing"}} == dict.fromkeys(
        WELL - {"account.listing"}, "ok"
    )


def test_an_unknown_message_that_breaks_the_server(project: Project) -> None:
    """A 500 in place of a 404 is asked again as any read, and then told."""
    ran = looked(project, "errors")
    assert verdicts(ran)["account.errors"] == "warn"


def test_few_messages_are_no_reason_to_doubt(project: Project) -> None:
    for messages in (0, 1, 2):
        assert "fail" not in verdicts(looked(project, "repeats", messages=messages)).values()
