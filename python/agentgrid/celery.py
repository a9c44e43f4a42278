"""Celery's words for tasks, so that a module of tasks is a module of agents: `from agentgrid.celery import Celery`."""

from agentgrid import agents, attempt
from agentgrid.errors import AgentError, Cancelled, code_of

SoftTimeLimitExceeded = Cancelled

# What a task may say of itself that has its place elsewhere here: the run log keeps results, attempts are delivered again.
_NOT_NEEDED = {"ignore_result", "acks_late", "reject_on_worker_lost", "serializer", "compression", "track_started",
               "store_errors_even_if_ignored", "retry_jitter", "typing", "send_events"}
_KNOWN = {"name", "capabilities", "priority", "queue", "autoretry_for", "max_retries", "retry_backoff",
          "retry_backoff_max", "default_retry_delay", "time_limit", "soft_time_limit", "rate_limit"}


class Task(agents.FunctionAgent):
    """A task: an agent that calls a function, with the members of the input that its parameters name."""

    max_retries = 3

    def __init__(self, function, bind):
        super().__init__(function, bind)
        self.name = function.__name__
        # A bound task may call self.retry, so the list writes a retry policy for it.
        self.calls_retry = bind
        self.__doc__ = function.__doc__

    def __call__(self, *args, **kwargs):
        return self.function(*([self] if self.calls_retry else []), *args, **kwargs)

    @property
    def request(self):
        """id, retries: of the attempt that is being worked on."""
        return _Request(attempt.invocation())

    def retry(self, exc=None, countdown=None, **_):
        """Ends the attempt; the next one comes after `countdown` seconds at the earliest. The retry policy limits how many."""
        reason = f"{type(exc).__name__}: {exc}" if exc is not None else "the task asked to be tried again"
        raise AgentError("retry", reason, retryable=True, retry_after=countdown) from exc


class _Request:
    def __init__(self, invocation):
        self.id = invocation.idempotency_key if invocation else None
        self.retries = invocation.try_number - 1 if invocation else 0


class Celery:
    """An application: only the place where tasks are declared."""

    def __init__(self, main=None, **_):
        self.main = main
        self.conf = _Settings()
        self.tasks = {}

    def task(self, *functions, bind=False, **options):
        retry = options.pop("retry_kwargs", None) or {}
        if "max_retries" in retry:
            options.setdefault("max_retries", retry["max_retries"])
        if "countdown" in retry:
            options.setdefault("default_retry_delay", retry["countdown"])
        unknown = sorted(set(options) - _KNOWN - _NOT_NEEDED)
        if unknown:
            raise TypeError(f"Agent Grid does not take {', '.join(unknown)} here: set it in a plan or in agents.yaml")

        def declare(function):
            task = Task(function, bind)
            for key in _KNOWN & set(options):
                setattr(task, key, options[key])
            agents.add(task)
            self.tasks[task.name] = task
            return task

        return declare(*functions) if functions else declare

    def autodiscover_tasks(self, *_, **__):
        """Does nothing: the modules are named when they are listed."""


class _Settings(dict):
    """Celery's settings, which are kept but ignored: there is no broker and no result backend."""

    def __getattr__(self, name):
        return self.get(name)

    def __setattr__(self, name, value):
        self[name] = value


def shared_task(*functions, **options):
    return _shared.task(*functions, **options)


def retry_codes(agent):
    """The codes of failures that are tried again; None for all of them, empty for none."""
    errors = agents.retried_errors(agent) or ()
    if Exception in errors:
        return None
    return [code_of(error) for error in errors] + (["retry"] if getattr(agent, "calls_retry", False) else [])


_shared = Celery()
