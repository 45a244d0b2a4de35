"""HTTP on one side, what ME-SMS says on the other: one typed method an endpoint, and every failure a leaf of one tree.

Who lives here: `client` (the account, one method an endpoint), `transport` (the only one of them that knows httpx2),
`body` (requests, streamed), `answers` and `fields` (bodies -> nouns of `model.observation`), `verdicts` (what an
answer or its absence means), `repeat` and `waiting` (what may be tried again, and when), `address` and `secret`
(where requests go, and the key that must never be seen), and `assumptions` (what the reference leaves open). Apart
from all of these stands `github`: the few REST calls to GitHub that the action makes, over httpx2 as well.

What may enter: an address, a key, a clock, and nouns of `model`. What may leave: nouns of `model.observation`, and
errors below `errors.ApiError` or `errors.ConfigError`. No exception of httpx2, no raw JSON and no key ever leaves.

Import `mesms_gitops.api.client` where a client is built; importing this package alone loads nothing.
"""
