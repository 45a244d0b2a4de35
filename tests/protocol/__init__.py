"""The proof of the send protocol (contract, section 8): the real planner and reconcile code, broken at every boundary.

``fate`` says what can go wrong and where. ``machine`` is the world, the disk and the clock on which processes of the
tool live and die; ``account`` and ``tool`` run the real client, store, planner and apply on it. ``manifests`` and
``scenarios`` say what people ask for; ``judge`` holds the world's own ledger against that. ``explore`` tries every
schedule of events, ``mutants`` sabotages the tool to show that the exploration can fail, ``prove`` is the command.
"""
