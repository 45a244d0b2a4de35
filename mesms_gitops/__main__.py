"""``python -m mesms_gitops`` is the same as ``mesms-gitops``."""

from mesms_gitops.cli import main

main()
