"""What lists and state go by alike outside this machine: which hosts are still inside, and whose credentials count.

How the libraries are asked for a profile's credentials stands in both rooms: that takes boto3 and the disk.
"""

from __future__ import annotations

from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDENTIALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of this machine",
        "gs": "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`",
        "az": "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, "
        "or the machine's role",
    }
)
"""Where the credentials of each kind of object store are looked for, by the scheme of its addresses."""


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by name or address, without asking anybody."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
