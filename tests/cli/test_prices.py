"""What is asked for a price, what is remembered of it, and what was charged in the end."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.cli.known_prices import FOLDER, KEPT_FOR, LEARNED_FOR, KnownPrices
from mesms_gitops.cli.wiring import hash_key, workplace
from mesms_gitops.model.campaign import At
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.observation import Quote
from mesms_gitops.model.sends import DesiredSend, TemplateContent, TextContent
from mesms_gitops.planning.cost import CostClass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.sandbox.server import Running

    from .conftest import Project

NOON = datetime(2027, 4, 1, 5, 0, tzinfo=UTC)


@pytest.fixture
def saving(project: Project, tmp_path: Path) -> Project:
    """A project with two campaigns, and a folder for caches."""
    project.extra["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    project.campaign("one")
    project.campaign("two", recipients=[{"numbers": ["0800000003"]}])
    return project


def asked(sandbox: Running, do: Callable[[], object]) -> int:
    """How many previews ``do`` asks for."""
    sandbox.requests.clear()
    do()
    return sum(str(entry["path"]).endswith("/preview-cost") for entry in sandbox.requests)


def kept(project: Project) -> list[Path]:
    """The files in which prices are remembered."""
    return sorted(Path(project.extra["XDG_CACHE_HOME"]).glob(f"mesms-gitops/{FOLDER}/*"))


def shown(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan without what is another in every plan."""
    return {name: value for name, value in plan.items() if name not in {"created_at", "expires_at"}}


# --- asked once -------------------------------------------------------------------------------------------------------


def test_a_second_plan_asks_for_no_price_and_says_the_same(saving: Project, sandbox: Running) -> None:
    plans: list[Any] = []
    assert asked(sandbox, lambda: plans.append(saving.plan())) == 2
    assert asked(sandbox, lambda: plans.append(saving.plan())) == 0
    assert shown(plans[0]) == shown(plans[1])
    assert plans[1]["actions"][0]["credits_source"] == "preview"


@pytest.mark.parametrize(
    "change",
    [
        {"content": "Your order one is readY"},
        {"sender": "SiamTea"},
        {"recipients": [{"numbers": ["0800000001", "0800000002", "0800000003"]}]},
        {"recipients": [{"numbers": ["0800000001", "0800000009"]}]},
    ],
)
def test_only_what_changed_is_asked_about_again(saving: Project, sandbox: Running, change: dict[str, Any]) -> None:
    """One byte of the text, the sender, one person more, another person."""
    saving.plan()
    saving.campaign("one", **change)
    assert asked(sandbox, lambda: saving.run("plan")) == 1
    assert asked(sandbox, lambda: saving.run("plan")) == 0


def test_another_account_is_asked_anew(saving: Project, sandbox: Running) -> None:
    """Here the same one under another address; for another key see below."""
    saving.plan()
    other = sandbox.base_url.replace("127.0.0.1", "localhost")
    assert other != sandbox.base_url
    assert asked(sandbox, lambda: saving.plan(MESMS_BASE_URL=other)) == 2
    assert asked(sandbox, saving.plan) == 0


def test_apply_asks_for_every_price(saving: Project, sandbox: Running) -> None:
    saving.plan()
    assert asked(sandbox, saving.apply) == 2


def test_without_a_cache_nothing_is_remembered_or_believed(saving: Project, sandbox: Running) -> None:
    assert asked(sandbox, lambda: saving.plan(MESMS_NO_CACHE="1")) == 2
    assert kept(saving) == []
    saving.plan()
    assert asked(sandbox, lambda: saving.plan(MESMS_NO_CACHE="1")) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: b"",
        lambda body: body[:-9],
        lambda body: body.replace(b'"answers"', b'"answerz"'),
        lambda body: body.replace(b"[1, 2, 2,", b"[1, 2, 1,"),
        lambda body: b"\xff" + body,
        lambda body: body.partition(b"\n")[0] + b"\n[]",
    ],
)
def test_a_damaged_memory_is_none(saving: Project, sandbox: Running, damage: Callable[[bytes], bytes]) -> None:
    first = saving.plan()
    (file,) = kept(saving)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert file.read_bytes() != whole
    plans: list[Any] = []
    assert asked(sandbox, lambda: plans.append(saving.plan())) == 2
    assert shown(plans[0]) == shown(first)


def test_what_is_remembered_names_nobody(saving: Project) -> None:
    """Digests and figures, for this user alone: no number, text, sender, campaign, address or key."""
    saving.plan()
    (file,) = kept(saving)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    body = json.loads(file.read_bytes().partition(b"\n")[2])
    assert sorted(body) == ["answers", "learned"]
    for digest, entry in body["answers"].items():
        assert len(digest) == 40
        assert set(digest) <= set("0123456789abcdef")
        assert [type(one) for one in entry] == [int, int, int, float]


