"""Templates: the fast way and Jinja2 say the same, and no template runs for long, grows, or reaches anything."""

from __future__ import annotations

from contextlib import suppress

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.sandboxed import ALLOWED_FILTERS, ALLOWED_TESTS, MAX_OUTPUT, Program
from mesms_gitops.manifests.templates import MAX_SOURCE, compile_source, compile_template, render_saved, saved_names
from mesms_gitops.model.campaign import LocalTemplate
from mesms_gitops.model.diagnostic import Position
from tests.measured import soon

VALUES = {"name": "นภา", "percent": "20", "points": "1250", "tier": "gold"}


def render(source: str, **values: str) -> str:
    return compile_template(LocalTemplate(source)).render(values)


def refusal(source: str, **values: str):
    """The one diagnostic that compiling or rendering ends with."""
    with pytest.raises(ManifestError) as caught:
        render(source, **values)
    (found,) = caught.value.diagnostics
    return found


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("ลด 20%", "ลด 20%"),
        ("คุณ{{ name }} ลด {{percent}}%", "คุณนภา ลด 20%"),
        ("{{ name }}\n", "นภา\n"),
        ("{{\nname\t}}", "นภา"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("{{ name|upper }} {{ tier | title }}", "นภา Gold"),
        ("{% if tier == 'gold' %}ทอง{% else %}เงิน{% endif %}", "ทอง"),
        ("{% if tier in ['silver', 'gold'] %}1{% endif %}", "1"),
        ("{{ 'VIP' if points|int > 1000 else 'สมาชิก' }}", "VIP"),
        ("{{ points|int + 5 }} {{ (points|float / 3)|round(2) }}", "1255 416.67"),
        ("{{ missing | default('VIP') }}", "VIP"),
        ("{{ name ~ '-' ~ percent }}", "นภา-20"),
        ("{{ 'a' + 'b' }}", "ab"),
        ("{% for w in 'a b'.split(' ') %}{{ loop.index }}{{ w }}{{ ', ' if not loop.last }}{% endfor %}", "1a, 2b"),
        ("{% for n in range(3) %}{{ loop.cycle('x', 'y') }}{% endfor %}", "xyx"),
        ("{% set total = points|int * 2 %}{{ total }}", "2500"),
        ("{{ name[0] }}{{ name[:2] }}", "นนภ"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{# a note #}ลด", "ลด"),
        ("{{- name -}} !", "นภา!"),
        ("{{ points | int | string | replace('2', '9') }}", "1950"),
        ("{{ 'x' if name else 'y' }}", "x"),
    ],
)  # fmt: skip
def test_what_messages_need_works(source, text):
    assert render(source, **VALUES) == text


NAMES = st.sampled_from(["name", "percent", "x", "_y", "True", "none", "loop", "not", "range", "if", "class", "Name9"])
FRAGMENTS = st.lists(
    st.one_of(
        st.builds("{{{{ {} }}}}".format, NAMES),
        st.builds("{{{{{}}}}}".format, NAMES),
        st.text(alphabet="ab กำ{}%#-\n\r\t'\"|~.()", max_size=6),
    ),
    max_size=6,
).map("".join)
VALUE = st.text(alphabet="ab ก{}%<&\n", min_size=1, max_size=5).filter(lambda value: value.strip())


@given(FRAGMENTS, st.dictionaries(NAMES, VALUE))
def test_the_fast_way_says_what_jinja_says(source, values):
    """Whatever is rendered without Jinja2 is rendered as Jinja2 would, and uses the same variables."""
    try:
        made = compile_source(source)
    except ValueError:
        return
    if not made.is_plain:
        return
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    parsed = environment.parse(source)
    assert made.names == frozenset(jinja2.meta.find_undeclared_variables(parsed))
    if made.names <= values.keys():
        assert made.render(values) == environment.from_string(source).render(values)


@given(FRAGMENTS, st.dictionaries(NAMES, VALUE))
def test_any_source_ends_in_a_text_or_a_diagnostic(source, values):
    try:
        text = compile_template(LocalTemplate(source)).render(values)
    except ManifestError as error:
        (found,) = error.diagnostics
        assert found.is_error
        assert not any(len(value) > 3 and value in found.message for value in values.values())
    else:
        assert isinstance(text, str)


def grow(step: str) -> str:
    """A text of ten characters, doubled a hundred times."""
    return "{% set a = 'aaaaaaaaaa' %}" + step * 100 + "{{ a }}"


HOSTILE = {
    "loops": ("{% for i in range(999) %}{% for j in range(999) %}x{% endfor %}{% endfor %}", "MS310"),
    "silent loops": ("{% for i in range(999) %}{% for j in range(999) %}{% endfor %}{% endfor %}", "MS310"),
    "range": ("{% for i in range(99999) %}{% endfor %}", "MS310"),
    "huge range": ("{% for i in range(10**9) %}{% endfor %}", "MS306"),
    "range of a variable": ("{% for i in range(points|int * 1000) %}{% endfor %}", "MS310"),
    "wide body": ("{% for i in range(999) %}" + "{% if name[0][0][0][0] %}{% endif %}" * 200 + "{% endfor %}", "MS310"),
    "wide arithmetic": ("{% for i in range(999) %}{% set x = 1" + " * 1" * 20 + " %}{% endfor %}", "MS310"),
    "string times": ("{{ 'a' * 1000000000 }}", "MS306"),
    "list times": ("{{ [1] * 1000000000 }}", "MS306"),
    "power": ("{{ 2 ** 1000000000 }}", "MS306"),
    "big numbers": ("{{ 99999999999 * 99999999999 }}", "MS310"),
    "digits": ("{{ (name ~ name)|int * 2 }}", None),
    "concat": (grow("{% set a = a ~ a %}"), "MS310"),
    "plus": (grow("{% set a = a + a %}"), "MS310"),
    "replace": (grow("{% set a = a|replace('a', a) %}"), "MS310"),
    "replace method": (grow("{% set a = a.replace('a', a) %}"), "MS310"),
    "join": (grow("{% set a = [a, a]|join(a) %}"), "MS310"),
    "format": ("{{ '{:1000000000}'.format(1) }}", "MS306"),
    "format filter": ("{{ '%1000000000d'|format(1) }}", "MS306"),
    "percent": ("{{ '%1000000000d' % 1 }}", "MS306"),
    "center": ("{{ 'a'|center(1000000000) }}", "MS306"),
    "ljust": ("{{ 'a'.ljust(1000000000) }}", "MS306"),
    "round": ("{{ 1.5|round(1000000000, 'floor') }}", "MS310"),
    "round down": ("{{ 15|round(-1000000000) }}", "MS310"),
    "batch": ("{{ [1]|batch(1000000000, 1)|list }}", "MS306"),
    "set block": ("{% set a %}x{% endset %}", "MS306"),
    "filter block": ("{% filter upper %}x{% endfilter %}", "MS306"),
    "macro": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "MS306"),
    "recursive loop": ("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}", "MS306"),
    "include": ("{% include '/etc/passwd' %}", "MS306"),
    "import": ("{% import 'os' as os %}", "MS306"),
    "extends": ("{% extends 'x' %}", "MS306"),
    "class": ("{{ ().__class__.__mro__[1].__subclasses__() }}", "MS306"),
    "class by key": ("{{ ''['__class__'] }}", "MS306"),
    "class by filter": ("{{ ''|attr('__class__') }}", "MS306"),
    "class by map": ("{{ ['']|map(attribute='__class__')|list }}", "MS306"),
    "join attribute": ("{{ ['']|join(attribute='__class__') }}", "MS306"),
    "method of a class": ("{{ name.upper.__self__ }}", "MS306"),
    "bound method": ("{{ name.upper }}", "MS306"),
    "undefined as a way in": ("{{ missing.__class__ }}", "MS306"),
    "self": ("{{ self.__init__.__globals__ }}", "MS306"),
    "globals": ("{{ lipsum.__globals__ }}", "MS306"),
    "cycler": ("{{ cycler('a').__init__ }}", "MS306"),
    "namespace": ("{{ namespace() }}", "MS307"),
    "print a list": ("{{ [1, 2] }}", "MS306"),
    "print none": ("{{ none }}", "MS306"),
    "brackets": ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "MS306"),
    "lists": ("{{ " + "[" * 3000 + "]" * 3000 + " }}", "MS306"),
    "braces": ("{{" * 4000, "MS306"),
    "nots": ("{{ " + "not " * 2000 + "name }}", "MS306"),
    "sums": ("{{ " + "name + " * 1400 + "name }}", "MS306"),
    "ifs": ("{% if name %}" * 300 + "{% endif %}" * 300, "MS306"),
    "fors": ("{% for i in name %}" * 30 + "{% endfor %}" * 30, "MS306"),
    "elifs": ("{% if name == 'a' %}" + "{% elif name == 'b' %}" * 400 + "{% endif %}", None),
    "dots": ("{{ name" + ".upper" * 1400 + " }}", "MS306"),
    "quotes": ("{{ '" * 2000, "MS305"),
    "comments": ("{#" * 4000, "MS305"),
    "raw": ("{% raw %}" * 1000, "MS305"),
    "blanks": ("{{" + " " * 9000, "MS305"),
    "many variables": ("".join(f"{{{{ v{number} }}}}" for number in range(900)), "MS307"),
    "many filters": ("{{ name" + "|upper" * 50 + " }}", None),
    "long": ("x" * (MAX_SOURCE + 1), "MS315"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_templates_end_soon_and_say_why(case):
    source, code = HOSTILE[case]
    compile_source.cache_clear()
    values = {"name": "x" * 4000, "points": "1000"}
    with soon():
        if code is None:
            with suppress(ManifestError):
                render(source, **values)
        else:
            assert refusal(source, **values).code == code


def test_long_values_are_bounded_too():
    assert refusal("{{ name|upper }}", name="x" * (MAX_OUTPUT + 1)).code == "MS310"


def test_only_what_is_listed_is_there():
    environment = Program("{{ name|upper }}")._compiled.environment
    assert set(environment.filters) == set(ALLOWED_FILTERS)
    assert set(environment.tests) == set(ALLOWED_TESTS)
    assert set(environment.globals) == {"range"}


def test_names_are_known_before_values_are():
    made = compile_source("{{ a }}{% if b %}{{ b }}{% endif %}{{ c|default('x') }}{{ d|default('x', true) }}")
    assert made.names == {"a", "b", "c", "d"}
    assert made.optional == {"c", "d"}
    assert made.may_be_empty == {"b", "d"}
    assert (
        compile_source("{% set a = 1 %}{{ a }}{% for i in range(2) %}{{ i }}{{ loop.index }}{% endfor %}").names
        == set()
    )


@pytest.mark.parametrize(
    ("source", "values", "code"),
    [
        ("{{ name }}", {}, "MS307"),
        ("{{ name }}", {"name": ""}, "MS308"),
        ("{{ name }}", {"name": "  "}, "MS308"),
        ("{{ name|upper }}", {"name": ""}, "MS308"),
        ("{{ name|default('x') }}", {"name": ""}, "MS308"),
        ("{{ name|uper }}", {"name": "a"}, "MS306"),
        ("{% if name is defind %}{% endif %}", {"name": "a"}, "MS306"),
        ("{{ name.uper() }}", {"name": "a"}, "MS306"),
        ("{{ points + 5 }}", {"points": "20"}, "MS306"),
        ("{{ 1 / 0 }}", {}, "MS314"),
        ("{% for x in 5 %}{% endfor %}", {}, "MS314"),
        ("{{ name", {"name": "a"}, "MS305"),
        ("{{{ name }}}", {"name": "a"}, "MS305"),
    ],
)
def test_each_mistake_has_its_code(source, values, code):
    found = refusal(source, **values)
    assert found.code == code
    assert found.next_step


@pytest.mark.parametrize("source", ["{{ name }}", "{{ name|upper }}"])
def test_blank_counts_as_empty_the_fast_way_and_the_slow_way(source):
    assert refusal(source, name=" ").code == "MS308"


def test_near_misses_are_named():
    assert "upper" in refusal("{{ name|uper }}", name="a").next_step
    assert "default" in refusal("{{ name|defalt('x') }}", name="a").next_step


def test_no_value_is_ever_quoted():
    found = refusal("{{ 1 // (name|int - 1) }}", name="1")
    assert found.code == "MS314"
    for source in (
        "{{ name.foo }}",
        "{{ name + 1 }}",
        "{{ [name].foo }}",
        "{{ name[name] }}",
        "{% for x in name|int %}{% endfor %}",
    ):
        assert "ความลับ" not in repr(refusal(source, name="ความลับ"))


def test_a_mistake_is_at_its_line_of_the_template_file():
    with pytest.raises(ManifestError) as caught:
        compile_template(LocalTemplate("a\nb\n{% if %}\n", "templates/a.j2"))
    assert caught.value.diagnostics[0].position == Position("templates/a.j2", 3, 1, 3, 1)


def test_a_mistake_in_a_manifest_is_at_the_message():
    place = Position("campaigns/a.yaml", 3, 10, 3, 20)
    with pytest.raises(ManifestError) as caught:
        compile_template(LocalTemplate("{{ name"), place)
    assert caught.value.diagnostics[0].position == place


def test_saved_templates_are_filled_as_me_sms_fills_them():
    assert saved_names("คุณ{{name}} ลด {{ percent }}%") == {"name", "percent"}
    assert render_saved("คุณ{{name}} ลด {{ percent }}%", VALUES) == "คุณนภา ลด 20%"
    assert render_saved("{{name}}{{name}}", {"name": "{{name}}"}) == "{{name}}{{name}}"
    for values, code in (({}, "MS307"), ({"name": " "}, "MS308")):
        with pytest.raises(ManifestError) as caught:
            render_saved("{{name}}", values)
        assert caught.value.diagnostics[0].code == code
