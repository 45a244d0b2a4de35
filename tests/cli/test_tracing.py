"""Spans: off and free unless asked for; then a real collector on loopback receives what a run did, and no people."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.cli.tracing import is_wanted
from mesms_gitops.errors import Refused
from mesms_gitops.sandbox.faults import Fault
from tests.cli.conftest import sends
from tests.measured import HANG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """An OTLP/HTTP receiver: ``spans`` by name with their attributes, ``raw`` as they came."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.requests: list[Any] = []
        collector = self

        class Speaks(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name http.server calls
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.take(self.path, body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Speaks)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def take(self, path: str, body: bytes) -> None:
        """One export."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        assert path == "/v1/traces"
        self.raw.append(body)
        self.requests.append(ExportTraceServiceRequest.FromString(body))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def spans(self) -> list[Any]:
        """All spans that arrived, as protobuf messages."""
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def facts(self, name: str) -> list[dict[str, Any]]:
        """Attributes of each span called ``name``."""
        return [
            {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}
            for span in self.spans
            if span.name == name
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A receiver for as long as the test lasts."""
    made = Collector()
    yield made
    made.stop()


def test_an_apply_is_a_tree_of_spans(project: Project, sandbox: Running, collector: Collector) -> None:
    """One span for the run with one below it for each send and cancel; they say what they should and nothing else."""
    project.extra.update(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, TRACEPARENT=PARENT)
    project.campaign("order", content="For nobody else to read")
    project.campaign("other")
    assert project.plan()["summary"]["schedule"] == 2
    assert project.apply().code == 0
    assert [one["mesms.exit_code"] for one in collector.facts("mesms-gitops plan")] == [0]
    assert [one["mesms.exit_code"] for one in collector.facts("mesms-gitops apply")] == [0]
    uuids = {name: one["sends"][0]["uuid"] for name, one in project.status().items()}
    expected = [
        {"mesms.campaign": name, "mesms.recipients": 2, "mesms.credits": 2, "mesms.scheduled": True, "mesms.uuid": uuid}
        for name, uuid in sorted(uuids.items())
    ]
    assert sorted(collector.facts("mesms-gitops send"), key=lambda one: one["mesms.campaign"]) == expected
    (root,) = [span for span in collector.spans if span.name == "mesms-gitops apply"]
    below = [span for span in collector.spans if span.name == "mesms-gitops send"]
    assert {span.parent_span_id for span in below} == {root.span_id}
    assert root.trace_id.hex() == PARENT.split("-")[1]
    assert root.parent_span_id.hex() == PARENT.split("-")[2]
    sent = b"".join(collector.raw)
    for private in (b"0800000001", b"66800000001", b"800000001", b"nobody else", b"SiamCoffee", b"sandbox-key"):
        assert private not in sent
    assert sends(sandbox) == 2


def test_cancels_are_spans_too(project: Project, collector: Collector) -> None:
    project.campaign("order")
    assert project.apply().code == 0
    uuid = project.status()["order"]["sends"][0]["uuid"]
    project.campaign("order", content="Something else")
    assert project.apply(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint).code == 0
    assert collector.facts("mesms-gitops cancel") == [
        {"mesms.campaign": "order", "mesms.recipients": 2, "mesms.uuid": uuid}
    ]


def test_an_unknown_send_is_an_error_without_words(project: Project, sandbox: Running, collector: Collector) -> None:
    """The kind of error and no more: what it says may name a host, a file or a masked number."""
    project.campaign("order")
    sandbox.arm(Fault("lose_answer", method="POST", path="/sms/send"))
    project.apply(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    (facts,) = collector.facts("mesms-gitops send")
    assert facts["error.type"] == "NoAnswer"
    (span,) = [one for one in collector.spans if one.name == "mesms-gitops send"]
    assert (span.status.code, span.status.message, list(span.events)) == (2, "", [])


def test_a_refused_apply_says_its_exit_code(project: Project, collector: Collector) -> None:
    project.campaign("order", sender="NewBrand")
    assert project.apply(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint).code == 4
    assert collector.facts("mesms-gitops apply") == [{"error.type": Refused.__name__, "mesms.exit_code": 4}]


def test_a_collector_that_is_down_costs_a_note_and_a_moment(project: Project, sandbox: Running) -> None:
    """The send is made, the exit code is the run's own, stdout is untouched, and nothing hangs."""
    project.campaign("order")
    began = time.monotonic()
    ran = project.apply("--json", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert time.monotonic() - began < HANG
    assert (ran.code, ran.err.count("did not reach the collector")) == (0, 1)
    assert json.loads(ran.out)
    assert "Traceback" not in ran.err
    assert sends(sandbox) == 1


def test_the_console_exporter_keeps_off_stdout(project: Project) -> None:
    project.campaign("order")
    ran = project.run("plan", "--json", OTEL_TRACES_EXPORTER="console")
    assert ran.json["summary"]["schedule"] == 1
    assert '"name": "mesms-gitops plan"' in ran.err


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    ],
)
def test_when_spans_are_wanted(environment: dict[str, str], wanted: bool) -> None:
    """OpenTelemetry's own variables decide, and without one of them nothing is sent anywhere."""
    assert is_wanted(environment) is wanted


@pytest.mark.parametrize("environment", [{}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_switched_off_it_is_not_even_imported(environment: dict[str, str], project: Project) -> None:
    """A plan without the variables imports nothing of OpenTelemetry, and an account is not wrapped."""
    code = (
        "import sys; from mesms_gitops.cli import tracing; account = object()\n"
        "with tracing.span('plan') as span: span.note(exit_code=0)\n"
        "assert tracing.traced(account, None) is account\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    env = {"PATH": project.env["PATH"], **environment}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)


def test_without_the_extra_the_variables_change_nothing(project: Project, sandbox: Running) -> None:
    """Where OpenTelemetry is not installed, a run with its variables set is as any other."""
    project.campaign("order")
    hidden = project.write("hidden/opentelemetry/__init__.py", "raise ImportError('not installed')\n").parents[1]
    ran = project.apply(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", PYTHONPATH=str(hidden))
    assert (ran.code, sends(sandbox)) == (0, 1)
    assert "collector" not in ran.err


def test_the_in_memory_exporter_of_the_sdk_sees_nested_spans() -> None:
    """Spans nest, a failure in one marks it and those around it, and facts that are None are left out."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from mesms_gitops.cli.otel import Exporting

    memory = InMemorySpanExporter()
    exporting = Exporting(memory)
    with (
        pytest.raises(KeyboardInterrupt),
        exporting.span("apply", {}),
        exporting.span("send", {"campaign": "a", "credits": None}),
    ):
        raise KeyboardInterrupt
    inner, outer = memory.get_finished_spans()
    assert dict(inner.attributes or {}) == {"mesms.campaign": "a", "error.type": "KeyboardInterrupt"}
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert not inner.events
