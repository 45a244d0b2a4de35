"""One file for each kind of recipient list, all behind the ``Reader`` protocol of ``reader``.

A new kind is one file and one line in ``kinds``.
"""
