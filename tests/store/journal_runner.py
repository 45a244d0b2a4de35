"""``runner.py``, for runs that keep a journal however small the state is."""

from __future__ import annotations

import sys
from pathlib import Path

from mesms_gitops.store.file import FileStore

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.store.runner import main

    assert FileStore.__init__.__kwdefaults__ is not None
    FileStore.__init__.__kwdefaults__["journal_from"] = 0
    sys.exit(main(*sys.argv[1:]))
