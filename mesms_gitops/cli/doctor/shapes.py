"""How the account names what is read of it, answer by answer, and the line to write where something is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.cli.doctor.looking import fail, ok, warn
from mesms_gitops.cli.doctor.proposals import ENDPOINTS, is_enveloped, proposed
from mesms_gitops.model.answer_fields import ANSWER_FIELDS, Need

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.model.doctor import CheckLine, FieldUse, Met

_NOT_ASKED = {"send": "send (nothing is sent here)", "quote": "price (--preview asks for one)"}


def shape_lines(met: Met, mapped: Mapping[str, str]) -> Iterator[CheckLine]:
    """A line for each kind of answer that was met, and one for those that were not. ``mapped`` is ``api.fields``."""
    reached = {one.endpoint for one in met.answers if one.shape is not None and not isinstance(one.shape, str)}
    missed = []
    for answer, endpoints in ENDPOINTS.items():
        uses = [use for use in met.fields if use.wanted.startswith(f"{answer}.")]
        if not uses or not reached & set(endpoints):
            missed.append(_NOT_ASKED.get(answer, answer))
            continue
        yield from _of_answer(answer, uses, met, mapped)
    if missed:
        yield ok("shape.unmet", f"shapes not met: {', '.join(missed)}")
    yield from _idle(met, mapped)


def _of_answer(answer: str, uses: list[FieldUse], met: Met, mapped: Mapping[str, str]) -> Iterator[CheckLine]:
    others = [f"{use.wanted} is called {_names(use)}" for use in uses if set(use.names) - {use.expected}]
    parts = [*others, *(["in an envelope"] if is_enveloped(answer, met) else [])]
    lacking = [use for use in uses if not use.names]
    decisive = [use for use in lacking if ANSWER_FIELDS[use.wanted].need is not Need.ADDS]
    if not decisive:
        yield ok(f"shape.{answer}", f"shape of {answer}: {'; '.join(parts) or 'as expected'}")
    for use in decisive:
        yield _lacks(use, met, mapped)


def _lacks(use: FieldUse, met: Met, mapped: Mapping[str, str]) -> CheckLine:
    answer = use.wanted.partition(".")[0]
    found = f"shape of {answer}: {use.wanted} was never found"
    if use.wanted in mapped:
        found += f", neither as {mapped[use.wanted]} (api.fields)"
    name = proposed(use.wanted, met)
    if name is not None:
        advice = f"if {name} is it, write in mesms.yaml: api: {{fields: {{{use.wanted}: {name}}}}}"
    else:
        advice = (
            "find its name in the ME-SMS console's API page, and write it under api.fields; or report with --bundle"
        )
    if ANSWER_FIELDS[use.wanted].need is Need.DECIDES:
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
