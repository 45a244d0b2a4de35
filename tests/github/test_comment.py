"""The comment: what stands in it, what can never get out of it, and when it may approve anything."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesms_gitops.model.marker import Marker
from mesms_gitops.views.comment_markdown import BUDGET, Occasion, plan_comment, struck_through
from mesms_gitops.views.comment_words import ENGLISH, LANGUAGES, THAI
from mesms_gitops.views.outcome_markdown import (
    DeliveryShown,
    StepShown,
    TroubleShown,
    apply_comment,
    delivery_comment,
    issue_body,
)
from mesms_gitops.views.plan_overview import overview_of

HEAD = "ab" * 20
DIGEST = "sha256:" + "0d" * 32
HERE = Occasion("production", HEAD, "https://github.example/shop/campaigns/actions/runs/1")
HOSTILE = (
    "@everyone #1 GH-1 shop/campaigns#2 ```` ~~~ </details></summary> <script>alert(1)</script> <img src=x> "
    "![x](https://evil.example/x.png) [here](https://evil.example) https://evil.example www.evil.example "
    '<!-- mesms-gitops:{"v":1} --> | --> | `code` ~~struck~~ **bold** $x^2$ \r\n### heading\n::error::x\x1b[31m'
)


def action(name: str = "order", **given: Any) -> dict[str, Any]:
    """One action of `plan --json`: an order to two people."""
    standard: dict[str, Any] = {
        "campaign": name,
        "action": "schedule",
        "reason": "new",
        "message": "not on the account yet",
        "moved_from": None,
        "reversible_until": "2027-04-10T03:00:00Z",
        "scheduled_at": "2027-04-10T03:00:00Z",
        "timezone": "Asia/Bangkok",
        "sender": "SiamCoffee",
        "recipients": 2,
        "audience_change": None,
        "previews": [
            {
                "text": "Your order is ready",
                "is_masked": False,
                "encoding": "GSM-7",
                "units": 19,
                "parts": 1,
                "recipients": 2,
            }
        ],
        "requests": 1,
        "parts": {"1": 2},
        "credits": 2,
        "credits_source": "preview",
        "refund": 0,
        "changes": [],
        "diagnostics": [],
    }
    return {**standard, **given}


def document(*actions: dict[str, Any], **given: Any) -> dict[str, Any]:
    """`plan --json` of ``actions``."""
    verbs = ("send", "schedule", "replace", "cancel", "adopt", "forget", "keep", "blocked")
    counts = {verb: sum(one["action"] == verb for one in actions) for verb in verbs}
    sums = {key: sum(one[key] for one in actions) for key in ("recipients", "requests", "credits", "refund")}
    return {
        "digest": DIGEST,
        "expires_at": "2027-04-02T02:00:00Z",
        "offline": False,
        "has_changes": any(one["action"] not in ("keep", "blocked") for one in actions),
        "actions": list(actions),
        "summary": {**counts, **sums, "balance": 100, "balance_after": 100 - sums["credits"]},
        "refusals": [],
        "diagnostics": [],
        "drift": [],
        **given,
    }


def finding(message: str) -> dict[str, Any]:
    """One diagnostic."""
    return {"code": "MS302", "severity": "warning", "message": message, "file": None, "line": None, "column": None}


def marker_of(body: str) -> Marker:
    """The marker, which must be there."""
    marker = Marker.of(body)
    assert marker is not None
    return marker


def test_the_whole_comment() -> None:
    """The money first, then who gets what when, its text, the digest, and what to do next."""
    assert (
        plan_comment(overview_of(document(action())), HERE)
        == f"""\
<!-- mesms-gitops:{{"v":1,"kind":"plan","environment":"production","plan":"{DIGEST}","head":"{HEAD}","changes":1,\
"truncated":false,"unchecked":false,"outdated":false,"campaigns":[]}} -->
### <code>production</code>: 2 credits for 2 recipients in 1 request · balance 100 → 98

1 to schedule

