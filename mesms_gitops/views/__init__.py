"""Values -> text: terminal, Markdown, JSON, CSV, SARIF, GitHub annotations. Two readers of one value, and this is one.

Who lives here: one module a format, each with one public function that returns a string; and what they share:
`layout` (cells, wrapping, figures, times), `palette` (colour that can be off), `wording` (verbs and reasons for
people), `jsontext` (how JSON is written), `report` (delivery in three buckets).

What may enter: nouns of `model`, errors of `errors`, and how it is to look (width, colour, time zone).
What may leave: strings. No printing, no environment, no clock, no network. Text that somebody else wrote (manifests,
answers of ME-SMS) is made harmless on the way: no control character, no escape sequence, no workflow command,
no Markdown or HTML of theirs survives into what a terminal, a log or a pull request interprets.
"""
