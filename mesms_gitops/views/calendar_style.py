"""How the calendar looks: light and dark, wide and narrow, on a screen and on paper. Only fonts the reader has."""

from __future__ import annotations

FONTS = (
    'system-ui, "Segoe UI", "Sarabun", "Noto Sans Thai", "Leelawadee UI", "Thonburi", "Loma", "Tlwg Typist", sans-serif'
)
FIXED = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, "Noto Sans Thai", "Tlwg Mono", monospace'

LIGHT = """\
color-scheme: light;
--ground: #f7f6f3; --paper: #ffffff; --ink: #1d1b18; --soft: #5d5851; --line: #dedad2; --quiet: #f1efea;
--empty: #faf9f7; --link: #0b4fa8; --red: #a3141f; --redwash: #fdebeb; --window: #e4efe2; --people: #3d6fb4;
--credits: #b5792a; --today: #0b4fa8; --ontoday: #ffffff;"""
DARK = """\
color-scheme: dark;
--ground: #16171a; --paper: #1e2024; --ink: #eceae6; --soft: #b2aea6; --line: #3a3d43; --quiet: #282a2f;
--empty: #1a1c1f; --link: #9cc4ff; --red: #ffa3a3; --redwash: #3d1a1c; --window: #24362a; --people: #7fa9e6;
--credits: #d9a55b; --today: #9cc4ff; --ontoday: #10233d;"""

_TONES = {
    "now": ("#a3141f", "#fdebeb", "#ffa3a3", "#3d1a1c"),
    "blocked": ("#7a2190", "#f8e9fb", "#e6aef4", "#34183b"),
    "replace": ("#774600", "#fdf1d8", "#f2c677", "#36290c"),
    "new": ("#11613a", "#e3f4e9", "#90deac", "#143121"),
    "adopt": ("#0a5962", "#dff3f5", "#8adae4", "#0e2d32"),
    "cancel": ("#57525c", "#efedf0", "#c2bcc8", "#2c2a30"),
    "kept": ("#1c4b8b", "#e6eefb", "#a3c8ff", "#182a44"),
}
"""Of each kind: ink and ground in the light, ink and ground in the dark."""


def _tones(*, dark: bool) -> str:
    at = 2 if dark else 0
    return "\n".join(f".{kind} {{ --tone: {tone[at]}; --wash: {tone[at + 1]}; }}" for kind, tone in _TONES.items())


PLAIN = """\
* { box-sizing: border-box; overflow-wrap: anywhere; }
html { background: var(--ground); color: var(--ink); font: 16px/1.5 FONTS; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 78rem; padding: 1.5rem clamp(.75rem, 3vw, 2rem) 4rem; }
h1, h2, h3, h4, p, dl, dd, ol, ul, pre { margin: 0; padding: 0; }
h1 { font-size: 1.5rem; line-height: 1.3; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; }
ol, ul { list-style: none; }
li, td, th, dd, p, a { unicode-bidi: isolate; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
  outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
code, pre { font: .85em/1.5 FIXED; }
pre { white-space: pre-wrap; background: var(--quiet); border-radius: 8px; padding: .75rem 1rem; }
summary { cursor: pointer; padding: .15rem 0; min-height: 24px; }
.soft { color: var(--soft); } .red { color: var(--red); font-weight: 600; }
.th { font-weight: 400; color: var(--soft); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100vw; top: 0; background: var(--paper); padding: .5rem 1rem; z-index: 1; }
.skip:focus { left: .5rem; } .nothing { position: absolute; }
"""

TOP = """\
.kicker { color: var(--soft); font-size: .9rem; margin-bottom: .25rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tiles > div { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: .6rem .9rem; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }
.tiles dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); line-height: 1.4; }
.tiles dd.red { color: var(--red); }
.pills { display: flex; flex-wrap: wrap; gap: .4rem; }
.pills li { background: var(--wash); color: var(--tone); border-radius: 99px; padding: .1rem .75rem; font-size: .9rem; }
.refused { background: var(--redwash); border: 2px solid var(--red); border-radius: 10px; padding: 1rem;
  margin: 1.25rem 0; }
.refused h2 { color: var(--red); margin: 0 0 .5rem; } .refused li { margin: .5rem 0; }
.ground { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin-top: 1rem; font-size: .9rem; }
.ground dt { color: var(--soft); }
"""

MONTH = """\
.month { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1rem;
  margin: 0 0 1.25rem; }
.month > summary { margin: 0; } .month > summary h3 { display: inline; }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 1rem; margin-bottom: .75rem; }
.weekdays, .days { display: grid; grid-template-columns: repeat(7, minmax(0, 1fr)); }
.weekdays span { font-size: .85rem; color: var(--soft); padding: .2rem .5rem; }
.days { border: 1px solid var(--line); border-width: 1px 0 0 1px; }
.day { border: 1px solid var(--line); border-width: 0 1px 1px 0; padding: .35rem; min-height: 2.4rem;
  color: var(--soft); font-size: .9rem; }
.day:not(.has) { background: var(--empty); }
.c1 { grid-column-start: 1; } .c2 { grid-column-start: 2; } .c3 { grid-column-start: 3; } .c4 { grid-column-start: 4; }
.c5 { grid-column-start: 5; } .c6 { grid-column-start: 6; } .c7 { grid-column-start: 7; }
.day h4 { font-size: .95rem; color: var(--ink); } .day h4 .long { display: none; }
.day.today { box-shadow: inset 0 0 0 2px var(--today); }
.now-mark { background: var(--today); color: var(--ontoday); border-radius: 99px; padding: 0 .5rem; font-size: .75rem;
  font-weight: 600; margin-left: .25rem; }
.holiday { display: block; font-size: .8rem; color: var(--red); }
.slot { background: var(--wash); border-left: 4px solid var(--tone); border-radius: 5px; padding: .2rem .45rem .3rem;
  margin-top: .3rem; font-size: .85rem; line-height: 1.35; color: var(--ink); }
.slot b { color: var(--tone); margin-right: .3rem; }
.slot time, .slot em { font-weight: 600; font-style: normal; color: var(--tone); }
.slot a { display: block; color: var(--ink); font-weight: 600; padding: .15rem 0; }
.cancel .gone { text-decoration: line-through; } .slot .soft { display: block; font-size: .8rem; color: var(--ink); }
.slot .note { display: block; font-size: .8rem; color: var(--tone); }
.now .note { font-weight: 700; }
.sum { font-size: .8rem; margin-top: .35rem; color: var(--soft); }
"""

