"""The manifest of a follow-up: a draft for those whom a campaign did not reach, to be completed and reviewed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mesms_gitops.views.layout import figure, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.model.campaign import MessageClass


def follow_up_yaml(
    name: str,
    of: str,
    delivery_states: Sequence[str],
    *,
    except_reached_by: Sequence[str] = (),
    message_class: MessageClass | None = None,
    sender: str,
    content: str | None = None,
    people: int | None = None,
    careful: Sequence[str] = (),
) -> str:
    """A manifest that validates. ``content`` is the former text, as a comment; ``people`` were in these states.

    ``message_class`` is that of the campaign it follows, None where nobody knows it. ``careful`` says why they may have
    been reached all the same.
    """
    counted = "" if people is None else f", {figure(people)} at the last look"
    lines = [
        f"# Follow-up of {of}.",
        "# A draft texts nobody. Before it can: write the text, set `schedule`, and change `state` to active.",
        *(f"# Careful: {printable(sentence)}" for sentence in careful),
        f"name: {name}",
        "state: draft",
        _class(message_class, of),
        f"sender: {json.dumps(sender, ensure_ascii=False)}",
        'content: "Write here what they are to read."',
        *_former(content),
        "recipients:",
        f"  # those of {of} in these delivery states{counted}; a plan reads them anew",
        "  - delivery:",
        f"      campaign: {of}",
        f"      status: [{', '.join(delivery_states)}]",
    ]
    if except_reached_by:
        lines += [
            "      # minus whoever one of these reached since",
            f"      except_reached_by: [{', '.join(except_reached_by)}]",
        ]
    lines += [
        "# exclude:             # opt-outs since then, as in the campaign it follows",
        "#   - csv: ../lists/optout.csv",
        "#     phone: phone",
        "# schedule: 2027-04-10T10:00   # or now",
    ]
    return "\n".join(lines) + "\n"


def _class(message_class: MessageClass | None, of: str) -> str:
    """The class of the campaign it follows; the one with a window where nobody knows that."""
    if message_class is not None:
        return f"class: {message_class.value}"
    return f"class: marketing     # or transactional: what {of} was is not known, its manifest is gone or has errors"


def _former(content: str | None) -> list[str]:
    """The former text, each line of it a comment."""
    if content is None:
        return []
    return ["# the text they did not get:", *(f"#   {printable(line)}" for line in content.splitlines())]
