"""What an object store, or the way to it, answered instead of an object: in our words, with the setting to look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import StateError
from mesms_gitops.model.endpoints import CREDENTIALS

if TYPE_CHECKING:
    from mesms_gitops.store.object_access import Address

_FOREIGN: Final = {"obstore", "botocore", "boto3", "google", "azure"}
_CODE: Final = re.compile(r"<Code>(\w{1,64})</Code>")
_NO_OBJECT: Final = {"NoSuchKey", "BlobNotFound", "ResourceNotFound"}
_NO_BUCKET: Final = {"NoSuchBucket", "ContainerNotFound", "InvalidBucketName", "InvalidResourceName"}
_WRONG_REGION: Final = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
_EXPIRED: Final = {"ExpiredToken", "TokenRefreshRequired", "ExpiredTokenException"}
_WRONG_KEY: Final = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthenticationFailed"}
_CLOCK: Final = {"RequestTimeTooSkewed", "RequestExpired"}


@dataclass(frozen=True, slots=True)
class Fault:
    """``is_refusal``: a condition did not hold. ``is_absence``: no such object, in a bucket that is there.

    ``may_pass``: worth another attempt. ``is_certain``: what was asked for was not carried out.
    """

    why: str
    next_step: str
    is_refusal: bool = False
    is_absence: bool = False
    may_pass: bool = False
    is_certain: bool = True

    def raised(self, doing: str, where: str) -> StateError:
        """The error: ``doing`` completes "cannot …"."""
        return StateError(f"cannot {doing}", where=where, why=self.why, next_step=self.next_step)


def is_foreign(error: Exception) -> bool:
    """Whether ``error`` is the store's or the network's, and not a fault of this program."""
    if isinstance(error, (OSError, NotImplementedError)):
        return True
    return type(error).__module__.partition(".")[0] in _FOREIGN


def fault_of(error: Exception, address: Address) -> Fault:
    """What ``error`` means. Its text is only looked through, never shown: it holds addresses and may hold keys."""
    told, name = str(error), type(error).__name__
    found = _CODE.search(told)
    code = found[1] if found else ""
    return (
        _condition(name, code, error)
        or _by_code(code, address)
        or _by_name(name, error, address)
        or _by_text(told, address)
        or Fault(
            f"the store answered {code or 'with an error that it does not name'}",
            "try again; if it stays so, ask who runs the store",
            may_pass=True,
            is_certain=False,
        )
    )


def _condition(name: str, code: str, error: Exception) -> Fault | None:
    if name in ("AlreadyExistsError", "PreconditionError"):
        return Fault("something else stands there", "run the same command again", is_refusal=True)
    if code in _NO_OBJECT and isinstance(error, FileNotFoundError):
        return Fault("it is not there", "look whether somebody removed it", is_refusal=True, is_absence=True)
    return None


def _by_code(code: str, address: Address) -> Fault | None:
    credentials = f"credentials come from {CREDENTIALS[address.scheme]}"
    if code in _NO_BUCKET:
        what = "container" if address.scheme == "az" else "bucket"
        return Fault(f"there is no {what} {address.bucket}", f"make it, or correct `state:`{_or_endpoint(address)}")
    if code in _WRONG_REGION:
        return Fault("the bucket is in another region", "set AWS_REGION to the region of the bucket")
    if code in _EXPIRED:
        return Fault("the credentials have expired", f"get new ones (aws sso login, or a new session); {credentials}")
    if code in _WRONG_KEY:
        return Fault(f"the store does not know these credentials ({code})", f"set the right ones; {credentials}")
    if code in _CLOCK:
        return Fault("this machine's clock is too far from the store's", "set the clock (NTP), then try again")
    if code == "NotImplemented":
        return Fault("the store does not know conditional writes", "use one that does, or another kind of state")
    return None


def _or_endpoint(address: Address) -> str:
    return f" or {address.setting}" if address.setting else ""


_RIGHTS: Final = {
    "s3": "s3:GetObject, s3:PutObject, s3:DeleteObject on the key and what begins like it, s3:ListBucket on the bucket",
    "gs": "storage.objects.get, .create, .delete and .list on the bucket (the role Storage Object User)",
    "az": "the role Storage Blob Data Contributor on the container",
}
"""s3:ListBucket because S3 answers 403 for an object that is not there to whoever may not list:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""


def _by_name(name: str, error: Exception, address: Address) -> Fault | None:
    credentials = f"credentials come from {CREDENTIALS[address.scheme]}"
    if name == "PermissionDeniedError" or isinstance(error, PermissionError):
        return Fault("these credentials may not do that", f"grant {_RIGHTS[address.scheme]}; {credentials}")
    if name == "UnauthenticatedError":
        return Fault("the store does not accept these credentials", f"set the right ones; {credentials}")
    if isinstance(error, FileNotFoundError):
        return Fault("who answers there is no object store, or not this one", _look(address))
    if name in ("NoCredentialsError", "ProfileNotFound", "CredentialRetrievalError", "TokenRetrievalError"):
        return Fault("there are no credentials that work", credentials)
    if isinstance(error, NotImplementedError):
        return Fault("this kind of store has no conditional writes", "use one that has, or another kind of state")
    return None


def _look(address: Address) -> str:
    return f"look at {address.setting}" if address.setting else "check the network and any proxy between"


_MISSING: Final = re.compile(r"^    source: (Missing\w+,|\w+Credentials \{)$", re.MULTILINE)
_ASKED: Final = re.compile(r"Error performing [A-Z]+ (\S+)")


def _by_text(told: str, address: Address) -> Fault | None:
    # obstore has one error for all of these; what it tells apart stands in its text alone
    if _MISSING.search(told):
        return Fault("there are no credentials that work", f"credentials come from {CREDENTIALS[address.scheme]}")
    asked = _ASKED.search(told)
    if asked and address.bucket not in asked[1]:
        # whoever was asked, it was not the bucket: this is how credentials of roles are got
        why = "no credentials are set, and the role of this machine gives none"
        return Fault(why, f"credentials come from {CREDENTIALS[address.scheme]}", may_pass=True)
    if "incorrectly configured region" in told:
        return Fault("the bucket is in another region", "set AWS_REGION to the region of the bucket")
    if "builder error" in told:
        return Fault("there is no https endpoint", f"use https in {_ENDPOINT_SETTINGS[address.scheme]}")
    if "kind: Connect" in told:
        return Fault("the store cannot be reached", f"check the network; {_look(address)}", may_pass=True)
    if "kind: Timeout" in told:
        return Fault("no answer came in time", "try again when the store answers", may_pass=True, is_certain=False)
    if "error sending request" in told or "body error" in told:
        return Fault(
            "the connection broke off", f"check the network; {_look(address)}", may_pass=True, is_certain=False
        )
    return None


_ENDPOINT_SETTINGS: Final = {"s3": "AWS_ENDPOINT_URL", "gs": "GOOGLE_BASE_URL", "az": "AZURE_STORAGE_ENDPOINT"}
