"""Where a state in an object store is, and how the store is reached: ``s3://``, ``gs://``, ``az://`` through obstore.

Credentials and endpoints come from where each ecosystem keeps them: ``AWS_*`` (``AWS_PROFILE`` and ``~/.aws`` through
boto3), ``GOOGLE_*`` or application default credentials, ``AZURE_*``, or the role of the machine; never from
``mesms.yaml``. Plain http is for an endpoint on this machine only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from mesms_gitops.errors import ConfigError
from mesms_gitops.model.endpoints import CREDENTIALS, is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obstore.store import ObjectStore as Bucket

_ENDPOINTS: Final = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
_EXAMPLE: Final = "write for example s3://bucket/mesms/state.json"


@dataclass(frozen=True, slots=True)
class Address:
    """An object: ``key`` in ``bucket``. ``setting`` is the variable that named ``endpoint``; both are empty for the
    cloud's own.
    """

    scheme: str
    bucket: str
    key: str
    endpoint: str = ""
    setting: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}"

    @property
    def where(self) -> str:
        """The object, and who was asked for it."""
        return f"{self} at {self.endpoint} ({self.setting})" if self.endpoint else str(self)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a connection, for one whole request. ``retries`` of reads, which are repeated freely."""

    connect: float = 10.0
    request: float = 60.0
    retries: int = 4


def address_of(location: str, environment: Mapping[str, str]) -> Address:
    """What ``location`` names. Raises `ConfigError`, which shows nothing that may be a password."""
    parts = urlsplit(location)
    shown = f"state: {parts.scheme}://…"
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            "the address of a state holds nothing but the bucket and the key",
            where=shown,
            why="what stands before an @ or after a ? may be a secret, and mesms.yaml is read by many",
            next_step=f"{_EXAMPLE}; credentials come from {CREDENTIALS[parts.scheme]}",
        )
    key = unquote(parts.path).removeprefix("/")
    if not parts.netloc or not _is_key(key):
        raise ConfigError(
            "this is no address of an object",
            where=f"state: {location}",
            why="it takes a bucket and a key, which is no folder",
            next_step=_EXAMPLE,
        )
    setting = next((name for name in _ENDPOINTS[parts.scheme] if environment.get(name)), "")
    return Address(parts.scheme, parts.netloc, key, _endpoint(environment, setting) if setting else "", setting)


def _is_key(key: str) -> bool:
    return key.isprintable() and all(part not in ("", ".", "..") for part in key.split("/"))


def _endpoint(environment: Mapping[str, str], setting: str) -> str:
    try:
        parts = urlsplit(environment[setting])
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc:
        raise ConfigError(
            "this setting is no address of a store",
            where=f"environment: {setting}",
            next_step=f"set {setting} to https://host, without user or password, or unset it",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError(
            "the state would travel unencrypted",
            where=f"environment: {setting}",
            why="plain http is for an endpoint on this machine only",
            next_step=f"use https in {setting}",
        )
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def bucket_of(address: Address, environment: Mapping[str, str], patience: Patience, *, retries: int) -> Bucket:
    """The bucket of ``address``. Nothing is asked yet. Raises `ConfigError` without the libraries.

    ``retries`` are those that the library makes by itself.
    """
    try:
        from obstore.store import AzureStore, GCSStore, S3Store
    except ImportError as error:
        raise _lacking("object stores") from error
    common: Any = {
        "client_options": {
            "connect_timeout": timedelta(seconds=patience.connect),
            "timeout": timedelta(seconds=patience.request),
            "allow_http": address.endpoint.startswith("http://"),
        },
        "retry_config": {"max_retries": retries, "retry_timeout": timedelta(seconds=patience.request)},
    }
    match address.scheme:
        case "s3":
            # said outright, so that AWS_CONDITIONAL_PUT cannot take the conditions away
            common |= {"conditional_put": "etag", "disable_bulk_delete": True}
            return S3Store(address.bucket, **common, **_named("endpoint", address), **_profile(environment))
        case "gs":
            return GCSStore(address.bucket, **common, **_named("base_url", address))
        case _:
            return AzureStore(address.bucket, **common, **_named("endpoint", address))


def _named(option: str, address: Address) -> dict[str, Any]:
    return {option: address.endpoint} if address.endpoint else {}


def _profile(environment: Mapping[str, str]) -> dict[str, Any]:
    """Credentials of a profile, which only boto3 knows how to get; the environment's own are read by obstore itself."""
    shared = Path(environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser()
    if environment.get("AWS_ACCESS_KEY_ID") or not (environment.get("AWS_PROFILE") or shared.is_file()):
        return {}
    try:
        import boto3  # type: ignore[import-untyped]
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise _lacking("AWS profiles") from error
    session = boto3.Session(profile_name=environment.get("AWS_PROFILE"))
    region = {"region": session.region_name} if session.region_name else {}
    return {"credential_provider": Boto3CredentialProvider(session), **region}


def _lacking(what: str) -> ConfigError:
    return ConfigError(
        f"{what} need a library that is not installed",
        where="state",
        next_step="pip install 'mesms-gitops[stores]'",
    )
