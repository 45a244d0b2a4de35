"""The calendar in a real browser: nothing is fetched, nothing runs, everybody can read it, a telephone is enough."""

from __future__ import annotations

import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.views.html import NO_OUTSIDE

from .pages import LOOKS, PAGES, PHONE, WIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Looks = dict[tuple[str, int, str], dict[str, Any]]

ANY = pytest.mark.parametrize("key", LOOKS, ids=lambda key: "-".join(map(str, key)))


@ANY
def test_axe_finds_nothing(looks: Looks, key: tuple[str, int, str]) -> None:
    """WCAG 2.2 A and AA and axe's own good practice, with every fold open; and contrast was truly measured."""
    assert looks[key]["violations"] == []
    assert "color-contrast" in looks[key]["passes"]


@ANY
def test_nothing_is_fetched_and_nothing_is_complained_of(looks: Looks, key: tuple[str, int, str]) -> None:
    """One request: the file itself. No script, no handler, no address that leaves the page; an empty console."""
    seen = looks[key]
    assert [url.startswith("file://") for url in seen["requests"]] == [True]
    assert seen["complaints"] == []
    assert seen["scripts"] == 0
    assert seen["handlers"] == []
    assert seen["outside"] == []
    assert seen["title"].endswith("mesms-gitops")


@ANY
def test_nobody_scrolls_sideways(looks: Looks, key: tuple[str, int, str]) -> None:
    """Folded and unfolded, also at 320 pixels, and whatever names there are."""
    seen = looks[key]
    assert seen["content"] <= seen["window"] == key[1]
    assert seen["contentUnfolded"] <= seen["window"]


@ANY
def test_every_link_has_its_row(looks: Looks, key: tuple[str, int, str]) -> None:
    """A campaign in the calendar leads to its row in the table."""
    assert looks[key]["dangling"] == []


@ANY
def test_paper_folds_nothing(looks: Looks, key: tuple[str, int, str]) -> None:
    """What is folded on a screen is printed all the same."""
    assert looks[key]["hiddenOnPaper"] == []


def test_the_keyboard_comes_to_the_calendar_first(looks: Looks) -> None:
    """The first stop of the tab key is a link over the verdict, and it comes into sight."""
    assert looks["busy", WIDE, "light"]["first"] == {"text": "To the calendar", "inSight": True}


def test_dark_is_dark(looks: Looks) -> None:
    """The scheme is the reader's, not ours."""
    light, dark = (looks["busy", PHONE, scheme]["ground"] for scheme in ("light", "dark"))
    assert light == "rgb(247, 246, 243)"
    assert dark == "rgb(22, 23, 26)"


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str]]]:
    """The address of a server on loopback, and the paths that anybody asked it for."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_the_page_forbids_what_it_does_not_hold(
    look_at: Callable[[list[dict[str, object]]], list[dict[str, Any]]], tmp_path: Path, outside: tuple[str, list[str]]
) -> None:
    """Were markup ever to get through, the page's own policy still loads and runs nothing of it; without, it would."""
    address, asked = outside
    evil = (
        f"<script>document.title='pwned'</script><img src='{address}/picture' alt=''>"
        f"<link rel='stylesheet' href='{address}/style'>"
    )
    forbidding = PAGES["empty"]().replace("<body>", f"<body>{evil}")
    files = {"forbidding": forbidding, "allowing": forbidding.replace(escape(NO_OUTSIDE), "")}
    for name, text in files.items():
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    wanted = [{"file": str(tmp_path / f"{name}.html"), "width": WIDE, "scheme": "light"} for name in files]
    (seen,) = look_at(wanted[:1])
    assert asked == []
    assert seen["title"].endswith("mesms-gitops")
    (seen,) = look_at(wanted[1:])
    assert {"/picture", "/style"} <= set(asked)
    assert seen["title"] == "pwned"
