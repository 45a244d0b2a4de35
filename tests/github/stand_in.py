"""A loopback stand-in for the REST calls the action makes: their paths, parameters, bodies and statuses of success.

What it answers fits the schemas of GitHub's published OpenAPI description (version 2022-11-28), but holds few of their
fields: those that somebody here reads, and some beside them. Refusals are as GitHub words them, which the description
does not say (422 for a commit that nobody knows). It is stricter than GitHub: a field that it does not know, a missing
header or a body that is too long is not only refused but remembered, and the test that used it fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.github.forge import BOT, MAX_BODY, REPOSITORY, Forge, user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request


def _app(forge: Forge) -> Starlette:
    root = f"/repos/{REPOSITORY}"

    def refused(request: Request, status: int, why: str, *, is_wrong: bool = True) -> Response:
        if is_wrong:
            forge.wrongs.append(f"{request.method} {request.url.path}: {why}")
        return JSONResponse({"message": why, "documentation_url": "https://docs.github.com/rest"}, status_code=status)

    def faults(request: Request) -> Response | None:
        forge.calls.append((request.method, request.url.path))
        if forge.failing:
            failed = refused(request, forge.failing.pop(0), "told to fail", is_wrong=False)
            failed.headers.update({"retry-after": forge.retry_after} if forge.retry_after else {})
            return failed
        headers = request.headers
        if headers.get("x-github-api-version") != "2022-11-28":
            return refused(request, 400, "no API version")
        if headers.get("accept") != "application/vnd.github+json" or not headers.get("user-agent"):
            return refused(request, 403, "no Accept or User-Agent")
        if headers.get("authorization") != f"Bearer {forge.token}":
            return refused(request, 401, "Bad credentials")
        if request.method != "GET" and not forge.can_write:
            return refused(request, 403, "Resource not accessible by integration", is_wrong=False)
        return None

    async def fields(request: Request, known: dict[str, type]) -> tuple[dict[str, Any], Response | None]:
        body = await request.json()
        for name, value in body.items():
            if name not in known or not isinstance(value, known[name]):
                return {}, refused(request, 422, f"the field {name} is not one of {sorted(known)}")
        if len(body.get("body", "")) > MAX_BODY:
            return {}, refused(request, 422, f"Body is too long (maximum is {MAX_BODY} characters)")
        return body, None

    def page(request: Request, found: list[Any], known: frozenset[str] = frozenset()) -> Response:
        unknown = request.query_params.keys() - known - {"page", "per_page"}
        if unknown:
            return refused(request, 422, f"unknown parameters {sorted(unknown)}")
        size, nth = int(request.query_params.get("per_page", 30)), int(request.query_params.get("page", 1))
        if not 1 <= size <= 100:
            return refused(request, 422, "per_page is 1 to 100")
        return JSONResponse(found[(nth - 1) * size : nth * size])

    async def pulls(request: Request) -> Response:
        bad = faults(request)
        if bad:
            return bad
        asked = request.query_params
        found = [pull for pull in forge.pulls.values() if pull["state"] == asked.get("state", "open")]
        if "head" in asked:
            found = [pull for pull in found if pull["head"]["label"] == asked["head"]]
        return page(request, found, frozenset({"state", "head"}))

    async def pull(request: Request) -> Response:
        bad = faults(request)
        found = forge.pulls.get(int(request.path_params["number"]))
        return bad or (JSONResponse(found) if found else refused(request, 404, "Not Found"))

    async def pulls_of(request: Request) -> Response:
        bad = faults(request)
        found = forge.commits.get(request.path_params["sha"])
        if found is None:
            return bad or refused(request, 422, "No commit found for SHA", is_wrong=False)
        return bad or page(request, [forge.pulls[number] for number in sorted(found)])

    async def reviews(request: Request) -> Response:
        return faults(request) or page(request, forge.reviews.get(int(request.path_params["number"]), []))

    async def comments(request: Request) -> Response:
        bad, number = faults(request), int(request.path_params["number"])
        if bad:
            return bad
        if request.method == "GET":
            return page(request, [_comment(one) for one in forge.comments.values() if one["issue"] == number])
        body, bad = await fields(request, {"body": str})
        if bad or number in forge.locked:
            return bad or refused(request, 403, "Unable to create comment because issue is locked.", is_wrong=False)
        made = forge.comment(number, BOT, body["body"])
        return JSONResponse(_comment(forge.comments[made]), status_code=201)

    async def comment(request: Request) -> Response:
        bad, number = faults(request), int(request.path_params["comment"])
        body, worse = ({}, bad) if bad else await fields(request, {"body": str})
        if worse:
            return worse
        if number not in forge.comments:
            return refused(request, 404, "Not Found")
        forge.comments[number]["body"] = body["body"]
        return JSONResponse(_comment(forge.comments[number]))

    async def issues(request: Request) -> Response:
        bad = faults(request)
        if bad:
            return bad
        if request.method == "GET":
            asked = request.query_params
            found = [one for one in forge.issues.values() if one["state"] == asked.get("state", "open")]
            wanted = asked.get("labels", "")
            found = [one for one in found if not wanted or wanted in one["labels"]]
            pulls = [{**one, "pull_request": {"url": ""}, "body": ""} for one in forge.pulls.values()]
            return page(request, [*map(_issue, found), *pulls], frozenset({"state", "labels"}))
        body, bad = await fields(request, {"title": str, "body": str, "labels": list})
        if bad:
            return bad
        number = forge.number()
        forge.issues[number] = {"number": number, "user": user(BOT), "state": "open", "labels": [], **body}
        return JSONResponse(_issue(forge.issues[number]), status_code=201)

    async def issue(request: Request) -> Response:
        bad, number = faults(request), int(request.path_params["number"])
        known = {"title": str, "body": str, "state": str, "state_reason": str, "labels": list}
        body, worse = ({}, bad) if bad else await fields(request, known)
        if worse:
            return worse
        forge.issues[number] |= body
        return JSONResponse(_issue(forge.issues[number]))

    async def permission(request: Request) -> Response:
        bad, login = faults(request), request.path_params["login"]
        if bad or login.endswith("[bot]"):
            return bad or refused(request, 404, "Not Found", is_wrong=False)
        role = "read" if login in forge.strangers else "write"
        return JSONResponse({"permission": role, "role_name": role, "user": user(login)})

    async def attempt(request: Request) -> Response:
        asked = int(request.path_params["run"]), int(request.path_params["attempt"])
        bad, status = faults(request), forge.runs.get(asked)
        if bad or status is None:
            return bad or refused(request, 404, "Not Found", is_wrong=False)
        conclusion = "failure" if status == "completed" else None
        told = {"id": asked[0], "run_attempt": asked[1], "status": status, "conclusion": conclusion}
        return JSONResponse(told | {"repository": {"full_name": REPOSITORY}} | forge.run_twist)

    return Starlette(
        routes=[
            Route(f"{root}/pulls", pulls, methods=["GET"]),
            Route(f"{root}/pulls/{{number:int}}", pull, methods=["GET"]),
            Route(f"{root}/pulls/{{number:int}}/reviews", reviews, methods=["GET"]),
            Route(f"{root}/commits/{{sha}}/pulls", pulls_of, methods=["GET"]),
            Route(f"{root}/issues", issues, methods=["GET", "POST"]),
            Route(f"{root}/issues/{{number:int}}", issue, methods=["PATCH"]),
            Route(f"{root}/issues/{{number:int}}/comments", comments, methods=["GET", "POST"]),
            Route(f"{root}/issues/comments/{{comment:int}}", comment, methods=["PATCH"]),
            Route(f"{root}/collaborators/{{login}}/permission", permission, methods=["GET"]),
            Route(f"{root}/actions/runs/{{run:int}}/attempts/{{attempt:int}}", attempt, methods=["GET"]),
        ]
    )


def _comment(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "issue"} | {"author_association": "NONE"}


def _issue(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "labels": [{"name": name} for name in one["labels"]]}


@contextlib.contextmanager
def serving() -> Iterator[Forge]:
    """A forge behind a free loopback port; what was wrong with the calls it got fails whoever used it."""
    forge = Forge()
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(_app(forge), lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    forge.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield forge
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
    assert not forge.wrongs, forge.wrongs
