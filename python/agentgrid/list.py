"""python -m agentgrid.list module ...: writes the agents of modules as YAML for config/agents.yaml."""

import argparse
import contextlib
import importlib
import inspect
import json
import os
import re
import sys

from agentgrid import agents
from agentgrid.celery import retry_codes

# Celery's default_retry_delay, and its backoff's upper limit; both in seconds.
_RETRY_DELAY, _LONGEST_BACKOFF = 180, 600


def describe(agent, target, python="python3", processes=1, directory=None, environment=None):
    """What config/agents.yaml says of one agent, as a dict."""
    # Where nothing is said on the class, __init__ may say it.
    if inspect.isclass(agent) and "__init__" in vars(agent):
        agent = agents.instance_of(agent)
    entry = {"kind": "process", "command": [python, "-m", "agentgrid.worker", target]}
    if directory:
        entry["working_directory"] = directory
    if environment:
        entry["env"] = environment
    if processes != 1:
        entry["processes"] = processes
    if agents.capabilities_of(agent):
        entry["capabilities"] = agents.capabilities_of(agent)
    if getattr(agent, "priority", 0):
        entry["priority"] = agent.priority
    if getattr(agent, "queue", None):
        entry["queue"] = agent.queue
    # One limit here: the agent is told at its end, and killed when it goes on for long.
    limit = getattr(agent, "soft_time_limit", None) or getattr(agent, "time_limit", None)
    if limit:
        entry["timeout"] = _duration(limit)
    rate = getattr(agent, "rate_limit", None)
    if rate:
        entry["rate_limit"] = _rate(rate)
    retry = _retry(agent)
    if retry:
        entry["retry"] = retry
    return entry


def _retry(agent):
    codes = retry_codes(agent)
    if codes == []:
        return None
    retries = getattr(agent, "max_retries", 3)
    backoff = getattr(agent, "retry_backoff", False)
    # With backoff, Celery waits 1 s (or the number that it is given), and doubles that; without, the same each time.
    first = (1 if backoff is True else backoff) if backoff else getattr(agent, "default_retry_delay", _RETRY_DELAY)
    longest = getattr(agent, "retry_backoff_max", _LONGEST_BACKOFF) if backoff else first
    # 100 tries are the most that the server takes; None is Celery's word for no end.
    retry = {"max_attempts": 100 if retries is None else min(retries + 1, 100), "backoff": _duration(first),
             "max_backoff": _duration(max(first, longest))}
    if codes is not None:
        retry["on"] = codes
    return retry


# Celery's: a number of starts a second, or a text such as "10/m". It holds for a worker there, and for all nodes here.
def _rate(rate):
    number, _, unit = str(rate).partition("/")
    unit = (unit or "s").strip()[:1].lower()
    starts = float(number)
    if starts == int(starts):
        return f"{int(starts)}/{unit}"
    return {"requests": 1, "per": _duration({"s": 1, "m": 60, "h": 3600}[unit] / starts)}


def _duration(seconds):
    return f"{round(seconds * 1000)}ms" if seconds != int(seconds) else f"{int(seconds)}s"


def to_yaml(entries):
    lines = ["agents:"]
    for name, entry in entries.items():
        lines.append(f"  {_text(name)}:")
        lines.extend(f"    {key}: {_value(value)}" for key, value in entry.items())
    return "\n".join(lines) + "\n"


def _value(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


# Bare words that YAML takes for nothing else; a JSON text is a YAML text.
def _text(text):
    plain = re.fullmatch(r"[A-Za-z_/][A-Za-z0-9_./-]*|[0-9]+(ms|s|/[smh])|-[a-z]", text)
    return text if plain and text.lower() not in ("null", "true", "false", "yes", "no", "on", "off") else json.dumps(text)


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m agentgrid.list", description=__doc__)
    parser.add_argument("module", nargs="+", help="a module that registers agents")
    parser.add_argument("--python", help="the interpreter (default: python3, or this one where it is a virtual environment's)")
    parser.add_argument("--processes", type=int, default=1, help="processes of each agent on a node (default 1)")
    parser.add_argument("--working-directory", default=os.getcwd(), help="where the modules are (default: here)")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = _parse(arguments)
    python = options.python or (sys.executable if sys.prefix != sys.base_prefix else "python3")
    environment = {"PYTHONPATH": os.environ["PYTHONPATH"]} if os.environ.get("PYTHONPATH") else None
    sys.path.insert(0, options.working_directory)
    entries = {}
    # What modules print while they are imported is no YAML.
    with contextlib.redirect_stdout(sys.stderr):
        for module in options.module:
            before = set(agents.registered())
            importlib.import_module(module)
            for name, agent in agents.registered().items():
                if name not in before:
                    entries[name] = describe(
                        agent, f"{module}:{name}", python, options.processes, options.working_directory, environment)
    if not entries:
        print(f"{', '.join(options.module)}: no agents; call register_agent", file=sys.stderr)
        return 1
    sys.stdout.write(to_yaml(entries))
    return 0


if __name__ == "__main__":
    sys.exit(main())
