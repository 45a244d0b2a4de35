"""A list at an address is brought whole from the host that was named, or not at all."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.audience import codes
from mesms_gitops.audience.resolve import examine, resolve
from mesms_gitops.audience.sources.fetched import label_of_address
from mesms_gitops.audience.sources.kinds import reader_of
from mesms_gitops.audience.sources.outside import Limits, Outside, Step
from mesms_gitops.audience.sources.reader import Unusable
from mesms_gitops.audience.sources.text_file import NotUtf8
from mesms_gitops.model.campaign import ListSource, NumbersSource
from tests.audience.web_server import Line, serving, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.audience.sources.reader import Finding
    from mesms_gitops.model.campaign import Campaign

BODY = "phone,name\n0800000001,ก\n0800000002,ข\n".encode()
SHORT = Limits(connect=1.0, silence=0.3, total=1.0, size=1 << 20)


def source_at(url: str, kind: str = "csv", **more: Any) -> ListSource:
    return ListSource(kind, url, "phone", **more)


def phones(source: ListSource, outside: Outside | None = None) -> list[str]:
    reader = reader_of(source, outside)
    try:
        return [phone for batch in reader.batches() for phone in batch["phone"]]
    except NotUtf8:
        return [phone for batch in reader.batches() for phone in batch["phone"]]


def refused(source: ListSource, limits: Limits = SHORT, **environment: str) -> Finding:
    with pytest.raises(Unusable) as caught:
        phones(source, Outside(environment=environment, limits=limits))
    finding = caught.value.findings[0]
    assert "secret" not in f"{caught.value} {finding}"
    assert finding.key == source.kind
    return finding


def descriptors() -> set[str]:
    """What this process holds open; the listing itself is gone by the time it is looked at."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(str(path.readlink()))
    return found


def test_an_honest_answer_is_read() -> None:
    with serving(whole(BODY)) as server:
        assert phones(source_at(server.url())) == ["0800000001", "0800000002"]
    assert "accept-encoding: identity" in server.heard[0].lower()


def test_chunks_are_put_together() -> None:
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (BODY[:5], BODY[5:]))

    def play(line: Line) -> None:
        line.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n")

    with serving(play) as server:
        assert phones(source_at(server.url())) == ["0800000001", "0800000002"]


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
def test_an_answer_packed_for_the_way_is_unpacked(encoding: str) -> None:
    with serving(whole(gzip.compress(BODY), content_encoding=encoding)) as server:
        assert len(phones(source_at(server.url()))) == 2


def test_a_packed_answer_with_a_damaged_end_is_refused() -> None:
    damaged = gzip.compress(BODY)[:-6]
    with serving(whole(damaged, content_encoding="gzip")) as server:
        assert refused(source_at(server.url())).code == codes.NOT_RECEIVED


def test_a_packing_that_was_not_asked_for_is_refused() -> None:
    with serving(whole(BODY, content_encoding="br")) as server:
        assert refused(source_at(server.url())).code == codes.NOT_RECEIVED


def test_progress_is_told() -> None:
    steps: list[Step] = []
    with serving(whole(BODY)) as server:
        phones(source_at(server.url()), Outside(progress=steps.append))
    assert steps[-1] == Step("127.0.0.1/…/members.csv", len(BODY), len(BODY), "bytes")


@pytest.mark.parametrize("announced", [len(BODY) - 9, len(BODY) + 9])
@pytest.mark.parametrize("connection", ["close", ""])
def test_a_length_that_is_a_lie_is_noticed(announced: int, connection: str) -> None:
    """Also one that is too small: HTTP would have it that the list ends there."""
    with serving(whole(BODY, content_length=str(announced), connection=connection)) as server:
        found = refused(source_at(server.url()))
    assert found.code == codes.NOT_RECEIVED
    assert ("longer" in found.message) == (announced < len(BODY))


def test_a_lie_that_comes_in_a_piece_of_its_own_is_noticed() -> None:
    def play(line: Line) -> None:
        line.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(BODY))
        line.say(BODY[:-1])
        line.wait(0.1)
        line.say(BODY[-1:])
        line.say(b"0800000003,\n" * 20_000)

    with serving(play) as server:
        assert refused(source_at(server.url())).code == codes.NOT_RECEIVED


def test_an_answer_without_an_end_that_can_be_seen_is_refused() -> None:
    """A connection that was cut looks the same."""
    with serving(whole(BODY, content_length="")) as server:
        assert refused(source_at(server.url())).code == codes.NOT_RECEIVED


