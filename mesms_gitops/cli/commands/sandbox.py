"""``sandbox``: a local ME-SMS to try everything against."""

from __future__ import annotations

import click

from mesms_gitops.errors import ConfigError


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8899, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
def command(*, host: str, port: int) -> int:
    """Run a local ME-SMS with every documented endpoint, rule and error, a movable clock and faults on request."""
    from mesms_gitops.sandbox.server import serve

    try:
        serve(host, port, on_ready=_greet)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError(
            "the sandbox cannot listen there",
            where=f"{host}:{port}",
            why=error.strerror,
            next_step="mesms-gitops sandbox --port 0 takes a free port",
        ) from error
    return 0


def _greet(running: object) -> None:
    base_url, control = getattr(running, "base_url", ""), getattr(running, "control", "")
    click.echo(
        f"""ME-SMS sandbox is up; Ctrl-C ends it.

  export MESMS_BASE_URL={base_url}
  export MESMS_API_KEY=sandbox-key            # sandbox-read-key cannot send

  curl {control}/ledger                       # what it holds
  curl -X POST {control}/clock -d '{{"advance": "2h"}}'   # move its time
  curl {control}/openapi.json                 # everything it answers, and its control address"""
    )
