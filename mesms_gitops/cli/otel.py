"""OpenTelemetry's SDK behind `tracing`: the only module that imports it (extra ``otel``)."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mesms_gitops import __version__
from mesms_gitops.errors import MesmsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter

    from mesms_gitops.cli.tracing import Fact

NAME: Final = "mesms-gitops"
PREFIX: Final = "mesms."
PATIENCE: Final = 3.0
"""Seconds for the collector, unless OTEL_EXPORTER_OTLP_TIMEOUT or _TRACES_TIMEOUT says otherwise: a command that is
done must not hang on one that is down."""
_TIMEOUTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")


class _Failures(logging.Handler):
    """Hears what the SDK complains of, which would end on stderr with a traceback; one note tells it instead."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.has_any = False

    def emit(self, record: logging.LogRecord) -> None:
        self.has_any = self.has_any or bool(record)


class _Opened:
    """`tracing.Span` of the SDK."""

    def __init__(self, opened: trace.Span) -> None:
        self._opened = opened

    def note(self, **facts: Fact | None) -> None:
        """See `tracing.Span.note`."""
        for name, fact in facts.items():
            if fact is not None:
                self._opened.set_attribute(PREFIX + name, fact)


class Exporting:
    """Spans, and where they go. The outermost span of a process sends all of them off when it ends."""

    def __init__(self, exporter: SpanExporter, *, parent: Context | None = None, named: bool = False) -> None:
        """``parent``: the span of whoever started this process. ``named``: the environment names the service."""
        known = {"service.version": __version__, **({} if named else {"service.name": NAME})}
        self._provider = TracerProvider(resource=Resource.create(known), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(NAME, __version__)
        self._parent = parent
        self._depth = 0
        self._failures = _Failures()
        sdk = logging.getLogger("opentelemetry")
        sdk.addHandler(self._failures)
        sdk.propagate = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """As OpenTelemetry's variables say: to a collector by OTLP over HTTP, or with ``console`` to stderr.

        ``TRACEPARENT`` (W3C Trace Context), where a CI sets it, is the span that everything here is part of.
        """
        parent = TraceContextTextMapPropagator().extract({"traceparent": environment.get("TRACEPARENT", "")})
        named = bool(environment.get("OTEL_SERVICE_NAME")) or "service.name=" in environment.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        exporter: SpanExporter
        if environment.get("OTEL_TRACES_EXPORTER") == "console":
            exporter = ConsoleSpanExporter(out=sys.stderr)
        else:
            told = any(environment.get(name) for name in _TIMEOUTS)
            exporter = OTLPSpanExporter(timeout=None if told else PATIENCE)
        return cls(exporter, parent=parent, named=named)

    @contextmanager
    def span(self, name: str, facts: Mapping[str, Fact | None]) -> Iterator[_Opened]:
        """One span. An error is told by its kind alone: its text may name a file, a host, a masked number."""
        outermost = self._depth == 0
        self._depth += 1
        context = self._parent if outermost else None
        try:
            with self._tracer.start_as_current_span(
                f"{NAME} {name}", context=context, record_exception=False, set_status_on_exception=False
            ) as opened:
                made = _Opened(opened)
                made.note(**facts)
                try:
                    yield made
                except BaseException as error:
                    opened.set_attribute("error.type", type(error).__name__)
                    if isinstance(error, MesmsError):
                        made.note(exit_code=error.exit_code)
                    opened.set_status(trace.StatusCode.ERROR)
                    raise
        finally:
            self._depth -= 1
            if outermost:
                self._end()

    def _end(self) -> None:
        self._provider.force_flush()
        if self._failures.has_any:
            print("note: traces did not reach the collector (OTEL_EXPORTER_OTLP_ENDPOINT)", file=sys.stderr)
