"""Many texts at once: each is what rendering it alone makes, and what is not looked at closely has nothing to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.batch import Batch, Filled, batch_of, batch_of_saved
from mesms_gitops.manifests.links import check_links
from mesms_gitops.manifests.message_text import check_errors
from mesms_gitops.manifests.segments import Slot
from mesms_gitops.manifests.slips import slips
from mesms_gitops.manifests.templates import compile_template, render_saved
from mesms_gitops.manifests.watch import Watch
from mesms_gitops.model.campaign import LocalTemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMES = ("name", "percent", "tier")
Row = tuple[str | None, ...]

PIECES = (
    "สวัสดีคุณ ", "Dear ", "เ", "50% off %s ", "\n", " \t", "{{ '{{' }}", "siamcoffee.example/", ".com", "://", "<&'\"",
    "{{ name }}", "{{name}}", "{{- name -}}", "{{ tier }}", "{{ percent }}",
    "{{ name|upper }}", "{{ name|title }}", "{{ tier|default('member') }}", "{{ tier|default('-', true) }}",
    "{{ name ~ '-' ~ tier }}", "{{ percent|int * 2 }}", "{{ 100 // percent|int }}", "{{ name[0] }}",
    "{{ name|length }}",
    "{% if tier == 'gold' %}ทอง{% elif tier %}{{ name|lower }}{% else %}-{% endif %}",
    "{%- if name -%} {{ percent }} {%- endif -%}", "{# note #}", "{% raw %}{{ x }}{% endraw %}",
    "{% for w in name.split(' ') %}{{ loop.index }}{{ w }}{{ ', ' if not loop.last }}{% endfor %}",
    "{% for tier in ['a', 'b'] %}{{ tier }}{% endfor %}", "{% for i in range(percent|int) %}.{% endfor %}",
    "{% set name = 'you' %}", "{% if percent %}{% set tier = 'x' %}{% endif %}", "{{ rows_of_all|default('') }}",
    "{% for i in range(900) %}{% endfor %}",
)  # fmt: skip
SOURCES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
VALUES = st.one_of(
    st.sampled_from(
        ("gold", "สมชาย", "ann bob", "20", "0", "300", "", " ", "\u00a0", "%s", "a.b", "เเ", "เ", "\x00", "{{")
    ),
    st.text("aก0 .%\n{}", max_size=4),
    st.just("x" * 4_001),
    st.none(),
)
ROWS = st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=8)


def alone(whole: Callable[[Mapping[str, str]], str], rows: list[Row]) -> list[str] | str:
    """The text of each row, or the code of the first that has none."""
    made = []
    for row in rows:
        try:
            made.append(whole({name: value for name, value in zip(NAMES, row, strict=True) if value is not None}))
        except ManifestError as error:
            return error.diagnostics[0].code + error.diagnostics[0].message
    return made


def together(batch: Batch, rows: list[Row]) -> list[str] | str:
    try:
        return batch.fill(NAMES, rows).texts
    except ManifestError as error:
        return error.diagnostics[0].code + error.diagnostics[0].message


@settings(max_examples=600, deadline=None)
@given(SOURCES, ROWS)
@example("{{ name|title }} {{ tier }}", [("somchai d", None, "a"), ("ann", None, "b")])
@example("{{ name }}{{ tier|upper }}", [("a", None, "\x00"), ("b", None, "c")])
def test_together_they_say_what_each_says_alone(source: str, rows: list[Row]) -> None:
    try:
        template = compile_template(LocalTemplate(source))
    except ManifestError:
        return
    batch = batch_of(template, source)
    assert together(batch, rows) == alone(template.render, rows)
    assert together(batch, rows) == alone(template.render, rows), "also from what it remembers"


@given(st.lists(st.sampled_from(("{{name}}", "{{ tier }}", "50% ", "{{ x y }}", "สวัสดี", "{%")), max_size=5), ROWS)
def test_a_saved_template_too(pieces: list[str], rows: list[Row]) -> None:
    text = "".join(pieces)
    assert together(batch_of_saved(text), rows) == alone(lambda values: render_saved(text, values), rows)


def test_a_slot_is_rendered_once_for_each_of_its_values() -> None:
    """Two hundred people of two tiers: the slot of the tier keeps two outputs."""
    source = "{{ name }}{% if tier == 'gold' %} ทอง{% endif %}"
    batch = batch_of(compile_template(LocalTemplate(source)), source)
    rows = [(f"N{at}", None, ("gold", "silver")[at % 2]) for at in range(200)]
    assert batch.fill(NAMES, rows).texts[:2] == ["N0 ทอง", "N1"]
    assert batch._outputs[1] == {("gold",): " ทอง", ("silver",): ""}


@pytest.mark.parametrize("source", ["{{ name|upper }}", "{{ name ~ tier }}"])
def test_the_values_of_a_slot_are_rendered_in_one_go(source: str) -> None:
    """With one variable and with two."""
    (slot,) = batch_of(compile_template(LocalTemplate(source)), source).slots
    assert isinstance(slot, Slot)
    keys = [("a", "b")[: len(slot.names)], ("c", "d")[: len(slot.names)]]
    assert slot._together(keys) == [text for _, text in slot.outputs(keys[:1])] + [
        text for _, text in slot.outputs(keys[1:])
    ]


def test_the_work_of_one_slot_is_counted_as_if_it_were_alone() -> None:
    """A loop that one render may afford, a hundred times."""
    source = "{% for i in range(300) %}{{ tier }}{% endfor %}"
    batch = batch_of(compile_template(LocalTemplate(source)), source)
    assert batch.fill(("tier",), [(str(at),) for at in range(9)]).texts == [str(at) * 300 for at in range(9)]


# --- what is looked at ------------------------------------------------------------------------------------------------

WORDS = st.lists(
    st.sampled_from(
        (
            "",
            " ",
            "Dear ",
            "สวัสดี",
            "เ",
            "เมือง",
            "\n",
            "siamcoffee.example/a",
            " bit.ly/",
            "https://",
            ".com",
            "’",
            "@",
            "{",
        )
    ),
    min_size=2,
    max_size=4,
)
SHARES = st.one_of(
    st.sampled_from(
        ("Ann", "สมชาย", "เ", "เเ", "", " ", "bit.ly/x", "evil.com", "//evil", "é", "ü", "’", "\u200b", "\n")
    ),
    st.text("aก.:/@ \n\t{}ü’", max_size=5),
    st.just("x" * 1_001),
)


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[str], Filled]:
    """Words with values between them, as `Batch` would put them together."""
    words = draw(WORDS)
    rows = draw(st.lists(st.tuples(*[SHARES] * (len(words) - 1)), min_size=1, max_size=5))
    texts = ["".join(a + b for a, b in zip(words, (*row, ""), strict=True)) for row in rows]
    return words, Filled(texts, tuple(map(frozenset, zip(*rows, strict=True))))


@settings(max_examples=800, deadline=None)
@given(batches())
@example((["คุณ", "เมือง"], Filled(["คุณเเมือง"], (frozenset({"เ"}),))))
def test_nothing_that_is_cleared_is_odd_or_wrong(made: tuple[list[str], Filled]) -> None:
    words, filled = made
    suspects = set(Watch(words).suspects(filled))
    for row, text in enumerate(filled.texts):
        if row not in suspects:
            assert (check_errors(text), slips(text, judge=False)) == ((), ())


@settings(max_examples=800, deadline=None)
@given(batches())
def test_pieces_of_links_say_what_whole_texts_say(made: tuple[list[str], Filled]) -> None:
    words, filled = made
    allowed = ("siamcoffee.example",)

    def problems(texts: list[str]) -> set[tuple[str, str]]:
        return {(found.code, found.link.host) for text in texts for found in check_links(text, allowed)}

    watch = Watch(words)
    assert problems(list(watch.links(filled))) == problems(filled.texts)
    assert list(watch.links(filled)) == [], "said once"


@pytest.mark.parametrize(
    ("words", "value"),
    [(["คุณ ", " มา"], "สมชาย"), (["Dear ", ", come in: siamcoffee.example/a"], "Ann")],
)
def test_ordinary_texts_are_cleared(words: list[str], value: str) -> None:
    """Else all of this would be for nothing."""
    filled = Filled([value.join(words)], (frozenset({value}),))
    assert list(Watch(words).suspects(filled)) == []
