"""Where this user's caches are: never in a project, where a pull request could bring them along."""

from __future__ import annotations

import os


def cache_folder() -> str | None:
    """https://specifications.freedesktop.org/basedir: ``$XDG_CACHE_HOME`` if it is absolute, else ``~/.cache``.

    None where there is no such place, or ``MESMS_NO_CACHE`` is set to anything: then nothing is remembered.
    """
    if os.environ.get("MESMS_NO_CACHE"):
        return None
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = given if os.path.isabs(given) else os.path.expanduser("~/.cache")  # noqa: PTH111, PTH117
    return os.path.join(base, "mesms-gitops") if os.path.isabs(base) else None  # noqa: PTH117, PTH118
