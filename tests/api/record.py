"""``python tests/api/record.py`` records anew what the tests of this folder replay; ``--help`` says what else."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.api.recorder import main

if __name__ == "__main__":
    main()
