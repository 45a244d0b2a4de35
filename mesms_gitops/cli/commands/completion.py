"""``completion``: the script that makes a shell complete commands, options and campaign names."""

from __future__ import annotations

import click

PROGRAM, ALIAS = "mesms-gitops", "mesms"
COMPLETE_VAR = "_MESMS_GITOPS_COMPLETE"
"""Where click looks for the shell's question; it follows from the program's name."""

_FOR_ALIAS = {
    "bash": "complete -o nosort -F {function} {alias}",
    "zsh": "compdef {function} {alias}",
    "fish": 'complete --no-files --command {alias} --arguments "({function})";',
}


@click.command("completion")
@click.argument("shell", type=click.Choice(tuple(_FOR_ALIAS)))
def command(shell: str) -> int:
    """Print the script that completes commands, options and campaign names in SHELL, for `mesms-gitops` and `mesms`.

    \b
    To install it, once:
      bash  echo 'eval "$(mesms-gitops completion bash)"' >> ~/.bashrc
      zsh   echo 'eval "$(mesms-gitops completion zsh)"' >> ~/.zshrc    (below compinit)
      fish  mesms-gitops completion fish > ~/.config/fish/conf.d/mesms-gitops.fish
    """
    click.echo(script(shell), nl=False)
    return 0


def script(shell: str) -> str:
    """The script of click for ``shell``, which asks this program, and a line that serves the short name too."""
    from click.shell_completion import get_completion_class

    from mesms_gitops.cli.app import application

    kind = get_completion_class(shell)
    assert kind is not None
    completer = kind(application, {}, PROGRAM, COMPLETE_VAR)
    # not `completer.source()`: it starts a bash to look at its version
    text = completer.source_template % completer.source_vars()
    return f"{text.strip()}\n{_FOR_ALIAS[shell].format(function=completer.func_name, alias=ALIAS)}\n"
