"""Requests that a server refuses, and runs that end without a result."""

import json


class GridError(Exception):
    """The server refused a request. `status`, `code`, and `problem`, the whole answer."""

    def __init__(self, status, problem):
        self.status = status
        self.problem = problem if isinstance(problem, dict) else {}
        self.code = self.problem.get("code")
        super().__init__(self.problem.get("detail") or self.problem.get("title") or f"the server answered {status}")


class Conflict(GridError):
    """The key is taken by a run with different content; `problem["differences"]` names it."""


class RunFailed(Exception):
    """The run ended without a result; `run` is all that is known about it."""

    def __init__(self, run):
        self.run = run
        error = run.get("error") or {}
        self.code = error.get("code")
        super().__init__(f"run {run.get('run_id')} {run.get('status')}: {error.get('message') or run.get('reason')}")


class RunCancelled(RunFailed):
    pass


def problem_of(content):
    try:
        return json.loads(content)
    except ValueError:
        return {}
