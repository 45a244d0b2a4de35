"""The only room that changes the world: observe, apply, recover, refresh.

What enters: a `Plan` and ports (`ports.py`): the account, the ledger that remembers, a clock, somebody to tell. What
leaves: effects, each recorded before and after it happens, and an `ApplyOutcome`. It knows neither HTTP nor files.
"""
