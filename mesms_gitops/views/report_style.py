"""How the report looks. Plain things as in the calendar; the three buckets have colours that differ in lightness, so
that they are told apart by whoever sees no red or green, and on grey paper; unknown is hatched besides."""

from __future__ import annotations

from mesms_gitops.views.calendar_style import DARK, FIXED, FONTS, LIGHT, PLAIN, TOP

_LIGHT = "--d: #2a8f80; --f: #95142b; --u: #6f6a63; --uwash: #e6e2da; --plan: #8b96a8; --cost: #2f5fa8;"
_DARK = "--d: #3fae9d; --f: #ff8d95; --u: #a7a199; --uwash: #35373c; --plan: #757f90; --cost: #8fb6f2;"

CHARTS = """\
svg { display: block; overflow: visible; max-width: 100%; }
svg text { fill: var(--soft); font-size: .75rem; text-anchor: middle; font-variant-numeric: tabular-nums; }
svg text.first { text-anchor: start; } svg text.last { text-anchor: end; }
.d { fill: var(--d); } .f { fill: var(--f); } .u { fill: url(#hatch); }
.p { fill: var(--people); }
.plan { fill: var(--plan); } .cost { fill: var(--cost); }
#hatch .ground { fill: var(--uwash); } #hatch line { stroke: var(--u); stroke-width: 5; }
.bar { width: 100%; height: 12px; } .bar rect { height: 12px; }
.whole { width: 100%; height: 28px; margin: .25rem 0 .75rem; } .whole rect { height: 28px; }
.bar rect, .whole rect { stroke: var(--paper); stroke-width: 1; }
.pair { width: 100%; height: 17px; } .pair rect { height: 8px; }
.swatch { display: inline-block; width: 14px; height: 14px; margin-right: .4rem; vertical-align: -2px; }
.swatch rect { height: 14px; }
.plot { display: grid; grid-template-columns: 4.5rem minmax(0, 1fr); gap: 0 .6rem; margin: .5rem 0; }
.plot line { stroke: var(--line); } .plot rect { stroke: var(--paper); stroke-width: 1; }
.gutter { width: 100%; } .gutter text { text-anchor: end; }
"""

PARTS = """\
section { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.1rem;
  margin: 0 0 1.25rem; min-width: 0; }
section > h2 { margin: 0 0 .35rem; } section > .soft { font-size: .88rem; margin-bottom: .6rem; max-width: 62rem; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(32rem, 100%), 1fr)); gap: 0 1.25rem;
  align-items: start; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; font-size: .88rem; color: var(--soft); }
.key b { color: var(--ink); }
.th { font-size: 1em; white-space: nowrap; }
details { margin-top: .5rem; } summary { color: var(--soft); font-size: .9rem; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
caption { text-align: left; color: var(--soft); padding: .25rem 0 .5rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .5rem; border-top: 1px solid var(--line);
  font-weight: 400; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; } thead th, thead td { border-top: 0; }
thead th, tr.sum th, thead button, .n, td small, .key, .tiles { overflow-wrap: normal; }
td small { white-space: nowrap; }
.dense th, .dense td { padding-top: .15rem; padding-bottom: .15rem; } .dense td.bars { padding-top: .4rem; }
.dense small { display: inline; margin-left: .5em; }
header { margin-bottom: 1.5rem; } header > .soft { margin-top: .75rem; font-size: .88rem; }
tbody th { font-weight: 600; } tbody th small, td small { font-weight: 400; color: var(--soft); }
small { font-size: .85em; display: block; } .note { color: var(--red); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.sum th { background: var(--quiet); } tr.sum td { background: var(--quiet); font-weight: 600; }
.bars { width: 30%; min-width: 4rem; } .by-cost .bars { width: 20%; } td.bars { padding-top: .6rem; }
tr:target, tr:target th { background: var(--quiet); }
#campaigns thead button { font: inherit; color: inherit; background: none; border: 0; padding: .15rem 0; margin: 0;
  min-height: 24px; cursor: pointer; text-align: inherit;
  text-decoration: underline dotted; text-underline-offset: .2em; }
#campaigns thead [aria-sort] button { color: var(--ink); text-decoration: none; }
#campaigns [aria-sort="ascending"] button::after { content: " ▲"; }
#campaigns [aria-sort="descending"] button::after { content: " ▼"; }
#campaigns td:nth-child(3) { white-space: nowrap; }
#campaigns td:nth-child(5) { width: 12%; min-width: 5.5rem; padding-top: .65rem; }
#campaigns tbody th { min-width: 9rem; } #campaigns thead th { vertical-align: middle; }
#campaigns { font-size: .85rem; } #campaigns th, #campaigns td { padding: .4rem .4rem; }
.filter { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: .5rem 0; }
.filter[hidden], tr[hidden] { display: none; }
.filter label { display: grid; gap: .15rem; font-size: .85rem; color: var(--soft); flex: 1 1 10rem; max-width: 18rem; }
.filter input, .filter select, .filter button { font: inherit; color: var(--ink); background: var(--paper);
  border: 1px solid var(--soft); border-radius: 6px; padding: .35rem .6rem; min-height: 2.4rem; width: 100%; }
.filter button { width: auto; font-size: .88rem; cursor: pointer; }
button:focus-visible, input:focus-visible, select:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.found { font-size: .9rem; margin: .25rem 0 .5rem; min-height: 1.5em; }
"""

