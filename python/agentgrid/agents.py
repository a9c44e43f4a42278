"""Agents and the registry that they are found in."""

import inspect

from agentgrid import attempt as _attempt
from agentgrid.errors import AgentError, snake_case

_OPTIONS = ("name", "capabilities", "priority", "queue", "autoretry_for", "max_retries", "retry_backoff",
            "retry_backoff_max", "default_retry_delay", "time_limit", "soft_time_limit")

_registry = {}


class AgentBase:
    """A named unit of work. Derive from it and write `run`; one instance does one attempt at a time.

    `run` may be async. Celery's options for a task can be set on the class too, and `python -m agentgrid.list` writes them
    into the configuration: autoretry_for, max_retries, retry_backoff, time_limit, soft_time_limit.
    """

    name = None
    capabilities = ()
    priority = 0

    def __init__(self, name=None, capabilities=None, priority=None):
        if name is not None:
            self.name = name
        if capabilities is not None:
            self.capabilities = capabilities
        if priority is not None:
            self.priority = priority

    def run(self, payload):
        """Does the work of one attempt.

        payload: what was posted (match_id, round, grid_snapshot, ...), the outputs of the needed steps under their
        ids, `item` and `index` in mode each, overridden by the step's own `input`.
        Returns the output: anything JSON can hold.
        """
        raise NotImplementedError(f"{type(self).__name__} has no run(self, payload)")

    def progress(self, fraction, message=None):
        _attempt.progress(fraction, message)

    def report_usage(self, tokens):
        _attempt.report_usage(tokens)

    def update_state(self, state=None, meta=None, **_):
        """Reports progress like a Celery task: meta with `current` and `total`, or `progress` from 0 to 1."""
        report_state(state, meta)

    @property
    def invocation(self):
        return _attempt.invocation()


class FunctionAgent(AgentBase):
    """A function as an agent. Its parameters name members of the input; `payload` is the whole input."""

    def __init__(self, function, bind=False):
        super().__init__()
        self.function = function
        self._bind = bind
        parameters = list(inspect.signature(function).parameters.values())[1 if bind else 0:]
        self._names = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        self._required = [
            p.name for p in parameters
            if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        self._rest = any(p.kind == p.VAR_KEYWORD for p in parameters)

    def run(self, payload):
        return self.function(*([self] if self._bind else []), **self._arguments(payload))

    def _arguments(self, payload):
        if self._rest:
            return dict(payload)
        arguments = {name: payload[name] for name in self._names if name in payload}
        if "payload" in self._names and "payload" not in payload:
            arguments["payload"] = payload
        missing = [name for name in self._required if name not in arguments]
        if missing:
            raise AgentError(
                "bad_input",
                f"{self.function.__name__} needs {', '.join(missing)}, but the input has {', '.join(sorted(payload))}: "
                f"post it, let a step of that name come before, or set it in the step's 'with' or 'input'",
                retryable=False)
        return arguments


def register_agent(target=None, **options):
    """Registers an agent: a class, an instance or a function.

    As a decorator with or without options, `@register_agent(name="perception", capabilities=["perception"])`, or as a
    call, `register_agent(PerceptionAgent())`. Returns what it was given.
    """
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise TypeError(f"register_agent does not know {', '.join(unknown)}; it knows {', '.join(_OPTIONS)}")
    if isinstance(target, str):
        options["name"], target = target, None
    if target is None:
        return lambda real: register_agent(real, **options)
    registered = target
    if not inspect.isclass(target) and not hasattr(target, "run"):
        registered = FunctionAgent(target)
        registered.name = target.__name__
    for key, value in options.items():
        setattr(registered, key, value)
    add(registered)
    return target


def add(agent):
    """Puts a class or an instance into the registry, under its name."""
    name = name_of(agent)
    known = _registry.get(name)
    if known is not None and known is not agent and _place(known) != _place(agent):
        raise ValueError(f"two agents have the name '{name}': {_place(known)} and {_place(agent)}")
    _registry[name] = agent


def registered():
    """The agents by name, in the order in which they were registered; classes are not made yet."""
    return dict(_registry)


def name_of(agent):
    """A class that says nothing of itself but in __init__ is made to be asked."""
    if inspect.isclass(agent):
        if getattr(agent, "name", None) is None and "__init__" in vars(agent):
            agent = instance_of(agent)
        else:
            return getattr(agent, "name", None) or snake_case(agent.__name__)
    return getattr(agent, "name", None) or snake_case(type(agent).__name__)


def instance_of(agent):
    """The one instance of a class; anything else is its own."""
    if not inspect.isclass(agent):
        return agent
    if "_agentgrid_instance" not in vars(agent):
        agent._agentgrid_instance = agent()
    return agent._agentgrid_instance


def capabilities_of(agent):
    value = getattr(agent, "capabilities", None) or ()
    return [value] if isinstance(value, str) else [str(word) for word in value]


def retried_errors(agent):
    """The classes of exceptions that Celery's autoretry_for names; None where it names none."""
    value = getattr(agent, "autoretry_for", None)
    return value if value is None or isinstance(value, (tuple, list)) else (value,)


def report_state(state, meta):
    meta = meta if isinstance(meta, dict) else {}
    fraction = 0.0
    for key, scale in (("fraction", 1), ("progress", 1), ("percent", 100)):
        if isinstance(meta.get(key), (int, float)):
            fraction = meta[key] / scale
    if isinstance(meta.get("current"), (int, float)) and isinstance(meta.get("total"), (int, float)) and meta["total"]:
        fraction = meta["current"] / meta["total"]
    message = meta.get("message") or meta.get("status") or (state if state not in (None, "PROGRESS") else None)
    _attempt.progress(fraction, message)


def _place(agent):
    real = getattr(agent, "function", None) or (agent if inspect.isclass(agent) else type(agent))
    return f"{real.__module__}.{real.__qualname__}"
