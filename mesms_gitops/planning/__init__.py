"""The thinking: desired, recorded and observed in, a `Plan` out. Pure functions, standard library only.

What enters: values from `model`. What leaves: a `Plan`, complete before anybody acts on it. No clock, no I/O, no
randomness: the moment, the key and the lineage are handed in.
"""
