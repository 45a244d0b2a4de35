"""The looks of `doctor`: each gives lines (`model.doctor.CheckLine`), none changes anything.

Who lives here: `looking` (one look and what becomes of its error), `account` and `listing` (what ME-SMS answers),
`shapes` and `proposals` (how its fields are called, and the line of ``api.fields`` to write), `state` (where the state
is kept and what its digests are worth), `hygiene` and `objects` (what stands in git that should not), `phones` (numbers
in a file) and `bundle` (all of it without what is private, for a bug report).
"""
