"""A local ME-SMS: every documented endpoint, rule, limit and error, with a movable clock and faults on demand.

Who lives here: ``World`` (the account, pure and synchronous), ``faults`` (what may go wrong between the server and
its client), ``app`` and ``server`` (the same World over real HTTP), and ``assumptions`` (what the reference leaves
open, each with a name and a reason).

What may enter: requests, over HTTP or by ``World.request``; control over ``/_sandbox``. What may leave: answers shaped
as ME-SMS's, and the ledger, which says what people would have received. The sandbox imports nothing of the rest of
``mesms_gitops`` and the rest knows nothing of it but its address: two programs that agree only because both read the
same reference.
"""

from mesms_gitops.sandbox.defaults import default_world
from mesms_gitops.sandbox.faults import Fault, Faults, Outcome, perform
from mesms_gitops.sandbox.world import Answer, Credits, LedgerEntry, World

__all__ = [
    "Answer",
    "Credits",
    "Fault",
    "Faults",
    "LedgerEntry",
    "Outcome",
    "World",
    "default_world",
    "perform",
]
