"""The command line itself: which commands there are, and what becomes of an error. Imports nothing but click."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops import __version__
from mesms_gitops.cli import completion
from mesms_gitops.errors import MesmsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USAGE = 64
INTERRUPTED = 130
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""No room on the disk, or in one's share of it."""

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "init": "Make a project that validates.",
        "validate": "Check manifests, offline and without a key.",
        "fix": "Mend what validate points at, on the codes named.",
        "parts": "Count the SMS parts of a text.",
        "plan": "Show what an apply would do, with cost and people.",
        "show": "Print a saved plan.",
        "apply": "Carry out a plan.",
        "refresh": "Read delivery from ME-SMS into state.",
        "status": "Show what state knows, without network.",
        "report": "Report delivery.",
        "history": "Show who wrote, approved and sent what.",
        "resolve": "Settle an unknown send.",
        "adopt": "Take a message made elsewhere into state.",
        "stop": "The emergency stop.",
        "forget": "Never text a person again, with proof.",
        "state": "Look at the recorded state, or change it by hand.",
        "doctor": "Look at key, account, clock and state.",
        "sandbox": "Run a local ME-SMS.",
        "demo": "Show the whole journey on the sandbox, without an account.",
        "explain": "Say what a finding's code means.",
        "schema": "Print a JSON Schema.",
        "completion": "Print the script for a shell's completion.",
    }
)
"""Every command and its one line, so that ``--help`` need not import any of them."""

HIDDEN = frozenset({"github"})
"""What machines call: not listed."""

EPILOG = """\b
Exit codes: 0 done; 1 error; 2 plan --detailed-exitcode: there are changes;
3 a person is needed; 4 refused before the first effect; 5 the plan is stale;
6 the state is locked; 64 usage; 130 interrupted."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The commands in the order of a campaign's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        """Import the module of ``cmd_name`` and return its ``command``."""
        if cmd_name not in COMMANDS and cmd_name not in HIDDEN:
            return None
        command = importlib.import_module(f"mesms_gitops.cli.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        """List the commands from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="mesms-gitops", message="%(prog)s %(version)s")
@click.option("-C", "chdir", metavar="DIR", shell_complete=completion.folders, help="Work as if started in DIR.")
@click.option("-v", "verbose", count=True, help="Say more on stderr.")
@click.pass_context
def application(ctx: click.Context, chdir: str | None, verbose: int) -> None:
    """SMS campaigns as code for ME-SMS: validate, plan with cost and people, apply without texting anyone twice.

    \b
    Examples:
      mesms-gitops validate
      mesms-gitops plan
      mesms-gitops apply
    """
    ctx.obj = {"chdir": chdir, "verbose": verbose}
    # whether there is colour was decided with the text (`terminal`, `views`): click must not take it out again
    ctx.color = True


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code and prints what went wrong to stderr."""
    try:
        answer: Any = application.main(
            args=None if arguments is None else list(arguments), prog_name="mesms-gitops", standalone_mode=False
        )
    except click.UsageError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        error.show()
        return 1
    except (click.Abort, KeyboardInterrupt):
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except MesmsError as error:
        return _explained(error, as_json=_asks_for_json(sys.argv[1:] if arguments is None else arguments))
    except BrokenPipeError:
        # the reader of our output went away (`| head`): not an error of ours, and nothing is left to say. Pointing
        # stdout elsewhere keeps the interpreter from flushing into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in _FULL:
            return _fault(error, verbose="-v" in (sys.argv if arguments is None else arguments))
        print(f"error: what was to be written has no room ({error.strerror})", file=sys.stderr)
        print("  next: make room, then run the same command again", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # as above
        return 1
    except Exception as error:  # the last door: a fault of ours must not look like one of the user's
        return _fault(error, verbose="-v" in (sys.argv if arguments is None else arguments))
    return answer if isinstance(answer, int) else 0


def _fault(error: Exception, *, verbose: bool) -> int:
    """A mistake of this program. Its message is left out without ``-v``: it may hold anything, a number for one."""
    print(f"error: mesms-gitops has a fault of its own ({type(error).__name__})", file=sys.stderr)
    print(
        "  why: this should never happen; what was sent is recorded, and the next run looks before it acts",
        file=sys.stderr,
    )
    print("  next: run it again with -v and report what it shows (take phone numbers out first)", file=sys.stderr)
    if verbose:
        import traceback

        traceback.print_exception(error)
    return 1


def _asks_for_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(one in ("--json", "--format=json") or (one, other) == ("--format", "json") for one, other in pairs)


def _explained(error: MesmsError, *, as_json: bool) -> int:
    """Say on stderr what went wrong; and on stdout in JSON, for a program that reads no prose."""
    if as_json:
        from mesms_gitops.views.error_json import error_json

        print(error_json(error), end="")
    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.views.error_text import error_text

    terminal = Terminal.of_process()
    text = error_text(error, colour=terminal.colour_stderr, width=terminal.width)
    print(text, end="" if text.endswith("\n") else "\n", file=sys.stderr)
    for note in getattr(error, "__notes__", ()):
        print(f"  note: {note}", file=sys.stderr)
    return error.exit_code
