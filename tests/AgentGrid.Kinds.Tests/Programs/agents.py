"""Agents for the tests of the kind process."""

import asyncio
import io
import os
import sys
import tempfile
import time

import agentgrid
from agentgrid import AgentError, artifacts, register_agent


@register_agent
def echo(payload):
    return payload


@register_agent
def told(payload):
    i = agentgrid.invocation()
    return {"run_id": i.run_id, "match_id": i.match_id, "round": i.round, "step": i.step, "attempt": i.attempt,
            "try": i.try_number, "key": i.idempotency_key, "gpu": i.gpu, "traceparent": i.traceparent, "left": i.remaining(),
            "pid": os.getpid(), "environment": dict(os.environ), "folder": os.getcwd()}


@register_agent
def work(payload):
    """Does what `do` says: one agent that can go wrong in every way."""
    do = payload.get("do", "echo")
    if do == "progress":
        agentgrid.progress(0.25, "a quarter")
        time.sleep(0.3)
        agentgrid.progress(0.75, "three quarters")
        agentgrid.report_usage(1000)
        agentgrid.report_usage(200)
    elif do == "wait":
        agentgrid.progress(0.1, "waiting")
        while not agentgrid.is_cancelled():
            time.sleep(0.01)
        mark(payload, "cancelled")
    elif do == "deaf":
        agentgrid.progress(0.1, "deaf")
        try:
            time.sleep(payload.get("seconds", 3600))
        finally:
            mark(payload, "unwound")
    elif do == "stubborn":
        agentgrid.progress(0.1, "stubborn")
        until = time.monotonic() + 3600
        while time.monotonic() < until:
            try:
                time.sleep(1)
            except BaseException:
                pass
    elif do == "once":
        if os.path.exists(payload["mark"]):
            return {"again": True}
        mark(payload, str(os.getpid()))
        time.sleep(3600)
    elif do == "die":
        print("these are my last words", file=sys.stderr, flush=True)
        os._exit(7)
    elif do == "killed":
        os.kill(os.getpid(), 9)
    elif do == "large":
        return "x" * payload["size"]
    elif do == "garbage":
        os.write(payload.get("fd") or protocol_fd(), b"this is not JSON\n")
        time.sleep(60)
    elif do == "flood":
        fd = protocol_fd()
        while True:
            os.write(fd, b"y" * 65536)
    elif do == "wrong_id":
        os.write(protocol_fd(), b'{"jsonrpc":"2.0","id":99999,"result":1}\n')
        time.sleep(60)
    elif do == "overload":
        raise AgentError("overloaded", "come back later", retry_after=payload.get("retry_after", 0.5))
    elif do == "refuse":
        raise AgentError("refused", "never", retryable=False)
    elif do == "raise":
        raise ValueError("a wrong value")
    elif do == "spawn":
        import subprocess

        child = subprocess.Popen(["sleep", "3600"])
        return {"pid": os.getpid(), "child": child.pid}
    elif do == "draw":
        return draw(payload)
    elif do == "look":
        return look(payload)
    elif do == "lie":
        # Neither is a file of the attempt, and the last is nobody's.
        return {"$artifact": {"file": payload["file"], "name": "lie", "media_type": "text/plain"}}
    elif do == "memory":
        work.kept = b"z" * payload["bytes"]
    return {"pid": os.getpid(), **payload}


def draw(payload):
    """Writes the same picture in every way there is, and one more straight into the folder."""
    data = payload["text"].encode()
    path = os.path.join(artifacts.folder(), "drawn")
    with open(path, "wb") as file:
        file.write(data + b"!")
    with tempfile.NamedTemporaryFile() as elsewhere:
        elsewhere.write(data)
        elsewhere.flush()
        return {
            "pictures": [artifacts.write("a", data, "text/plain"), artifacts.write("b", io.BytesIO(data), "text/plain"),
                         artifacts.write("c", elsewhere.name, "text/plain")],
            "drawn": artifacts.write("drawn", path, "text/plain"), "folder": artifacts.folder()}


def look(payload):
    pictures = payload["draw"]["pictures"]
    forged = {"$artifact": dict(pictures[0]["$artifact"], sha256="0" * 64)}
    try:
        artifacts.read(forged)
        told = "found"
    except AgentError as e:
        told = e.code
    with artifacts.open(payload["draw"]["drawn"]) as file:
        drawn = file.read().decode()
    return {"seen": [artifacts.read(p).decode() for p in pictures], "drawn": drawn, "forged": told,
            "on": payload["draw"]["drawn"]}


@register_agent
async def work_async(payload):
    agentgrid.progress(0.1, "waiting")
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        mark(payload, "cancelled")
        raise


def mark(payload, word):
    if "mark" in payload:
        with open(payload["mark"], "w", encoding="utf-8") as file:
            file.write(word)


def protocol_fd():
    """Where the worker writes its answers: what no agent should know."""
    import gc

    from agentgrid.channel import Channel

    return next(o for o in gc.get_objects() if isinstance(o, Channel))._writing
