"""python -m agentgrid.worker module[:Agent]: does the attempts of one agent, one at a time, for a server that started it.

The server writes requests to stdin and reads answers from stdout; the log is stderr. It ends when stdin is closed.
"""

import asyncio
import importlib
import inspect
import os
import queue
import signal
import sys
import threading
import time
import traceback

from agentgrid import agents, attempt
from agentgrid.channel import Channel
from agentgrid.encoding import Unwritable, encode
from agentgrid.errors import AgentError, Cancelled, code_of

PROTOCOL = 1

# JSON-RPC's codes; -32800 is the Language Server Protocol's for a request that was cancelled.
FAILED, BAD_MESSAGE, NO_METHOD, CANCELLED = -32000, -32600, -32601, -32800

# How long an agent may go on when the server is gone: first it is told, then it is stopped, then the process ends.
_GRACE_WITHOUT_SERVER = 2.0


class Worker:
    def __init__(self, channel, target):
        self._channel = channel
        self._target = target
        self._work = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._agent = None
        self._largest = None
        self._loop = None
        self._task = None
        self._invocation = None
        self._id = None
        self._interruptible = False
        self._stopped = False
        self._ending = False

    def serve(self):
        """Works until stdin is closed; to be called on the main thread, where agents are imported and run."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_terminate)
        threading.Thread(target=self._read, name="agentgrid", daemon=True).start()
        while not self._ending:
            message = self._work.get()
            if message is None:
                break
            handle = self._run if message["method"] == "run" else self._initialize
            handle(message.get("id"), message.get("params") or {})

    # On a thread of its own, so that a cancellation is heard while the agent works.
    def _read(self):
        try:
            while True:
                message = self._channel.read()
                if message is None:
                    break
                self._take(message)
        except (ValueError, OSError) as e:
            print(f"agentgrid: the server's message cannot be read: {e}", file=sys.stderr, flush=True)
        self._ending = True
        self._work.put(None)
        self._leave()

    def _take(self, message):
        method = message.get("method")
        if method in ("run", "initialize"):
            self._work.put(message)
        elif method == "cancel":
            self._cancel((message.get("params") or {}).get("id"))
        elif method == "ping":
            self._channel.answer(message.get("id"), b"{}")
        elif method == "shutdown":
            self._ending = True
            self._work.put(None)
        elif "id" in message:
            self._channel.refuse(message["id"], NO_METHOD, f"there is no method {method!r}")

    def _initialize(self, request, params):
        if params.get("protocol") != PROTOCOL:
            self._channel.refuse(
                request, BAD_MESSAGE, f"this worker speaks version {PROTOCOL} of the protocol, not {params.get('protocol')}")
            return
        self._largest = params.get("max_output_bytes")
        try:
            self._agent = load(self._target, params.get("agent"))
        except BaseException as e:  # sys.exit() in a module, too
            traceback.print_exc()
            self._channel.refuse(
                request, FAILED, f"{self._target} cannot be loaded: {type(e).__name__}: {e}",
                {"code": "agent_not_loaded", "retryable": False})
            self._ending = True
            return
        self._channel.answer(request, encode({
            "name": agents.name_of(self._agent), "capabilities": agents.capabilities_of(self._agent), "concurrency": 1}))

    def _run(self, request, params):
        if self._agent is None:
            self._channel.refuse(request, BAD_MESSAGE, "'run' came before 'initialize'")
            return
        invocation = attempt.Invocation(
            params,
            lambda fraction, message: self._channel.notify("progress", {"id": request, "fraction": fraction, "message": message}),
            lambda tokens: self._channel.notify("usage", {"id": request, "tokens": tokens}))
        with self._gate:
            self._invocation, self._id, self._stopped = invocation, request, False
            attempt.set_current(invocation)
        failure = None
        try:
            try:
                self._interruptible = True
                result = self._agent.run(params.get("input"))
                if inspect.isawaitable(result):
                    result = self._await(result)
            finally:
                self._interruptible = False
            line = encode(result)
        except BaseException as e:
            self._interruptible = False
            failure = e
        with self._gate:
            self._invocation = self._id = None
            attempt.set_current(None)
        if failure is not None:
            self._channel.refuse(request, *self._explain(failure, invocation))
        elif self._largest is not None and len(line) > self._largest:
            self._channel.refuse(
                request, FAILED, f"the output has {len(line):,} bytes; at most {self._largest:,} are allowed",
                {"code": "output_too_large", "retryable": False})
        else:
            self._channel.answer(request, line)

    # One loop for the worker's life, so that agents can keep connections.
    def _await(self, awaitable):
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        with self._gate:
            self._task = asyncio.ensure_future(awaitable, loop=self._loop)
            if self._invocation.is_cancelled:
                self._task.cancel()
        try:
            return self._loop.run_until_complete(self._task)
        finally:
            with self._gate:
                self._task = None

    def _explain(self, error, invocation):
        if isinstance(error, AgentError):
            return FAILED, str(error), {
                "code": error.code, "retryable": bool(error.retryable), "retry_after": error.retry_after}
        if isinstance(error, (Cancelled, asyncio.CancelledError)) and invocation.is_cancelled:
            return CANCELLED, "cancelled", None
        if isinstance(error, Unwritable):
            return FAILED, f"what it returned cannot be written as JSON: {error}", {
                "code": "bad_output", "retryable": False}
        detail = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        print(detail, end="", file=sys.stderr, flush=True)
        code, retryable = code_of(type(error)), True
        expected = agents.retried_errors(self._agent)
        if expected is not None:
            match = next((e for e in expected if isinstance(error, e)), None)
            retryable = match is not None
            code = code if match in (None, Exception) else code_of(match)
        return FAILED, f"{type(error).__name__}: {error}", {
            "code": code, "retryable": retryable, "type": type(error).__name__, "detail": detail}

    def _cancel(self, request):
        with self._gate:
            if self._id == request and self._invocation is not None:
                self._give_up()

    def _give_up(self):
        self._invocation.is_cancelled = True
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)

    # SIGTERM is the soft stop of an attempt that was cancelled, and otherwise asks the worker to end when it is done. It
    # comes more than once, since one that meets the beginning of a long call is heard at its end; but what cleans up is
    # not disturbed by the next.
    def _on_terminate(self, *_):
        invocation = self._invocation
        if invocation is None or not invocation.is_cancelled:
            self._ending = True
            self._work.put(None)
        elif self._stopped:
            pass
        elif self._task is not None:
            self._stopped = True
            self._loop.call_soon_threadsafe(self._task.cancel)
        elif self._interruptible:
            self._stopped = True
            raise Cancelled("the attempt was given up, and the agent went on")

    # The server has closed stdin, or is gone. An agent that works is told, then stopped; then the process ends.
    def _leave(self):
        with self._gate:
            if self._invocation is not None:
                self._give_up()
        for _ in range(5):
            time.sleep(_GRACE_WITHOUT_SERVER / 6)
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_WITHOUT_SERVER / 6)
        os._exit(1)


def load(target, name=None):
    """The agent that `module`, `module:Agent` or `module:name` names; `name` is what the configuration calls it."""
    module_name, _, wanted = target.partition(":")
    module = importlib.import_module(module_name)
    known = agents.registered()
    if wanted:
        found = known.get(wanted, module)
        if found is module:
            for part in wanted.split("."):
                found = getattr(found, part, None)
        if found is None:
            raise LookupError(f"{module_name} has no agent '{wanted}'{_names(known)}")
        if not hasattr(found, "run") and callable(found):
            found = agents.FunctionAgent(found)
        return agents.instance_of(found)
    if name in known:
        return agents.instance_of(known[name])
    if len(known) == 1:
        return agents.instance_of(next(iter(known.values())))
    raise LookupError(f"{module_name} registers no agent '{name}'{_names(known)}")


def _names(known):
    return f"; it registers {', '.join(known)}" if known else "; it registers none: call register_agent"


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m agentgrid.worker module[:Agent]", file=sys.stderr)
        return 2
    Worker(Channel.take_over_stdio(), arguments[0]).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
