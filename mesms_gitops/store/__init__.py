"""Where state is kept: backends <-> `State`, with the lock and the emergency stop beside it.

Who lives here: `codec` (a state as bytes), `file` (a state in a file;
`state_file`, `session`, `journal` and `delta` are its parts), `lock` and `freeze` (what stands beside it),
`git_store` and its parts (a state on a branch; `news` says what a commit of it is about), `object_store` and its parts
(a state in a bucket), `sql_store` and its parts (a state in rows, of which none is lost unnoticed: `tally`), `swap`
(what every commit must stand on), `sealed_bytes` (a state encrypted where it is kept), `holding` (how
a lock of any kind is waited for and broken), `open` (which backend a ``state:`` value names), `lineage` (the name of a
state that does not exist yet). `disk` and `host` are the only places that touch the filesystem and the operating
system, so that a test can take them over.

What enters: a `State`, the serial it was made from, a `Freeze`; the ``state:`` value of a project. What leaves: the
same nouns, and `LockInfo`. A write is durable when the call returns, or an `errors.StateError` says that it is not.
No phone number, no rendered personal text and no key passes through: a `State` holds none.
"""
