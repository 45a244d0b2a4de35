"""The nouns: frozen values, standard library only, no clock, no I/O, no randomness.

What enters: nothing but other nouns. What leaves: values that every room above may hold and none may change.
*desired* (`campaign`), *recorded* (`state`, `sends`), *observed* (`observation`), and what is made of them (`plan`).
"""
