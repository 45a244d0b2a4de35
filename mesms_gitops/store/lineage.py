"""The name of a state that does not exist yet."""

from __future__ import annotations

from uuid import UUID, uuid5

_SPACE = UUID("5b5c3d0e-6f0e-5a52-9c6f-0d8a3d6f5a11")


def first_lineage(text_digest: str) -> str:
    """The lineage of a project without state, from the digest of its ``mesms.yaml``: the same on every machine.

    It is not random because digests of numbers and text are keyed with it where ``MESMS_HASH_KEY`` is not set, and a
    plan's digest covers those. The first plan is often made on one machine (a pull request) and applied on another,
    with no state in between to carry a random lineage across: a random one would make every first plan stale.

    What this costs: two projects that start from the same ``mesms.yaml``, byte for byte, have the same lineage, so
    neither would notice the other's state by its lineage alone; and a lineage is no secret (``doctor`` says so). Once
    a state is committed its lineage is what stands in it, whatever happens to ``mesms.yaml`` afterwards.
    """
    return str(uuid5(_SPACE, text_digest))