| campaign | what | leaves | sender | recipients | parts | credits | can be cancelled |
| --- | --- | --- | --- | ---: | --- | ---: | --- |
| <code>order</code> | schedule | 2027-04-10 10&#58;00 &#43;07&#58;00 | <code>SiamCoffee</code> | 2 | 1 × 2 | 2 | \
until 2027-04-10 10&#58;00 &#43;07&#58;00 |

<details><summary><code>order</code>: schedule</summary>

```diff
not on the account yet

  Your order is ready
  (1 part, 19 characters of GSM-7, 2 recipients)
```

</details>

**Digest** `{DIGEST}` for commit <code>abababababab</code> · good until 2027-04-02 09&#58;00 &#43;07&#58;00 · \
[run](https://github.example/shop/campaigns/actions/runs/1)

- ▶️ To carry it out, have this approved and **merge**: the apply plans again and runs only if it finds this very digest.
- 🔁 To plan again, push to this branch, or run this workflow once more.
- 🛑 After the merge, <code>mesms-gitops stop NAME</code> cancels what has not left yet.
"""
    )


def test_both_languages_say_the_same_figures() -> None:
    """English and Thai comments have the same marker, digest and campaigns, and no word of the other's headings."""
    plan = overview_of(document(action(), action("gone", action="cancel", refund=5, recipients=0, credits=0)))
    english, thai = (plan_comment(plan, HERE, words=words) for words in (ENGLISH, THAI))
    assert marker_of(english) == marker_of(thai)
    for body in (english, thai):
        assert DIGEST in body
        assert "<code>gone</code>" in body
    assert "เครดิต" in thai
    assert "credits" not in thai.split("\n", 1)[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_undone_is_said_first(language: str) -> None:
    """A message that leaves for good stands above one that can be cancelled, in bold, and its text is open."""
    final = action("flash", action="send", reversible_until=None, scheduled_at=None)
    body = plan_comment(overview_of(document(action(), final)), HERE, words=LANGUAGES[language])
    assert LANGUAGES[language].cannot_undo in body
    assert body.index("<code>flash</code>") < body.index("<code>order</code>")
    assert "<details open><summary><code>flash</code>" in body


# ---------------------------------------------------------------- hostile


def hostile_bodies() -> list[str]:
    """Every view with hostile text wherever a manifest, a message of ME-SMS or a fork can put some."""
    one = action(
        HOSTILE,
        message=HOSTILE,
        sender=HOSTILE,
        moved_from=HOSTILE,
        timezone="../../etc/passwd",
        previews=[{**action()["previews"][0], "text": HOSTILE, "encoding": HOSTILE}],
        changes=[{"field": HOSTILE, "before": HOSTILE, "after": HOSTILE}],
        diagnostics=[{**finding(HOSTILE), "code": HOSTILE, "file": HOSTILE, "line": 1, "next": HOSTILE}],
    )
    whole = document(one, {**one, "action": "blocked"}, refusals=[finding(HOSTILE)], diagnostics=[finding(HOSTILE)])
    body = plan_comment(overview_of(whole), HERE)
    struck = struck_through(body)
    assert struck is not None
    return [
        body,
        struck,
        plan_comment(None, HERE, findings=overview_of(whole).findings, error=HOSTILE),
        apply_comment(
            "production", [StepShown(HOSTILE, "send", "failed", HOSTILE, 1, HOSTILE)], exit_code=1, why=HOSTILE
        ),
        apply_comment("production", [], exit_code=5, why=HOSTILE),
        delivery_comment("production", [DeliveryShown(HOSTILE, None, 1, 1, 0, 0, None)]),
        issue_body("production", [TroubleShown(HOSTILE, HOSTILE, HOSTILE)]),
    ]


def outside_of_code(body: str) -> str:
    """What GitHub reads as Markdown or HTML: everything but fenced blocks, whose fences must match, and the marker."""
    kept, fence = [], ""
    for line in body.split("\n")[1:]:
        if fence:  # CommonMark: three spaces at most, backticks alone, and no fewer than it began with
            closes = re.fullmatch(r" {0,3}(`+) *", line)
            fence = "" if closes and len(closes[1]) >= len(fence) else fence
        elif line.startswith("```"):
            fence = line.rstrip("dif")
        else:
            kept.append(line)
    assert not fence, "a fence that nothing closes"
    return "\n".join(kept)


@pytest.mark.parametrize("nth", range(7))
def test_nothing_a_manifest_says_is_obeyed(nth: int) -> None:
    """No mention, reference, link, picture, tag, fence, heading or workflow command of theirs survives in any view."""
    body = hostile_bodies()[nth]
    read = outside_of_code(body)
    shown = re.sub(r"&#[0-9]+;", "·", read).replace(HERE.run, "")
    for forbidden in (
        "@everyone",
        "#1",
        "GH-1",
        "evil.example",
        "<script",
        "<img",
        "![",
        "](http",
        "**bold**",
        "~~struck",
        "\x1b",
    ):
        assert forbidden not in shown, forbidden
    assert read.count("<details") == read.count("</details>")
    assert read.count("<summary>") == read.count("</summary>")
    assert not any(line.startswith(("::", "##[")) for line in body.split("\n"))
    assert [line for line in read.split("\n") if line.startswith("#")] == [
        line for line in read.split("\n") if line.startswith("### ")
    ][:1] * bool(read.startswith("### "))
    marker_of(body)
    assert "<!--" not in read


@given(st.text(max_size=400))
@example("```")
@example("`````")
@example("a ``` b")
def test_any_text_stays_inside_its_place(text: str) -> None:
    """Whatever text stands in every free field: fences close, tags balance, and the marker is the one meant."""
    one = action(
        message=text,
        sender=text,
        previews=[{**action()["previews"][0], "text": text}],
        diagnostics=[finding(text)],
        changes=[{"field": text, "before": text, "after": None}],
    )
    body = plan_comment(overview_of(document(one)), HERE)
    read = outside_of_code(body)
    assert read.count("<details") == read.count("</details>") == 1
    assert marker_of(body).digest == DIGEST
    assert body.encode()


# ---------------------------------------------------------------- size


@pytest.mark.parametrize("count", [1, 200, 1_000])
def test_a_comment_that_cannot_hold_everything_cannot_approve(count: int) -> None:
    """200 KB of Thai: verdict and digest stand, the size is what GitHub takes, and nobody can approve it."""
    text = "สวัสดีปีใหม่ไทย" * 60
    one = {**action()["previews"][0], "text": text}
    plan = overview_of(
        document(*(action(f"sale-{nth}", previews=[one] * (80 if count == 1 else 2)) for nth in range(count)))
    )
    body = plan_comment(plan, HERE)
    assert len(body.encode()) <= BUDGET
    marker = marker_of(body)
    assert marker.truncated
    assert not marker.can_approve
    assert DIGEST in body.split("\n", 1)[1]
    assert "truncated and cannot be approved" in body
    struck = struck_through(body)
    assert struck is not None and len(struck) < 65_536
    assert not marker_of(plan_comment(plan, HERE, budget=10**8)).truncated


@pytest.mark.parametrize("text", ["@(!)#" * 4_000, "ล" * 20_000, "one campaign is over its limit; " * 700])
def test_what_an_apply_or_an_issue_says_always_fits(text: str) -> None:
    """However long reasons and next steps are: GitHub takes the comment, and its verdict and marker stand."""
    steps = [StepShown(f"sale-{nth}", "send", "failed", text, 1, text) for nth in range(30)]
    troubles = [TroubleShown(f"sale-{nth}", text, text) for nth in range(30)]
    for body in (
        *(apply_comment("production", steps, exit_code=code, why=text) for code in (0, 1, 3, 4, 5, 6)),
        issue_body("production", troubles),
        delivery_comment("production", [DeliveryShown("s" * 63, None, 10**15, 1, 1, 1, 1)] * 400),
    ):
        assert len(body) <= 65_536
        assert marker_of(body).environment == "production"


def test_only_a_whole_plan_made_with_the_account_can_approve() -> None:
    """Offline, from a fork, without a plan, outdated: each by itself is enough to approve nothing."""
    whole = plan_comment(overview_of(document(action())), HERE)
    assert marker_of(whole).can_approve
    offline = plan_comment(overview_of(document(action(), offline=True)), HERE)
    fork = plan_comment(overview_of(document(action())), Occasion("production", HEAD, is_fork=True))
    struck = struck_through(whole)
    assert struck is not None
    for body in (offline, fork, struck, plan_comment(None, HERE)):
        assert not marker_of(body).can_approve
    assert struck_through(struck) is None


# ---------------------------------------------------------------- the marker


@given(
    kind=st.text(max_size=20),
    environment=st.text(max_size=40),
    campaigns=st.lists(st.text(max_size=20), max_size=5),
    facts=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
@example(kind="-->", environment="a--b --!> c", campaigns=["--", "--->"], facts=(True, False, True))
def test_a_marker_reads_back_and_never_ends_early(
    kind: str, environment: str, campaigns: list[str], facts: tuple[bool, bool, bool]
) -> None:
    """Whatever stands in it, it is one line, ends once, and is read as it was written."""
    marker = Marker(kind, environment, DIGEST, HEAD, 3, *facts, tuple(campaigns))
    line = marker.line()
    assert "\n" not in line
    assert line.index("-->") == len(line) - 3
    assert Marker.of(line + "\nthe rest") == marker
    assert Marker.of("said first\n" + line) is None


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True, "plan": 1},
        {"plan": "sha256:0d"},
        {"plan": DIGEST.upper()},
        {"head": "main"},
        {"changes": "1"},
        {"truncated": 0},
        {"outdated": None},
        {"campaigns": ["a", 1]},
        {"environment": 7},
    ],
)
def test_a_marker_that_is_not_as_this_tool_writes_it_is_none(change: dict[str, Any]) -> None:
    """One value of another type or form, and the comment says nothing to programs."""
    whole = json.loads(Marker("plan", "production", DIGEST, HEAD).line()[len("<!-- mesms-gitops:") : -len(" -->")])
    assert Marker.of(f"<!-- mesms-gitops:{json.dumps(whole)} -->") is not None
    assert Marker.of(f"<!-- mesms-gitops:{json.dumps({**whole, **change})} -->") is None


