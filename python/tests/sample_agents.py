"""Agents that the tests of the worker and of the list use, written as those of the replaced system."""

import asyncio
import os
import time

import agentgrid
from agentgrid import AgentBase, AgentError, artifacts, register_agent

print("printed while it is imported")


@register_agent
class Echo(AgentBase):
    name = "echo"
    capabilities = ["echo"]
    priority = 10

    def run(self, payload):
        print("printed while it runs")
        return payload


class MadeInInit(AgentBase):
    def __init__(self):
        super().__init__(name="made_in_init", capabilities=["made"], priority=3)

    async def run(self, payload):
        await asyncio.sleep(0)
        return {"player_count": len(payload["grid_snapshot"]["players"])}


register_agent(MadeInInit())


class Busy(Exception):
    pass


class VeryBusy(Busy):
    pass


@register_agent
class Retried(AgentBase):
    name = "retried"
    autoretry_for = (Busy,)
    max_retries = 2
    retry_backoff = True
    time_limit = 20

    def run(self, payload):
        raise {"busy": VeryBusy, "other": ValueError}[payload["raise"]]("the model is busy")


@register_agent(name="cancellable")
class Cancellable(AgentBase):
    def run(self, payload):
        agentgrid.progress(0.0, "waiting")
        while not agentgrid.is_cancelled():
            time.sleep(0.01)
        return "saw it"


@register_agent(name="cancellable_async")
class CancellableAsync(AgentBase):
    async def run(self, payload):
        self.update_state(state="PROGRESS", meta={"current": 1, "total": 4})
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            agentgrid.progress(1.0)
            raise


@register_agent(name="deaf")
class Deaf(AgentBase):
    cleaned = False

    def run(self, payload):
        if payload.get("ask"):
            return self.cleaned
        self.progress(0.5)
        try:
            while True:
                try:
                    time.sleep(60)
                except Exception:
                    pass  # as code that catches too much does
        finally:
            Deaf.cleaned = True


@register_agent(name="failing")
def failing(kind, payload):
    if kind == "said":
        raise AgentError("quota", "come back later", retryable=True, retry_after=2.5)
    if kind == "value":
        raise ValueError("a wrong value")
    if kind == "exit":
        raise SystemExit(3)
    if kind == "memory":
        raise MemoryError()
    if kind == "unwritable":
        return {"it": object()}
    if kind == "nan":
        return float("nan")
    if kind == "large":
        return "x" * 5000
    if kind == "die":
        os._exit(9)
    return payload


@register_agent(name="told")
def told():
    i = agentgrid.invocation()
    return [i.run_id, i.step, i.attempt, i.try_number, i.idempotency_key, i.gpu, i.deadline.isoformat(), i.traceparent]


@register_agent
def drawn(payload):
    before = artifacts.read(payload["picture"]) if "picture" in payload else b""
    return artifacts.write("picture", before + b" and after", "image/png")
