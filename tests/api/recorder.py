"""Recording scenarios and playing them back: matched by method, path, query and body, and played whole."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import stamina
import vcr

from mesms_gitops.sandbox.server import running

from .scenarios import SCENARIOS, START, Stage, live_errors, live_reads, live_send
from .scrub import HOST, Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vcr.cassette import Cassette

CASSETTES = Path(__file__).with_name("cassettes")
REPLAYED = f"{HOST}/api/v2"


@contextlib.contextmanager
def cassette(file: Path, *, record: bool, thorough: bool = False, secret: str | None = None) -> Iterator[Cassette]:
    """A recording: made anew, or played back without touching a network."""
    scrubber = Scrubber(thorough=thorough, secret=secret)
    recorder = vcr.VCR(
        record_mode=vcr.mode.ALL if record else vcr.mode.NONE,
        match_on=["method", "path", "query", "body"],
        before_record_request=scrubber.request,
        before_record_response=scrubber.answer,
        decode_compressed_response=True,
    )
    with recorder.use_cassette(str(file)) as made:
        yield made


def replay(file: Path, play: Callable[[Stage], None], *, thorough: bool = False) -> None:
    """Play a scenario against its recording; all of it must be asked for."""
    with cassette(file, record=False, thorough=thorough) as played, Stage(REPLAYED) as stage:
        play(stage)
    assert played.all_played, f"{file.name} holds answers that nobody asked for"


def record_sandbox(folder: Path) -> None:
    """Record every scenario against a sandbox whose clock stands still."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.yaml"):
        old.unlink()
    for name in SCENARIOS:
        record_scenario(folder, name)


def record_scenario(folder: Path, name: str) -> Path:
    """Record one scenario against a fresh sandbox."""
    file = folder / f"{name}.yaml"
    with running(now=START, mode="frozen") as sandbox, Stage(sandbox.base_url, sandbox) as stage:
        _record(file, SCENARIOS[name], stage)
    return file


def record_live(folder: Path, url: str, key: str, *, send_to: str | None, at: datetime) -> None:
    """Record what a real account says; with ``send_to``, also one message scheduled to that number, and its cancel."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, play in live_scenarios(send_to, at).items():
        with Stage(url, key=key) as stage:
            _record(folder / f"{name}.yaml", play, stage, secret=key)


def live_scenarios(send_to: str | None, at: datetime) -> dict[str, Callable[[Stage], None]]:
    """What is recorded of a real account; only the last of them, if it is wanted, changes anything there."""
    plays: dict[str, Callable[[Stage], None]] = {"live_reads": live_reads, "live_errors": live_errors}
    if send_to is not None:
        plays["live_send"] = lambda stage: live_send(stage, send_to, at)
    return plays


def replay_live(folder: Path) -> None:
    """Play back whatever was recorded of a real account."""
    for file in sorted(folder.glob("*.yaml")):
        when = re.search(r"scheduledTime[^0-9]+([-0-9]{10}T[:0-9]{8}[+][:0-9]{5})", file.read_text("utf-8"))
        at = datetime.fromisoformat(when[1]) if when else START
        replay(file, live_scenarios("0800000001", at)[file.stem], thorough=True)


def _record(file: Path, play: Callable[[Stage], None], stage: Stage, *, secret: str | None = None) -> None:
    file.unlink(missing_ok=True)
    with (
        cassette(file, record=True, thorough=secret is not None, secret=secret),
        stamina.set_testing(True, attempts=5),
    ):
        play(stage)


def main(arguments: list[str] | None = None, environment: Any = os.environ) -> None:
    """The command behind ``make record`` and ``make record-live``."""
    parser = argparse.ArgumentParser(description="Record the HTTP conversations that tests replay.")
    parser.add_argument("--live", action="store_true", help="a real account: MESMS_API_KEY, MESMS_BASE_URL; only reads")
    parser.add_argument(
        "--allow-send", metavar="NUMBER", help="with --live: schedule one message to this number of yours and cancel it"
    )
    parser.add_argument("--to", type=Path, default=CASSETTES, help="the folder to write")
    given = parser.parse_args(arguments)
    if not given.live:
        if given.allow_send:
            parser.error("--allow-send goes with --live")
        record_sandbox(given.to)
        return
    key = environment.get("MESMS_API_KEY")
    if not key:
        parser.error("set MESMS_API_KEY to the key of the account to record")
    url = environment.get("MESMS_BASE_URL", "https://me-sms.com/api/v2")
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
    record_live(given.to / "live", url, key, send_to=given.allow_send, at=at)