NARROW = """\
@media screen and (max-width: 72rem) {
  .plot { grid-template-columns: 3.6rem minmax(0, 1fr); }
  section { padding: .85rem .75rem; }
  #campaigns, #campaigns caption, #campaigns tbody, #campaigns tr, #campaigns tbody th { display: block; }
  #campaigns thead { display: none; } #campaigns tr[hidden] { display: none; }
  #campaigns tbody tr { border-top: 1px solid var(--line); padding: .6rem 0; }
  #campaigns tbody th, #campaigns td { border: 0; padding: .1rem 0; width: auto; }
  #campaigns td { display: block; text-align: left; } #campaigns td small { display: inline; margin-left: .5em; }
  #campaigns td::before { display: inline-block; width: 7.5rem; }
  #campaigns td:nth-child(5) { display: flex; width: auto; align-items: center; padding: .1rem 0; }
  #campaigns td:empty { display: none; } #campaigns td::before { color: var(--soft); }
  #campaigns td:nth-child(5)::before { flex: none; } #campaigns td .bar { flex: 1; min-width: 0; }
HEADINGS
}
@media screen and (max-width: 36rem) {
  .bars { display: none; } th, td { padding: .4rem .2rem; } section > table { font-size: .8rem; }
  .dense small { display: block; margin: 0; }
  .by-span tr > :nth-child(2), .by-span tr > :nth-child(3),
  .by-prefix tr > :nth-child(3), .by-cost tr > :nth-child(3) { display: none; }
  .filter label { max-width: none; }
}
"""

PAPER = """\
@media print {
  @page { margin: 12mm; }
  html { font-size: 10.5px; background: none; } body { padding: 0; max-width: none; }
  .skip, .filter, .found { display: none; } h1, h2 { break-after: avoid; }
  section { border: 0; padding: 0; } .plot, tr, .tiles > div, .two > section { break-inside: avoid; }
  #campaigns thead button { text-decoration: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""


def style(headings: str) -> str:
    """The whole style sheet; ``headings`` are the rules that name the cells of the table shown as blocks."""
    light = f":root {{ {LIGHT} {_LIGHT} }}"
    dark = f"@media (prefers-color-scheme: dark) {{\n:root {{ {DARK} {_DARK} }}\n}}"
    on_paper = f"@media print {{\n:root {{ {LIGHT} {_LIGHT} }}\n}}"
    plain = PLAIN.replace("FONTS", FONTS).replace("FIXED", FIXED)
    narrow = NARROW.replace("HEADINGS", headings.replace("  td:", "  #campaigns td:"))
    return "\n".join([light, dark, on_paper, plain, TOP, CHARTS, PARTS, narrow, PAPER])
