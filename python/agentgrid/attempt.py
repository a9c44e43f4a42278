"""What an agent knows about the attempt it is working on."""

import datetime
import time

from agentgrid.artifacts import Artifacts

# Reports that come faster are thinned out by the server anyway.
_PROGRESS_INTERVAL = 0.05

_current = None


class Invocation:
    """One attempt. A worker has one at a time, so any thread of the agent may use it."""

    def __init__(self, params, report=None, report_usage=None):
        self.run_id = params.get("run_id")
        self.match_id = params.get("match_id")
        self.round = params.get("round")
        self.agent = params.get("agent")
        self.step = params.get("step")
        # The number of the attempt within its step, from 1.
        self.attempt = params.get("attempt")
        # How many tries this branch of the step has made, this one included; from 1.
        self.try_number = params.get("try", 1)
        # Names this attempt for ever: a delivery repeated after a crash carries the same key.
        self.idempotency_key = params.get("idempotency_key")
        # When the attempt will be given up, in UTC; None when that is not known.
        self.deadline = _time(params.get("deadline"))
        # The index of the GPU on which memory is reserved for this attempt, as the node counts; None for none.
        self.gpu = params.get("gpu")
        # The W3C trace context, for whatever the agent calls.
        self.traceparent = params.get("traceparent")
        # What stands for bytes in inputs and outputs: see agentgrid.artifacts.
        self.artifacts = Artifacts(params.get("artifacts"))
        self.is_cancelled = False
        self._report = report
        self._reported = None
        self._report_usage = report_usage

    def remaining(self):
        """Seconds until the deadline, 0 when it is over; None without a deadline."""
        if self.deadline is None:
            return None
        return max(0.0, (self.deadline - datetime.datetime.now(datetime.timezone.utc)).total_seconds())

    def progress(self, fraction, message=None):
        """Reports progress from 0 to 1, with a message for people. Never raises; call it as often as you like."""
        now = time.monotonic()
        if self._report is None or (self._reported is not None and now - self._reported < _PROGRESS_INTERVAL):
            return
        self._reported = now
        try:
            self._report(float(fraction), None if message is None else str(message))
        except (TypeError, ValueError, OSError):
            pass

    def report_usage(self, tokens):
        """Says that the attempt has used tokens of a language model, prompt and answer together; said again, it is added up."""
        if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 0:
            raise ValueError(f"tokens must be a whole number that is not negative, not {tokens!r}")
        if self._report_usage is not None:
            self._report_usage(tokens)


def invocation():
    """The attempt that is being worked on; None outside of one."""
    return _current


def is_cancelled():
    """True when nobody waits for the result any more: clean up and return, or raise."""
    return _current is not None and _current.is_cancelled


def progress(fraction, message=None):
    """Reports progress of the attempt that is being worked on; does nothing outside of one."""
    if _current is not None:
        _current.progress(fraction, message)


def report_usage(tokens):
    """Says that the attempt that is being worked on has used tokens of a language model; does nothing outside of one."""
    if _current is not None:
        _current.report_usage(tokens)


def set_current(value):
    global _current
    _current = value


def _time(text):
    if not text:
        return None
    # fromisoformat takes neither 'Z' nor more than six digits before Python 3.11.
    text = text.replace("Z", "+00:00")
    head, dot, rest = text.partition(".")
    if dot:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = head + "." + (digits + "000000")[:6] + rest[len(digits):]
    return datetime.datetime.fromisoformat(text)
