"""Spans of what a command does, for OpenTelemetry: off unless the environment asks for them and the extra is there.

A span carries campaign, recipients, credits and uuid; never a number, a text, a sender, or what an error says. Nothing
of OpenTelemetry is imported before a span is wanted: see `otel`.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from mesms_gitops.model.plan import Plan
    from mesms_gitops.reconcile.ports import Account

P = ParamSpec("P")
Fact: TypeAlias = str | int | bool


class Span(Protocol):
    """One piece of work under way."""

    def note(self, **facts: Fact | None) -> None:
        """Say something about it; what is None is left out. Names are given without their prefix ``mesms.``."""


class _Nothing:
    def note(self, **facts: Fact | None) -> None:
        """Nobody listens."""


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for spans, in OpenTelemetry's own variables.

    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/: an endpoint, or an exporter by
    name. That ``otlp`` is the default even without an endpoint is left aside: it would send to localhost unasked.
    """
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "")
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return exporter != "none" and bool(exporter or any(environment.get(name) for name in endpoints))


@cache
def _opener() -> Callable[[str, Mapping[str, Fact | None]], AbstractContextManager[Span]] | None:
    """What opens spans in this process, None where nobody wants them or the extra is not installed."""
    if not is_wanted(os.environ):
        return None
    try:
        from mesms_gitops.cli.otel import Exporting
    except ImportError:
        return None
    return Exporting.from_environment(os.environ).span


@contextmanager
def span(name: str, **facts: Fact | None) -> Iterator[Span]:
    """``name`` for as long as the context lasts; what it ends with is its outcome."""
    opener = _opener()
    if opener is None:
        yield _Nothing()
        return
    with opener(name, facts) as opened:
        yield opened


def spanned(name: str) -> Callable[[Callable[P, int]], Callable[P, int]]:
    """A command as a span of its own, with its exit code."""

    def decorate(command: Callable[P, int]) -> Callable[P, int]:
        @wraps(command)
        def run(*arguments: P.args, **options: P.kwargs) -> int:
            with span(name) as opened:
                code = command(*arguments, **options)
                opened.note(exit_code=code)
            return code

        return run

    return decorate


def traced(account: Account, plan: Plan) -> Account:
    """``account`` with a span around each send and cancel of ``plan``; ``account`` itself where nobody wants them."""
    if _opener() is None:
        return account
    from mesms_gitops.cli.traced_account import TracedAccount

    return TracedAccount(account, plan)