# --- how long, and for whom -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clock:
    """A moment that stands still."""

    moment: datetime

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Nobody waits here."""


def sent(**more: Any) -> DesiredSend:
    """One send to three people."""
    facts: dict[str, Any] = {
        "fingerprint": "f1",
        "sender": "SiamCoffee",
        "content": TextContent("Hello"),
        "when": At(NOON + timedelta(days=1), "Asia/Bangkok"),
        "numbers": Numbers([800000001, 800000002, 800000003]),
        "group_id": None,
        "parts": 1,
        "encoding": "GSM-7",
        "text_digest": "t",
        "audience_digest": "a",
    }
    return DesiredSend(**{**facts, **more})


ONE = CostClass(("a", "GSM-7", 1, 0, 0), (sent(),))
LIKE_IT = CostClass(("b", "GSM-7", 1, 0, 0), (sent(fingerprint="f2"),))
DEAR = Quote(1, 3, 6)


@pytest.fixture
def here(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project, with its environment in this process."""
    project.extra["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MESMS_API_KEY", "test_one")
    monkeypatch.delenv("MESMS_NO_CACHE", raising=False)
    monkeypatch.delenv("MESMS_HASH_KEY", raising=False)
    monkeypatch.delenv("MESMS_BASE_URL", raising=False)
    return project


def memory(project: Project, after: float = 0, *, lineage: str = "0f3a", may_recall: bool = True) -> KnownPrices:
    """What is remembered, so many seconds after noon."""
    place = replace(workplace(str(project.root)), clock=Clock(NOON + timedelta(seconds=after)))  # type: ignore[arg-type]  # a clock that stands
    return KnownPrices(place, hash_key(lineage), may_recall=may_recall)


def remember(project: Project, quote: Quote = DEAR) -> None:
    """That ``quote`` was the answer about `ONE`, at noon."""
    prices = memory(project)
    prices.learn(ONE, quote)
    prices.keep()


@pytest.mark.parametrize(("after", "is_known"), [(0, True), (KEPT_FOR - 1, True), (KEPT_FOR, False), (-1, False)])
def test_an_answer_holds_an_hour(here: Project, after: int, is_known: bool) -> None:
    """And not at all where the clock was put back."""
    remember(here)
    assert memory(here, after).known(ONE) == (DEAR if is_known else None)


@pytest.mark.parametrize(("after", "is_known"), [(LEARNED_FOR - 1, True), (LEARNED_FOR, False)])
def test_what_was_learned_holds_a_month_and_for_its_like(here: Project, after: int, is_known: bool) -> None:
    remember(here)
    assert memory(here, after).learned(LIKE_IT) == (DEAR if is_known else None)
    assert memory(here, after).known(LIKE_IT) is None


@pytest.mark.parametrize(
    "other", [{"sender": "SiamTea"}, {"parts": 2}, {"encoding": "UCS-2"}, {"content": TemplateContent(42, {}, "Hello")}]
)
def test_of_another_kind_nothing_was_learned(here: Project, other: dict[str, Any]) -> None:
    """Sender, parts, encoding, saved template."""
    remember(here)
    assert memory(here).learned(CostClass(("b", "", 0, 0, 0), (sent(**other),))) is None


def test_an_answer_as_estimated_ends_what_was_learned(here: Project) -> None:
    remember(here)
    remember(here, Quote(1, 3, 3))
    assert memory(here).learned(LIKE_IT) is None


