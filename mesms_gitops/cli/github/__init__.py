"""What the action in ``action.yml`` runs: one command inside a GitHub job, with its comment, summary and outputs.

`surroundings` and `inputs` are what the job says, `children` the tool's own commands as processes of their own,
`approving` what was approved in the pull request, `overtaken` whether the branch still wants it, `left_behind` the lock
of a run that is over, `commenting` what is told in the pull request, `outputs` what later steps read. The steps
themselves are `planned`, `applied`, `refreshed` and `drifted`; `step` chooses among them.
"""
