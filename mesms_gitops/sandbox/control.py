"""The control room at ``/_sandbox``: the clock, the faults, the ledger, the account, the log. Not part of ME-SMS."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from mesms_gitops.sandbox import changes, checks
from mesms_gitops.sandbox.clock import MODES, span
from mesms_gitops.sandbox.faults import Fault
from mesms_gitops.sandbox.openapi import openapi
from mesms_gitops.sandbox.refusals import RefusalError
from mesms_gitops.sandbox.world import iso

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from mesms_gitops.sandbox.app import Sandbox
    from mesms_gitops.sandbox.clock import Mode

PREFIX: Final = "/_sandbox"

Body = dict[str, Any]


class ControlError(ValueError):
    """A control request that makes no sense; answered 400 with its text."""


def control_app(sandbox: Sandbox) -> Starlette:
    """The control endpoints of a sandbox; any other path outside the API is a JSON 404."""
    desk = _Desk(sandbox)
    routes = [
        _route("", {"GET": desk.index}),
        _route("/", {"GET": desk.index}),
        _route("/clock", {"GET": desk.clock, "POST": desk.set_clock}),
        _route("/faults", {"GET": desk.faults, "POST": desk.arm, "DELETE": desk.disarm_all}),
        _route("/faults/{fault_id:int}", {"DELETE": desk.disarm}),
        _route("/ledger", {"GET": desk.ledger}),
        _route("/account", {"GET": desk.account, "POST": desk.change_account}),
        _route("/reset", {"POST": desk.reset}),
        _route("/requests", {"GET": desk.requests}),
        _route("/openapi.json", {"GET": desk.openapi}),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _http_error})
    app.router.redirect_slashes = False
    return app


def _route(path: str, actions: dict[str, Callable[[Request, Body], object]]) -> Route:
    """One path: reads the JSON body, runs the action of the method, answers JSON."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(actions[request.method](request, await _read(request)))
        except (ControlError, ValueError, OverflowError) as error:
            return JSONResponse({"error": str(error)}, 400)
        except RefusalError as refusal:
            return JSONResponse(refusal.answer.body, 400)

    return Route(f"{PREFIX}{path}", endpoint, methods=list(actions))


async def _read(request: Request) -> Body:
    """The JSON body of a control request; {} for none. A list is given to ``arm`` under "faults"."""
    raw = await request.body()
    value = json.loads(raw) if raw else {}
    if isinstance(value, list):
        value = {"faults": value}
    if not isinstance(value, dict):
        raise ControlError("the body must be a JSON object")
    return value


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


class _Desk:
    """What each control endpoint does. Runs on the server's loop, so it never meets an API request half way."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def index(self, _request: Request, _body: Body) -> object:
        """What there is."""
        paths = ["clock", "faults", "ledger", "account", "reset", "requests", "openapi.json"]
        return {"api": "/api/v2", "control": [f"{PREFIX}/{path}" for path in paths]}

    # --- clock --------------------------------------------------------------------------------------------------------

    def clock(self, _request: Request, _body: Body) -> object:
        """The time and how it moves."""
        sandbox = self._sandbox
        with sandbox.lock:
            sandbox.clock.tick(sandbox.world)
            return {"now": iso(sandbox.world.now), "mode": sandbox.clock.mode}

    def set_clock(self, request: Request, body: Body) -> object:
        """``mode`` first, then ``now``, then ``advance`` (seconds, or a span such as "2h"); any of them."""
        _known(body, {"mode", "now", "advance"})
        mode, now, by = _mode(body), _now(body), _advance(body)
        sandbox = self._sandbox
        with sandbox.lock:
            sandbox.clock.tick(sandbox.world)
            if mode is not None:
                sandbox.clock.mode = mode
            if now is not None:
                sandbox.world.set_now(now)
            sandbox.world.advance(by)
        return self.clock(request, body)

    # --- faults -------------------------------------------------------------------------------------------------------

    def faults(self, _request: Request, _body: Body) -> object:
        """What is armed, with how often it matched and hit."""
        return {"faults": self._sandbox.faults.listing()}

    def arm(self, request: Request, body: Body) -> object:
        """Arm one fault, or all of a list; nothing is armed if one of them is wrong."""
        faults = [Fault.read(given) for given in body.get("faults", [body])]
        ids = [self._sandbox.faults.arm(fault) for fault in faults]
        return {"ids": ids, **_object(self.faults(request, body))}

    def disarm_all(self, request: Request, body: Body) -> object:
        """Back to a network that works."""
        self._sandbox.faults.disarm()
        return self.faults(request, body)

    def disarm(self, request: Request, body: Body) -> object:
        """Remove one fault by its id."""
        try:
            self._sandbox.faults.disarm(request.path_params["fault_id"])
        except KeyError as error:
            raise HTTPException(404, f"no fault with id {error}") from error
        return self.faults(request, body)

    # --- what happened ------------------------------------------------------------------------------------------------

    def ledger(self, request: Request, _body: Body) -> object:
        """Every message ever accepted (``delivers``: people got or will get it), requests by endpoint, credits."""
        numbers = request.query_params.get("numbers", "0") not in ("0", "")
        sandbox = self._sandbox
        with sandbox.lock:
            sandbox.clock.tick(sandbox.world)
            return changes.ledger(sandbox.world, numbers=numbers)

    def requests(self, _request: Request, _body: Body) -> object:
        """The requests to the API, oldest first."""
        return {"requests": list(self._sandbox.log)}

    # --- the account --------------------------------------------------------------------------------------------------

    def account(self, request: Request, _body: Body) -> object:
        """What an owner has; ``?owner=`` names another than the first."""
        with self._sandbox.lock:
            return changes.describe(self._sandbox.world, request.query_params.get("owner"))

    def change_account(self, request: Request, body: Body) -> object:
        """Change what is named and leave the rest; see ``changes.apply``."""
        with self._sandbox.lock:
            changes.apply(self._sandbox.world, request.query_params.get("owner"), body)
        return self.account(request, body)

    def reset(self, request: Request, body: Body) -> object:
        """A fresh world; ``now``, ``seed`` and ``mode`` may be given."""
        _known(body, {"now", "seed", "mode"})
        seed = body.get("seed")
        if seed is not None and not isinstance(seed, int):
            raise ControlError("seed must be an integer")
        with self._sandbox.lock:
            self._sandbox.reset(now=_now(body), seed=seed, mode=_mode(body))
        return self.clock(request, body)

    def openapi(self, _request: Request, _body: Body) -> object:
        """The OpenAPI document of the API."""
        return openapi()


def _object(value: object) -> Body:
    assert isinstance(value, dict)
    return value


def _known(body: Body, names: set[str]) -> None:
    unknown = body.keys() - names
    if unknown:
        raise ControlError(f"unknown field {min(unknown)!r}; known: {', '.join(sorted(names))}")


def _mode(body: Body) -> Mode | None:
    mode = body.get("mode")
    if mode is not None and mode not in MODES:
        raise ControlError(f"mode must be one of {', '.join(MODES)}")
    return mode


def _now(body: Body) -> datetime | None:
    return None if body.get("now") is None else checks.instant(body["now"], "now")


def _advance(body: Body) -> timedelta:
    by = body.get("advance", 0)
    if isinstance(by, str):
        return span(by)
    if isinstance(by, bool) or not isinstance(by, (int, float)):
        raise ControlError('advance must be seconds or a span such as "2h"')
    return timedelta(seconds=by)
