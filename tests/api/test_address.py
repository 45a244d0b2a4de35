"""The key goes to one address, over a line nobody can read."""

from __future__ import annotations

import pytest

from mesms_gitops.api.address import Address
from mesms_gitops.api.client import MesmsClient
from mesms_gitops.errors import ConfigError

from .sends import KEY


@pytest.mark.parametrize(
    ("given", "url", "host"),
    [
        ("https://me-sms.com/api/v2", "https://me-sms.com/api/v2", "me-sms.com"),
        ("https://me-sms.com/api/v2//", "https://me-sms.com/api/v2", "me-sms.com"),
        ("https://me-sms.com:8443", "https://me-sms.com:8443", "me-sms.com:8443"),
        ("https://user:pw@me-sms.com/x", "https://me-sms.com/x", "me-sms.com"),
        ("http://localhost:8025/api/v2", "http://localhost:8025/api/v2", "localhost:8025"),
        ("http://127.9.9.9/", "http://127.9.9.9", "127.9.9.9"),
        ("http://[::1]:8025/api/v2", "http://[::1]:8025/api/v2", "[::1]:8025"),
        ("http://mesms.localhost", "http://mesms.localhost", "mesms.localhost"),
    ],
)
def test_an_address_that_keeps_the_key_safe(given: str, url: str, host: str) -> None:
    address = Address.of(given)
    assert (address.url, address.host) == (url, host)


@pytest.mark.parametrize(
    "given", ["http://me-sms.com/api/v2", "http://127.0.0.1.example/", "http://192.168.1.5", "http://[2001:db8::1]/"]
)
def test_plain_http_is_for_this_machine_only(given: str) -> None:
    with pytest.raises(ConfigError, match="unprotected") as caught:
        Address.of(given)
    assert "https" in (caught.value.why or "")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "does not start with https://"),
        ("me-sms.com/api/v2", "does not start with https://"),
        ("ftp://me-sms.com", "does not start with https://"),
        ("https://", "names no host"),
        ("https://me-sms.com:99999", "not a URL"),
        ("https://me-sms.com:x", "not a URL"),
        ("https://[::1", "not a URL"),
        ("https://a..b/api", "not a URL"),
        ("https://me-sms.com/api?key=1", "? or # part"),
        ("https://me-sms.com/api#x", "? or # part"),
        ("https://me-sms.com/a b", "a space"),
        ("https://me-sms.com/\n", "a space"),
    ],
)
def test_what_is_no_address(given: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Address.of(given)
    assert why in (caught.value.why or "")


@pytest.mark.parametrize(
    "given", ["http://me:passw0rd@me-sms.com", "https://me:passw0rd@me-sms.com:x", "ftp://a:passw0rd@b"]
)
def test_a_password_in_a_bad_address_is_not_shown(given: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Address.of(given)
    error = caught.value
    assert "passw0rd" not in f"{error!r} {error.what} {error.where} {error.why} {error.next_step}"


def test_a_password_is_not_part_of_a_repr() -> None:
    assert "pw" not in repr(Address.of("https://user:pw@me-sms.com"))


@pytest.mark.parametrize("settings", [{"timeout": 0}, {"timeout": -1.0}, {"timeout": float("nan")}])
def test_a_timeout_is_above_zero(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="timeout"):
        MesmsClient("http://localhost", KEY, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [0, -1.0, float("nan")])
def test_a_rate_is_above_zero(rate: float) -> None:
    with pytest.raises(ConfigError, match="requests_per_second"):
        MesmsClient("http://localhost", KEY, requests_per_second=rate)


def test_a_proxy_that_is_none_is_an_error_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "gopher://me:passw0rd@proxy:1")
    with pytest.raises(ConfigError, match="proxy") as caught:
        MesmsClient("https://me-sms.com", KEY)
    assert "passw0rd" not in f"{caught.value!r} {caught.value.why}"
