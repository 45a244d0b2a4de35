"""From recipient sources to exactly the right numbers.

Who lives here: ``normalise`` (what a Thai mobile number is, why a text is none, how a number is shown), ``rules`` and
``judging`` (the same for columns), ``sources`` (one file for each kind of list, all behind the ``Reader`` protocol),
``gathering`` (filter, first mention wins, group by personal values), ``resolve`` (the whole of it, fail closed),
``inline`` (numbers in a manifest, without the machinery) and ``codes`` (the diagnostics of this room).

What may enter: a ``Campaign`` and the lists it names. What may leave: an ``Audience``, or a ``ManifestError`` with
every finding of every source. A phone number leaves only inside ``Numbers``; in any text it is masked. Only ``model``,
``errors`` and ``planning`` are below this room, and nothing is imported here, so that naming it costs nothing.
"""
