"""How the account names what is read of it, answer by answer, and the line to write where something is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.cli.doctor.looking import fail, ok, warn
from mesms_gitops.cli.doctor.proposals import ENDPOINTS, is_enveloped, is_missing, proposed, was_met
from mesms_gitops.model.answer_fields import ANSWER_FIELDS, Need

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.model.doctor import CheckLine, FieldUse, Met

_NOT_ASKED = {"send": "send (nothing is sent here)", "quote": "price (--preview asks for one)"}


def shape_lines(met: Met, mapped: Mapping[str, str]) -> Iterator[CheckLine]:
    """A line for each kind of answer that was met, and one for those that were not. ``mapped`` is ``api.fields``."""
    reached = {one.endpoint for one in met.answers if one.shape is not None and not isinstance(one.shape, str)}
    unmet = []
    proposals: dict[str, str] = {}
    for answer, endpoints in ENDPOINTS.items():
        if not reached & set(endpoints) or not was_met(_needed(answer), met):
            unmet.append(_NOT_ASKED.get(answer, answer))
            continue
        lacking = [wanted for wanted in _needed(answer) if is_missing(wanted, met, mapped.get(wanted))]
        if not lacking:
            yield _well(answer, met)
        for wanted in lacking:
            name = proposed(wanted, met)
            if name is not None:
                proposals[wanted] = name
            yield _lacks(wanted, name, mapped.get(wanted))
    if len(proposals) > 1:
        pairs = ", ".join(f"{wanted}: {name}" for wanted, name in {**mapped, **proposals}.items())
        found = f"api.fields: {len(proposals)} fields may only have another name here"
        yield warn("api.fields", found, f"all of it in one: api: {{fields: {{{pairs}}}}}")
    if unmet:
        yield ok("shape.unmet", f"shapes not met: {', '.join(unmet)}")
    yield from _idle(met, mapped)


def _needed(answer: str) -> list[str]:
    return [
        wanted
        for wanted, field in ANSWER_FIELDS.items()
        if wanted.startswith(f"{answer}.") and field.need is not Need.ADDS
    ]


def _well(answer: str, met: Met) -> CheckLine:
    uses = [use for use in met.fields if use.wanted.startswith(f"{answer}.")]
    others = [f"{use.wanted} is called {_names(use)}" for use in uses if set(use.names) - {use.expected}]
    parts = [*others, *(["in an envelope"] if is_enveloped(answer, met) else [])]
    return ok(f"shape.{answer}", f"shape of {answer}: {'; '.join(parts) or 'as expected'}")


def _lacks(wanted: str, name: str | None, mapped: str | None) -> CheckLine:
    answer, _, field = wanted.partition(".")
    found = f"shape of {answer}: {field} is not there"
    if mapped is not None:
        found += f", not even as {mapped} (api.fields)"
    if name is not None:
        advice = f"if {name} is it, write in mesms.yaml: api: {{fields: {{{wanted}: {name}}}}}"
    else:
        advice = f"if it has another name, write that in mesms.yaml: api: {{fields: {{{wanted}: NAME}}}}; or report it"
    if wanted == "message.uuid" and name is not None:
        advice += f"; the answer to a send may call it so too: send.uuid: {name}"
    if ANSWER_FIELDS[wanted].need is Need.DECIDES:
        return fail(f"shape.{answer}", found, advice)
    return warn(f"shape.{answer}", f"{found}: a send whose answer is lost cannot be recognised by it", advice)


def _idle(met: Met, mapped: Mapping[str, str]) -> Iterator[CheckLine]:
    """Mappings that no answer needed."""
    for use in met.fields:
        name = mapped.get(use.wanted)
        if name is not None and use.names and name not in use.names:
            found = f"api.fields: {use.wanted} was never called {name}, but {_names(use)}"
            yield warn("api.fields", found, f"take {use.wanted} out of api.fields")


def _names(use: FieldUse) -> str:
    return " or ".join(use.names)
