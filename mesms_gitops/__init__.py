"""SMS campaigns as code for ME-SMS: YAML manifests -> a plan with cost and people -> sends, exactly once.

The rooms and the walls between them are drawn in ``docs/architecture.md`` and enforced by the import-linter
contracts in ``pyproject.toml``.
"""

__version__ = "0.1.0"
