"""What an answer that is no success means: one leaf of the error tree for each, and never a kinder one than is proven.

The rules are those of the project's contract, section 8.3. For an effect (a send, a cancel) the question is whether it
may have been carried out: only a documented JSON error and a 429 say that it was not. For a read it is only what to
tell the user.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mesms_gitops.api.assumptions import REQUEST_TIMEOUT, TOO_MANY_REQUESTS
from mesms_gitops.api.fields import error_text
from mesms_gitops.api.wire import NotJson
from mesms_gitops.errors import ApiError, ApiRefusal, NoAnswer, NotMesms, RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.api.wire import Call, Reply

MAYBE_DONE: Final = "nobody can tell whether ME-SMS carried it out"
LOOK_AGAIN: Final = "run `mesms-gitops plan`: it looks at the account first; this request is not repeated on a guess"
TRY_LATER: Final = "nothing was changed; run the same command again in a while"
CHECK_ADDRESS: Final = "check api.base_url in mesms.yaml (or MESMS_BASE_URL) and the proxy on the way"

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_NEXT: Final = {
    401: "check MESMS_API_KEY: it is missing on ME-SMS, revoked, or of another account",
    402: "buy credits, or lower what is sent; nothing was sent",
    403: "give the key the scope sms:send (or *) on the Settings -> API Keys page, or use the account that owns this",
}


def judge(reply: Reply, call: Call, where: str, retry_after: float | None, clean: Callable[[str], str]) -> None:
    """Return for a 2xx; raise what anything else means.

    Raises `RateLimited`, `ApiRefusal`, `NoAnswer` or, for a read answered by something else than ME-SMS, `NotMesms`.
    """
    if not reply.is_success:
        raise _verdict(reply, call, where, retry_after, clean)


def unclear(what: str, call: Call, where: str, *, status: int | None = None, why: str | None = None) -> NoAnswer:
    """A `NoAnswer` that says whether something may have happened."""
    reasons = [reason for reason in (why, MAYBE_DONE if call.effect else None) if reason]
    return NoAnswer(
        what,
        status=status,
        where=where,
        why="; ".join(reasons) or None,
        next_step=LOOK_AGAIN if call.effect else TRY_LATER,
    )


def not_me_sms(reply: Reply, call: Call, where: str) -> ApiError:
    """The error for an answer that ME-SMS does not give: a proxy's page, or that of a wrong address."""
    shape = "a web page" if reply.is_page else "something else"
    what = f"{shape} came back instead of an answer of ME-SMS (HTTP {reply.status})"
    if call.effect:
        return unclear(what, call, where, status=reply.status)
    return NotMesms(what, where=where, why="a proxy or a wrong address answers here", next_step=CHECK_ADDRESS)


def _verdict(reply: Reply, call: Call, where: str, retry_after: float | None, clean: Callable[[str], str]) -> ApiError:
    status = reply.status
    if status == TOO_MANY_REQUESTS:
        return RateLimited("ME-SMS asks for fewer requests (HTTP 429)", retry_after=retry_after, where=where)
    if reply.is_redirect:
        return _redirected(reply, call, where, clean)
    if status >= 500 or status == REQUEST_TIMEOUT:
        why = "a web page came with it, as a proxy's" if reply.is_page else _said(reply, clean)
        return unclear(f"ME-SMS answered HTTP {status}", call, where, status=status, why=why)
    if not _is_documented(reply):
        return not_me_sms(reply, call, where)
    if call.effect and status not in call.refusals:
        why = _said(reply, clean) or "the reference does not say what this means here"
        return unclear(f"ME-SMS answered HTTP {status}", call, where, status=status, why=why)
    return _refusal(reply, where, clean)


def _refusal(reply: Reply, where: str, clean: Callable[[str], str]) -> ApiRefusal:
    said = _said(reply, clean)
    return ApiRefusal(
        f"ME-SMS refused: {said}" if said else f"ME-SMS refused (HTTP {reply.status})",
        status=reply.status,
        code=_code(reply, clean),
        where=where,
        why=f"HTTP {reply.status}",
        next_step=_NEXT.get(reply.status, "mend what ME-SMS names; the request was not carried out"),
    )


def _redirected(reply: Reply, call: Call, where: str, clean: Callable[[str], str]) -> NoAnswer:
    failure = unclear(
        f"the answer was a redirect to {_host(reply.location, clean)} (HTTP {reply.status})",
        call,
        where,
        status=reply.status,
        why="it was not followed: the API key goes to the configured address only",
    )
    failure.next_step = f"{LOOK_AGAIN}; {CHECK_ADDRESS}" if call.effect else CHECK_ADDRESS
    return failure


def _host(location: str | None, clean: Callable[[str], str]) -> str:
    if location is None:
        return "nowhere"
    try:
        return clean(urlsplit(location).hostname or "the same host")
    except ValueError:
        return "an unreadable address"


def _body(reply: Reply) -> dict[str, object] | None:
    try:
        body = reply.json()
    except NotJson:
        return None
    return body if isinstance(body, dict) else None


def _is_documented(reply: Reply) -> bool:
    """Whether the body has the shape of the reference's "Error format": ``error``, sometimes ``code``."""
    body = _body(reply)
    return body is not None and (body.get("error") is not None or isinstance(body.get("code"), str))


def _said(reply: Reply, clean: Callable[[str], str]) -> str | None:
    said = error_text(_body(reply))
    return clean(said) if said else None


def _code(reply: Reply, clean: Callable[[str], str]) -> str | None:
    """The machine code, in capitals: from ``code``, else from an ``error`` that has or is one."""
    body = _body(reply) or {}
    error = body.get("error")
    for code in (body.get("code"), error.get("code") if isinstance(error, dict) else None):
        if isinstance(code, str) and code.strip():
            return clean(code).upper()
    return clean(error) if isinstance(error, str) and _CODE.fullmatch(error) else None


def is_transient(failure: BaseException) -> bool:
    """Whether a read that failed so may succeed when it is simply asked again."""
    if not isinstance(failure, NoAnswer):
        return False
    return failure.status is None or failure.status == REQUEST_TIMEOUT or failure.status >= 500
