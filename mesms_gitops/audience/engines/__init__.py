"""Where lists are narrowed when they are more than one machine should read.

Here live ``narrow`` (the rules for whole tables, as lazy Narwhals expressions that any engine can run), ``engine``
(what an engine must offer), ``spread`` (an audience worked out on one), ``spark`` (the one there is). A new engine is
one file that implements ``Engine``. Nothing is imported here: a project that needs no engine pays for none.
"""