# ---------------------------------------------------------------- strangers' JSON


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_anything_else_than_a_plan_is_a_value_error(found: Any) -> None:
    """No JSON of a stranger raises anything but `ValueError`."""
    with pytest.raises(ValueError):
        overview_of(found)


LEAVES = [
    ("digest", "sha256:x"),
    ("digest", None),
    ("expires_at", "soon"),
    ("expires_at", "2027-04-02T02:00:00"),
    ("expires_at", "0001-01-01T00:00:00+14:00"),
    ("expires_at", "9999-12-31T23:59:59Z"),
    ("offline", 0),
    ("actions", {}),
    ("actions", [1]),
    ("summary", {}),
    ("refusals", [{"code": 1}]),
    ("drift", [{}]),
]


@pytest.mark.parametrize(("key", "value"), LEAVES)
def test_one_wrong_value_spoils_the_plan(key: str, value: object) -> None:
    """Nothing is guessed: one value of the wrong type or form anywhere, and there is no plan."""
    overview_of(document(action()))
    with pytest.raises(ValueError):
        overview_of(document(action(), **{key: value}))


@pytest.mark.parametrize(
    "change",
    [
        {"action": "destroy"},
        {"recipients": "2"},
        {"recipients": 10**16},
        {"credits": True},
        {"parts": {"one": 2}},
        {"parts": []},
        {"previews": [{}]},
        {"scheduled_at": "2027-13-01T00:00:00Z"},
        {"scheduled_at": "9999-12-31T23:59:59-14:00"},
        {"campaign": 7},
    ],
)
def test_one_wrong_value_of_an_action_spoils_the_plan(change: dict[str, Any]) -> None:
    """The same within an action."""
    whole = {**document(action()), "actions": [{**action(), **change}]}
    with pytest.raises(ValueError):
        overview_of(whole)