@pytest.mark.parametrize(
    ("status", "next_step"),
    [
        (401, "netrc"),
        (403, "right"),
        (404, "address"),
        (410, "address"),
        (429, "later"),
        (500, "later"),
        (204, "address"),
    ],
)
def test_a_refusal_is_told_with_its_status(status: int, next_step: str) -> None:
    with serving(
        whole(b"" if status == 204 else b"secret", status, content_length="" if status == 204 else "6")
    ) as server:
        found = refused(source_at(server.url()))
    assert found.code == codes.NOT_REACHED
    assert str(status) in found.message
    assert next_step in (found.next_step or "")


def test_a_web_page_is_no_list() -> None:
    with serving(whole(b"<!doctype html>", content_type="text/html; charset=utf-8")) as server:
        found = refused(source_at(server.url()))
    assert (found.code, "web page" in found.message) == (codes.BROKEN, True)


def test_a_redirect_on_the_same_host_is_followed() -> None:
    def play(line: Line) -> None:
        whole(b"", 302, location="/moved.csv")(line) if line.path != "/moved.csv" else whole(BODY)(line)

    with serving(play) as server:
        assert len(phones(source_at(server.url()))) == 2


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://elsewhere.example/x?token=secret", "elsewhere.example"),
        ("//elsewhere.example/x", "elsewhere.example"),
        ("http://127.0.0.1:1/x", "http://127.0.0.1"),
        ("https://127.0.0.1/x", "https://127.0.0.1"),
        ("file:///secret", "nowhere"),
        ("https://[", "nowhere"),
    ],
)
def test_a_redirect_to_another_host_is_refused_and_named(location: str, told: str) -> None:
    with serving(whole(b"", 302, location=location)) as server:
        found = refused(source_at(server.url()))
    assert (found.code, found.message) == (codes.BAD_ADDRESS, f"127.0.0.1/…/members.csv redirects to {told}")


def test_redirects_in_a_circle_end() -> None:
    with serving(whole(b"", 302, location="/again")) as server:
        assert refused(source_at(server.url())).code == codes.BAD_ADDRESS
    assert len(server.heard) == 6


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@lists.example/a.csv",
        "https://secret@lists.example/a.csv",
        "http://user:secret@127.0.0.1/a.csv",
        "http://lists.example/a.csv?token=secret",
        "http://127.0.0.1.lists.example/a.csv",
        "http://127.1/a.csv",
        "https:///a.csv",
        "https://[lists/a.csv",
        "s3://user:secret@lists/a.csv",
        "s3:///a.csv",
        "s3://lists",
        "s3://lists/a.csv?secret",
    ],
)
def test_an_address_with_credentials_or_without_encryption_is_not_asked(url: str) -> None:
    assert refused(source_at(url)).code == codes.BAD_ADDRESS


@pytest.mark.parametrize("scheme", ["ftp", "file", "gopher", "data"])
def test_other_schemes_are_named_and_nothing_else_of_the_address(scheme: str) -> None:
    found = refused(source_at(f"{scheme}://user:secret@lists.example/a.csv"))
    assert found.code == codes.NOT_YET
    assert f"{scheme}://" in found.message


def trickle(line: Line) -> None:
    line.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while line.wait(0.05):
        line.say(b"b\r\n0800000001\n\r\n")


