"""Lists in a real store that speaks S3, and the errors of one that does not give them out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.audience import codes
from mesms_gitops.audience.resolve import examine
from mesms_gitops.audience.sources.kinds import reader_of
from mesms_gitops.audience.sources.outside import Limits, Outside, Step
from mesms_gitops.audience.sources.reader import Unusable
from mesms_gitops.model.campaign import ListSource, NumbersSource
from tests.audience.conftest import here, need
from tests.audience.web_server import Line, serving, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.audience.sources.reader import Finding
    from mesms_gitops.model.campaign import Campaign

BODY = b"phone\n0800000001\n"
LIMITS = Limits(connect=1.0, silence=1.0, total=4.0, size=1 << 20)


@pytest.fixture(autouse=True)
def _library() -> None:
    need("obstore")


def phones(location: str, outside: Outside) -> list[str]:
    return [
        phone
        for batch in reader_of(ListSource("csv", location, "phone"), outside).batches()
        for phone in batch["phone"]
    ]


def refused(location: str) -> Finding:
    with pytest.raises(Unusable) as caught:
        phones(location, here(limits=LIMITS))
    found = caught.value.findings[0]
    shown = f"{caught.value} {found}"
    assert "sesame" not in shown
    assert os.environ.get("AWS_ENDPOINT_URL", "127.0.0.1") not in shown
    return found


@pytest.mark.parametrize("key", ["a.csv", "lists/รายชื่อ ก.csv", "a%20b.csv"])
def test_an_object_is_read(key: str, bucket: Callable[[str, bytes], str]) -> None:
    steps: list[Step] = []
    location = bucket(key, BODY).replace("%", "%25")
    assert phones(location, here(progress=steps.append)) == ["0800000001"]
    assert (steps[-1].done, steps[-1].total) == (len(BODY), len(BODY))


def test_what_is_missing_is_named(bucket: Callable[[str, bytes], str]) -> None:
    bucket("a.csv", BODY)
    assert refused("s3://lists/b.csv").message == "lists/b.csv is not in its bucket"
    assert refused("s3://no-such-bucket/b.csv").message == "no-such-bucket/b.csv is in a bucket that does not exist"


def test_a_large_object_is_refused(bucket: Callable[[str, bytes], str]) -> None:
    assert refused(bucket("large.csv", bytes(LIMITS.size + 1))).code == codes.NOT_RECEIVED


@pytest.fixture
def store(bucket: Callable[[str, bytes], str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Ask another endpoint from here on."""
    return lambda endpoint: monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)


def refusal(status: int, code: str, **headers: str) -> Callable[[Line], None]:
    return whole(f"<Error><Code>{code}</Code><Message>sesame</Message></Error>".encode(), status, **headers)


def short(line: Line) -> None:
    head = 'content-length: 99\r\netag: "a"\r\nlast-modified: Mon, 01 Jan 2024 00:00:00 GMT'
    line.say(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + BODY)


def hanging(line: Line) -> None:
    short(line)
    line.wait(30)


@pytest.mark.parametrize(
    ("play", "code", "told"),
    [
        (refusal(403, "AccessDenied"), codes.NOT_REACHED, "AWS_ACCESS_KEY_ID"),
        (refusal(403, "SignatureDoesNotMatch"), codes.NOT_REACHED, "AWS_ACCESS_KEY_ID"),
        (refusal(401, "Unauthorized"), codes.NOT_REACHED, "AWS_ACCESS_KEY_ID"),
        (refusal(301, "PermanentRedirect"), codes.NOT_REACHED, "AWS_REGION"),
        (refusal(400, "AuthorizationHeaderMalformed"), codes.NOT_REACHED, "AWS_REGION"),
        (refusal(503, "SlowDown"), codes.NOT_REACHED, "later"),
        (short, codes.NOT_RECEIVED, "again"),
        (hanging, codes.NOT_RECEIVED, "again"),
        (lambda line: line.say(b"nonsense\r\n\r\n"), codes.NOT_REACHED, "AWS_ENDPOINT_URL"),
    ],
)
def test_a_store_that_does_not_give_it_out_is_told_with_the_setting(
    play: Callable[[Line], None], code: str, told: str, store: Callable[[str], None]
) -> None:
    with serving(play) as server:
        store(server.url(""))
        found = refused("s3://lists/a.csv")
    assert (found.code, found.key) == (code, "csv")
    assert told in (found.next_step or "")


def test_an_endpoint_without_encryption_is_for_this_machine_only(store: Callable[[str], None]) -> None:
    store("http://store.example")
    assert refused("s3://lists/a.csv").code == codes.BAD_ADDRESS


def test_a_container_without_an_account_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    found = refused("az://lists/a.csv")
    assert found.code == codes.NO_SETTING
    assert "AZURE_STORAGE_ACCOUNT_NAME" in (found.next_step or "")


def test_an_opt_out_list_that_is_not_there_stops_the_campaign(
    bucket: Callable[[str, bytes], str], campaign: Callable[..., Campaign]
) -> None:
    gone = ListSource("csv", "s3://lists/gone.csv", "phone")
    found = examine(campaign(NumbersSource(("0800000001",)), exclude=(gone,)), here())
    assert not found.groups
    assert [one.field for one in found.diagnostics if one.is_error] == ["exclude.0.csv"]