def test_another_key_of_any_kind_knows_nothing(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API key, the hash key, the lineage, the address; but what was learned does for any API key, also for none."""
    remember(here)
    assert memory(here, lineage="other").known(ONE) is None
    monkeypatch.setenv("MESMS_API_KEY", "test_two")
    assert memory(here).known(ONE) is None
    monkeypatch.delenv("MESMS_API_KEY")
    assert memory(here).known(ONE) is None
    assert memory(here).learned(ONE) == DEAR
    monkeypatch.setenv("MESMS_BASE_URL", "http://127.0.0.1:9/api")
    assert memory(here).learned(ONE) is None
    monkeypatch.delenv("MESMS_BASE_URL")
    monkeypatch.setenv("MESMS_HASH_KEY", "a secret")
    assert memory(here).learned(ONE) is None


def test_an_edited_figure_is_not_believed(here: Project) -> None:
    """Neither of an answer nor of what was learned: the first line no longer fits."""
    remember(here)
    (file,) = kept(here)
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"[1, 3, 6,", b"[1, 3, 5,"))
    assert file.read_bytes() != whole
    assert (memory(here).known(ONE), memory(here).learned(LIKE_IT)) == (None, None)
    file.write_bytes(whole)
    assert (memory(here).known(ONE), memory(here).learned(LIKE_IT)) == (DEAR, DEAR)


def test_who_may_not_recall_still_learns(here: Project) -> None:
    remember(here)
    assert memory(here, may_recall=False).known(ONE) is None


@pytest.mark.parametrize(
    "more", [{"numbers": None, "group_id": 5}, {"content": TemplateContent(42, {}, "Hello")}], ids=["group", "template"]
)
def test_a_price_that_hangs_on_me_sms_alone_is_asked_each_time(here: Project, more: dict[str, Any]) -> None:
    """The members of a contact group may be others by now, and so may the text of a saved template."""
    found = CostClass(("a", "GSM-7", 1, 5, 0), (sent(**more),))
    prices = memory(here)
    prices.learn(found, Quote(1, 3, 3))
    prices.learn(ONE, DEAR)
    prices.keep()
    assert memory(here).known(found) is None
    assert memory(here).known(ONE) == DEAR


# --- another price than estimated -------------------------------------------------------------------------------------


@contextmanager
def dearer(sandbox: Running, path: str) -> Iterator[str]:
    """A relay before the sandbox whose answers to ``path`` ask twice the credits; gives its address."""

    class Relay(BaseHTTPRequestHandler):
        def relay(self) -> None:
            """Pass it on, and double what comes back."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            address = sandbox.base_url.split("/api/")[0] + self.path
            kept = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
            request = urllib.request.Request(address, data=body, headers=kept, method=self.command)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    status, headers, text = answer.status, answer.headers, answer.read()
            except urllib.error.HTTPError as error:
                with error:
                    status, headers, text = error.code, error.headers, error.read()
            if self.path.endswith(path):
                text = json.dumps(_doubled(json.loads(text))).encode()
            self.send_response_only(status)
            for name in ("Date", "Content-Type"):
                self.send_header(name, headers[name])
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = relay  # noqa: N815  the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/" + sandbox.base_url.split("/api/")[1]
        server.shutdown()


def _doubled(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: value * 2 if key == "credits" else _doubled(value) for key, value in answer.items()}
    return answer


def test_another_price_is_said_and_corrects_the_next_estimate(saving: Project, sandbox: Running) -> None:
    """In text, Markdown, JSON and HTML; the estimate stays one, and says what it rests on."""
    before = saving.run("plan", "--offline").out
    assert "2 (estimate, not from ME-SMS)" in before
    with dearer(sandbox, "/preview-cost") as address:
        saving.extra["MESMS_BASE_URL"] = address
        plan = saving.plan()
        said = " ".join(saving.run("plan").out.split())
    assert [(action["credits"], action["credits_source"]) for action in plan["actions"]] == [
        (4, "preview"),
        (2, "preview"),
    ]
    assert [found["code"] for found in plan["actions"][0]["diagnostics"]] == ["MS559"]
    assert "ME-SMS asks 2 credits a part for SiamCoffee (GSM-7, 1 part), the estimate said 1" in said
    saving.campaign("three", recipients=[{"numbers": ["0800000004", "0800000005", "0800000006"]}])
    offline = saving.plan("--offline", MESMS_API_KEY="")
    told = {action["campaign"]: action for action in offline["actions"]}["three"]
    assert (told["credits"], told["credits_source"], told["credits_learned"]) == (6, "estimate", True)
    for how in ("text", "markdown"):
        out = " ".join(saving.run("plan", "--offline", "--format", how).out.split())
        assert "6 (estimate, learned from what ME-SMS asked before)" in out, how
        assert "about 12 credits (estimate)" in out, how
    assert (
        "6 (estimate, learned from what ME-SMS asked before)" in saving.run("plan", "--offline", "--format", "html").out
    )
    blank = saving.plan("--offline", MESMS_NO_CACHE="1")
    assert [(one["credits"], one["credits_learned"]) for one in blank["actions"]] == [
        (2, False),
        (3, False),
        (1, False),
    ]


# --- planned and charged ----------------------------------------------------------------------------------------------


def test_what_was_charged_stands_beside_what_was_planned(saving: Project, sandbox: Running) -> None:
    """In state, status and every format of the report; status speaks of it only where they differ."""
    assert saving.apply().code == 0
    assert [send["quoted"] for send in _sends(saving)] == [2, 1]
    assert "planned" not in saving.run("status", "one").out
    saving.campaign("three", recipients=[{"numbers": ["0800000004", "0800000005", "0800000006"]}])
    with dearer(sandbox, "/sms/send") as address:
        saving.extra["MESMS_BASE_URL"] = address
        assert saving.apply().code == 0
    del saving.extra["MESMS_BASE_URL"]
    (send,) = saving.status()["three"]["sends"]
    assert (send["planned_credits"], send["credits"]) == (3, 6)
    assert "6 charged, 3 planned (+3)" in saving.run("status", "three").out
    assert "6 (+3)" in saving.run("status").out
    assert "2 (" not in saving.run("status").out


def _sends(project: Project) -> list[dict[str, Any]]:
    campaigns = json.loads(project.state)["campaigns"]
    return [send for name in sorted(campaigns) for send in campaigns[name]["sends"]]


def test_a_state_from_before_knows_no_plan(saving: Project) -> None:
    """It reads, and says nothing of what was planned."""
    assert saving.apply().code == 0
    file = saving.root / ".mesms/state.json"
    old = json.loads(file.read_text(encoding="utf-8"))
    for campaign in old["campaigns"].values():
        for send in campaign["sends"]:
            del send["quoted"]
    file.write_text(json.dumps(old, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    assert saving.status()["one"]["planned_credits"] is None
    assert saving.plan()["has_changes"] is False