def silence(line: Line) -> None:
    line.say(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nphone\n")
    line.wait(30)


def endless(line: Line) -> None:
    line.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while line.wait(0):
        line.say(b"10000\r\n" + b"0800000001,name\n" * 4096 + b"\r\n")


def header_forever(line: Line) -> None:
    line.say(b"HTTP/1.1 200 OK\r\nx: ")
    while line.wait(0.05):
        line.say(b"y")


def a_bomb(line: Line) -> None:
    whole(gzip.compress(bytes(64 << 20)), content_encoding="gzip")(line)


@pytest.mark.parametrize("play", [trickle, silence, endless, header_forever, a_bomb])
def test_what_is_slow_or_never_ends_is_bounded(play: Callable[[Line], None]) -> None:
    with serving(play) as server:
        assert refused(source_at(server.url())).code == codes.NOT_RECEIVED


def test_a_size_that_is_announced_is_believed_at_once() -> None:
    with serving(whole(BODY, content_length=str(1 << 40))) as server:
        found = refused(source_at(server.url()))
    assert found.message == "127.0.0.1/…/members.csv has more than 1 MiB"


def test_what_does_not_speak_http_is_no_list() -> None:
    with serving(lambda line: line.say(b"220 ftp ready\r\n")) as server:
        assert refused(source_at(server.url())).code == codes.NOT_RECEIVED


def test_a_server_that_is_down_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = refused(source_at(f"http://127.0.0.1:{port}/a.csv"))
    assert (found.code, found.message) == (codes.NOT_REACHED, "127.0.0.1/a.csv cannot be reached")
    assert found.why == "Connection refused"


def test_only_a_trusted_certificate_is_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with serving(whole(BODY), context) as server:
        found = refused(source_at(server.url(host="localhost")))
        assert found.code == codes.NOT_REACHED
        assert "certificate" in (found.why or "")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert len(phones(source_at(server.url(host="localhost")))) == 2
        assert refused(source_at(server.url(host="127.0.0.1"))).code == codes.NOT_REACHED


def test_a_password_comes_from_the_netrc_file_and_stays_with_its_host(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login crm password sesame\n")
    with serving(whole(BODY)) as server:
        phones(source_at(server.url()), Outside(environment={"NETRC": str(netrc)}))
        phones(source_at(server.url(host="localhost")), Outside(environment={"NETRC": str(netrc)}))
    assert ["authorization:" in head.lower() for head in server.heard] == [True, False]


@pytest.mark.parametrize("content", ["machine x login secret bogus", "secret", None])
def test_a_netrc_file_that_cannot_be_read_is_named_and_not_shown(content: str | None, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    if content is not None:
        netrc.write_text(content)
    with serving(whole(BODY)) as server:
        found = refused(source_at(server.url()), NETRC=str(netrc))
    assert (found.code, server.heard) == (codes.NO_SETTING, [])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux has files without a name")
def test_nothing_is_left_behind() -> None:
    """Not a file, not a descriptor, not a thread: after success, failure, and a reading that was given up."""
    before, threads = descriptors(), threading.active_count()
    with serving(whole(BODY)) as server:
        phones(source_at(server.url()))
        refused(source_at(server.url(), kind="parquet"))
        reading = reader_of(source_at(server.url())).batches()
        next(iter(reading))
        spools = [name for name in descriptors() - before if "deleted" in name]
        assert len(spools) == 1
        assert not Path(spools[0].removesuffix(" (deleted)")).exists()
        del reading
    assert not [name for name in descriptors() - before if "mesms-" in name or "deleted" in name]
    assert threading.active_count() == threads


def test_a_list_whose_encoding_was_misjudged_is_asked_for_once(campaign: Callable[..., Campaign]) -> None:
    """A megabyte of ASCII and then a Thai name in cp874: it is read twice, and brought once."""
    rows = "".join(f"08{index:08},a\n" for index in range(90_000))
    with serving(whole(f"phone,name\n{rows}0800090001,ก\n".encode("cp874"))) as server:
        audience = resolve(campaign(source_at(server.url())))
    assert audience.counts.recipients == 90_001
    assert [one.code for one in audience.diagnostics] == [codes.THAI_CODE_PAGE]
    assert len(server.heard) == 1


@pytest.mark.parametrize("play", [whole(b"", 404), whole(BODY, content_length="999"), whole(b"x", 302, location="//x")])
def test_an_opt_out_list_that_cannot_be_brought_stops_the_campaign(
    play: Callable[[Line], None], campaign: Callable[..., Campaign]
) -> None:
    with serving(play) as server:
        found = examine(campaign(NumbersSource(("0800000001",)), exclude=(source_at(server.url()),)))
    assert not found.groups
    assert [one.field for one in found.diagnostics if one.is_error] == ["exclude.0.csv"]


@pytest.mark.parametrize(
    ("location", "label"),
    [
        ("https://lists.example/a.csv?token=secret#secret", "lists.example/a.csv"),
        ("https://u:secret@lists.example:8443/secret/members.csv", "lists.example/…/members.csv"),
        ("https://lists.example/", "lists.example"),
        ("https://lists.example/0800000001.csv", "lists.example/xxx0001"),
        ("s3://lists/secret/%E0%B8%81.csv", "lists/…/ก.csv"),
        ("https://[secret", "the list"),
    ],
)
def test_an_address_is_shown_by_host_and_file(location: str, label: str) -> None:
    assert label_of_address(location) == label


def test_limits_are_per_source() -> None:
    with serving(whole(BODY)) as server:
        assert len(phones(source_at(server.url()), Outside(limits=replace(SHORT, size=len(BODY))))) == 2
        assert refused(source_at(server.url()), replace(SHORT, size=len(BODY) - 1)).code == codes.NOT_RECEIVED
