"""Lists in object stores: s3://bucket/key, gs://bucket/key, az://container/key, read by obstore.

Credentials and endpoints come from where each ecosystem keeps them: ``AWS_*`` (``AWS_PROFILE`` and ``~/.aws`` through
boto3), ``GOOGLE_*`` or application default credentials, ``AZURE_*``, or the role of the machine; never from the
manifest.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.extras import lacking
from mesms_gitops.audience.sources.fetched import refuse_userinfo
from mesms_gitops.audience.sources.outside import MIB, Step
from mesms_gitops.audience.sources.reader import Finding, Unusable
from mesms_gitops.audience.sources.spool import Spool, take, too_large, too_slow
from mesms_gitops.model.endpoints import CREDENTIALS, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import ObjectStore

    from mesms_gitops.audience.sources.outside import Outside
    from mesms_gitops.model.campaign import ListSource

_RETRIES: Final = 2


def fetch(source: ListSource, label: str, spool: Spool, outside: Outside) -> None:
    """Put the object into ``spool``. Raises Unusable."""
    refuse_userinfo(source, label)
    parts = urlsplit(source.location)
    bucket, key = parts.netloc, unquote(parts.path).lstrip("/")
    if not bucket or not key or parts.query or parts.fragment:
        raise Unusable(
            Finding(
                codes.BAD_ADDRESS,
                f"{label} is no address of an object",
                key=source.kind,
                next_step=f"write {parts.scheme}://bucket/folder/list.csv, and no credentials",
            )
        )
    with _foreign_errors_named(source, label, outside):
        _receive(_store(source.kind, parts.scheme, bucket, outside), key, source.kind, label, spool, outside)


def _store(kind: str, scheme: str, bucket: str, outside: Outside) -> ObjectStore:
    try:
        from obstore.store import AzureStore, GCSStore, S3Store
    except ImportError as error:
        raise lacking("object stores", "stores", kind) from error
    common: Any = {"client_options": _client_options(outside), "retry_config": _retries(outside)}
    match scheme:
        case "s3":
            return S3Store(bucket, **common, **_profile(kind, outside))
        case "gs":
            return GCSStore(bucket, **common)
        case _:
            return AzureStore(bucket, **common)


def _client_options(outside: Outside) -> dict[str, Any]:
    endpoint = outside.environment.get("AWS_ENDPOINT_URL") or outside.environment.get("AWS_ENDPOINT") or ""
    return {
        "connect_timeout": timedelta(seconds=outside.limits.connect),
        "read_timeout": timedelta(seconds=outside.limits.silence),
        "timeout": timedelta(seconds=outside.limits.total),
        "allow_http": is_loopback(urlsplit(endpoint).hostname or ""),
    }


def _retries(outside: Outside) -> dict[str, Any]:
    return {"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=outside.limits.silence)}


def _profile(kind: str, outside: Outside) -> dict[str, Any]:
    """Credentials of a profile, which only boto3 knows how to get; the environment's own are read by obstore itself."""
    environment = outside.environment
    shared = Path(environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser()
    if environment.get("AWS_ACCESS_KEY_ID") or not (environment.get("AWS_PROFILE") or shared.is_file()):
        return {}
    try:
        import boto3  # type: ignore[import-untyped]
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise lacking("AWS profiles", "stores", kind) from error
    session = boto3.Session(profile_name=environment.get("AWS_PROFILE"))
    region = {"region": session.region_name} if session.region_name else {}
    return {"credential_provider": Boto3CredentialProvider(session), **region}


def _receive(store: ObjectStore, path: str, kind: str, label: str, spool: Spool, outside: Outside) -> None:
    until = outside.clock() + outside.limits.total
    got = store.get(path)
    total = got.meta["size"]
    if total > outside.limits.size:
        raise Unusable(too_large(label, kind, outside.limits))
    for piece in got.stream(min_chunk_size=MIB):
        take(spool, bytes(piece), label, kind, outside.limits)
        outside.progress(Step(label, spool.size, total, "bytes"))
        if outside.clock() > until:
            raise Unusable(too_slow(label, kind, outside.limits))
    if spool.size != total:
        what = f"{label} does not have the length that its store says"
        raise Unusable(Finding(codes.NOT_RECEIVED, what, key=kind, next_step="try again"))


@contextmanager
def _foreign_errors_named(source: ListSource, label: str, outside: Outside) -> Iterator[None]:
    try:
        yield
    except Unusable:
        raise
    except Exception as error:
        if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in _FOREIGN:
            raise
        raise Unusable(_named(error, source, label, outside)) from error


_FOREIGN: Final = {"obstore", "botocore", "boto3"}
_CODE: Final = re.compile(r"<Code>(\w{1,64})</Code>")
_NO_BUCKET: Final = {"NoSuchBucket", "ContainerNotFound", "InvalidBucketName"}
_WRONG_REGION: Final = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}


def _named(error: Exception, source: ListSource, label: str, outside: Outside) -> Finding:
    """What happened, in words that hold nothing of the address or the credentials."""
    scheme, kind = urlsplit(source.location).scheme, source.kind
    told, name = str(error), type(error).__name__
    found = _CODE.search(told)
    code = found[1] if found else ""
    settings = f"credentials come from {CREDENTIALS[scheme]}"

    def finding(what: str, next_step: str, why: str | None = code or None, number: str = codes.NOT_REACHED) -> Finding:
        return Finding(number, f"{label} {what}", key=kind, why=why, next_step=next_step)

    if code in _NO_BUCKET:
        return finding("is in a bucket that does not exist", "check the address, and the endpoint if one is set")
    if isinstance(error, FileNotFoundError) or name == "NotFoundError":
        return finding("is not in its bucket", "check the address; upper and lower case differ")
    if code in _WRONG_REGION or "incorrectly configured region" in told:
        return finding("is in a bucket of another region", "set AWS_REGION to the region of the bucket")
    if name in {"PermissionDeniedError", "UnauthenticatedError"} or isinstance(error, PermissionError):
        return finding("may not be read with the credentials there are", f"give this user the right; {settings}")
    if "kind: Timeout" in told and "kind: Connect" not in told:
        why = f"nothing came for {outside.limits.silence:g} s"
        return finding("stopped on the way", "try again", why, codes.NOT_RECEIVED)
    if "kind: Connect" in told or "error sending request" in told:
        return finding("cannot be reached", "check the network, and the endpoint if one is set (AWS_ENDPOINT_URL)")
    if "builder error" in told:
        why = "plain http is for an endpoint on this machine only"
        return finding("has no https endpoint", "use https in AWS_ENDPOINT_URL", why, codes.BAD_ADDRESS)
    if "credential" in told.lower() or "MissingAccount" in told or name in {"NoCredentialsError", "ProfileNotFound"}:
        return finding("cannot be asked for: there are no credentials", settings, None, codes.NO_SETTING)
    if "ContentRange" in told or "Content-Range" in told or "body error" in told:
        return finding("broke off", "try again", None, codes.NOT_RECEIVED)
    return finding("is not given out", "try again later", code or name)
