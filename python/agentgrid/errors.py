"""What an agent raises, and what is raised in it."""

import re


class AgentError(Exception):
    """An agent's own word that an attempt failed, and whether trying again can help.

    code: a short stable word, which `retry.on` in a plan can name: `out_of_memory`.
    retryable: False stops retries of this agent; fallbacks are still tried.
    retry_after: seconds before which trying again is useless; None when there is no telling.
    """

    def __init__(self, code, message, retryable=True, retry_after=None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after


class Cancelled(BaseException):
    """Raised in an agent that goes on although its attempt is given up: the soft stop.

    No Exception, so that `except Exception` does not swallow it. An async agent gets asyncio.CancelledError instead.
    Clean up and let it pass: an agent that goes on is killed soon.
    """


def code_of(exception_class):
    """The code under which exceptions of a class are reported: `ModelBusy` is `model_busy`."""
    name = exception_class.__name__
    if name in ("MemoryError", "OutOfMemoryError"):
        return "out_of_memory"
    return snake_case(name)


def snake_case(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
