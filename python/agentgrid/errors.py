"""The exceptions an agent raises, and those raised in it."""

import re


class AgentError(Exception):
    """Raised by an agent when an attempt fails; says whether trying again can help.

    code: a short stable word, which `retry.on` in a plan can name: `out_of_memory`.
    retryable: False stops retries of this agent; fallbacks are still tried.
    retry_after: for how many seconds trying again is useless; None if unknown.
    """

    def __init__(self, code, message, retryable=True, retry_after=None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after


class Cancelled(BaseException):
    """Raised in an agent that keeps working although its attempt was given up: the soft stop.

    Not an Exception, so that `except Exception` does not swallow it. An async agent gets asyncio.CancelledError instead.
    Clean up and let it propagate: an agent that keeps working is killed soon.
    """


def code_of(exception_class):
    """The code under which exceptions of a class are reported: `ModelBusy` is `model_busy`."""
    name = exception_class.__name__
    if name in ("MemoryError", "OutOfMemoryError"):
        return "out_of_memory"
    return snake_case(name)


def snake_case(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