LANES = """\
.lanes { margin-top: 1rem; }
.lanes li { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr) minmax(6rem, 12rem) 8.5rem; gap: 0 1.25rem;
  align-items: center; font-size: .85rem; padding: .2rem 0; border-top: 1px solid var(--line); }
.lanes li.scale { border: 0; color: var(--soft); align-items: end; }
svg { display: block; overflow: visible; }
svg text { text-anchor: middle; fill: var(--soft); font-size: 11px; }
.mark rect { fill: var(--tone); } .mark text { fill: var(--paper); font-weight: 700; font-size: 12px; }
.window { fill: var(--window); } .lane line, defs line { stroke: var(--line); }
.lane { background: var(--quiet); border-radius: 4px; }
.people { fill: var(--people); } .credits { fill: var(--credits); }
.figures { font-variant-numeric: tabular-nums; line-height: 1.3; }
.figures span { display: block; } .figures span + span { color: var(--soft); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .85rem; margin: .25rem 0 1rem;
  color: var(--soft); }
.legend b { background: var(--wash); color: var(--tone); border-radius: 4px; padding: 0 .4rem; margin-right: .3rem; }
.legend i { display: inline-block; width: 1rem; height: .7rem; border-radius: 2px; margin-right: .35rem; }
.legend .open { background: var(--window); border: 1px solid var(--line); }
.legend .p { background: var(--people); } .legend .k { background: var(--credits); }
"""

TABLE = """\
table { border-collapse: collapse; width: 100%; background: var(--paper); border: 1px solid var(--line);
  font-size: .88rem; }
caption { text-align: left; color: var(--soft); padding: .25rem 0 .5rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem;
  border-top: 1px solid var(--line); font-weight: 400; }
thead th { color: var(--soft); font-weight: 600; }
thead th { min-width: 6rem; } thead th:first-child { min-width: 11rem; } thead th:nth-child(3) { min-width: 8.5rem; }
tbody th { font-weight: 600; } tbody th b { color: var(--tone); margin-right: .35rem; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
tr:target, tr:target th { background: var(--wash); }
.block { margin: .75rem 0; } .block > summary { font-weight: 600; }
.block > summary b { color: var(--tone); }
"""

NARROW = """\
@media screen and (max-width: 60rem) {
  .weekdays { display: none; } .days { display: block; border: 0; }
  .day { border: 0; border-top: 1px solid var(--line); padding: .6rem 0; }
  .day:not(.has):not(.today):not(.free) { display: none; } .day:not(.has) { background: none; }
  .day.today { box-shadow: none; }
  .day h4 .long { display: inline; }
  .lanes li { grid-template-columns: minmax(0, 1fr) auto; gap: .25rem .75rem; padding: .5rem 0; }
  .lanes .lane-box { grid-column: 1 / -1; grid-row: 2; padding: 0 .6rem; } .lanes .bar-box { grid-column: 1 / -1; }
  .lanes li.scale .bar-box, .lanes li.scale .figures, .lanes li.scale > :first-child { display: none; }
  .lanes .figures { text-align: right; grid-column: 2; grid-row: 1; }
  .figures span { display: inline; } .figures span + span::before { content: " · "; }
  .mark text { display: none; } .mark rect { x: -5px; width: 10px; }
  .month { padding: .75rem; }
  .ground { grid-template-columns: 1fr; gap: 0; } .ground dd { margin-bottom: .5rem; }
  table, caption, tbody, tr, tbody th { display: block; } .lanes .th { display: none; } thead { display: none; }
  tbody tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  tbody td, tbody th { border: 0; padding: .1rem .75rem; } .n { text-align: left; }
  td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: 0 .75rem; } td:empty { display: none; }
  td::before { color: var(--soft); }
HEADINGS
}
"""

PAPER = """\
@media print {
  html { font-size: 11px; background: none; } body { padding: 0; max-width: none; }
  .skip { display: none; } .slot, .lanes li, tr, .tiles > div { break-inside: avoid; } h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""


def style(headings: str) -> str:
    """The whole style sheet; ``headings`` are the rules that name the cells of a table shown as blocks."""
    light = f":root {{ {LIGHT} }}\n{_tones(dark=False)}"
    dark = f"@media (prefers-color-scheme: dark) {{\n:root {{ {DARK} }}\n{_tones(dark=True)}\n}}"
    on_paper = f"@media print {{\n:root {{ {LIGHT} }}\n{_tones(dark=False)}\n}}"
    plain = PLAIN.replace("FONTS", FONTS).replace("FIXED", FIXED)
    return "\n".join(
        [light, dark, on_paper, plain, TOP, MONTH, LANES, TABLE, NARROW.replace("HEADINGS", headings), PAPER]
    )
