"""A project as Celery has it: tasks, and agents in a registry. One line was changed to move it over: the import."""

import asyncio
import time

from agentgrid import AgentBase, register_agent
from agentgrid.celery import Celery, SoftTimeLimitExceeded  # was: from celery import Celery, ...

app = Celery("tasks", broker="redis://localhost/0", backend="redis://localhost/1")


class ModelBusy(Exception):
    """The model has no room now."""


@register_agent
class Perception(AgentBase):
    """An agent of the FastAPI service."""

    name = "py_perception"
    capabilities = ["py_perception"]
    priority = 10

    async def run(self, payload):
        await asyncio.sleep(0)
        players = payload["grid_snapshot"]["players"]
        return {"players": [p["id"] for p in players], "peeking": sum(bool(p["peek_events"]) for p in players)}


@app.task(bind=True, autoretry_for=(ModelBusy,), max_retries=3, retry_backoff=0.1, time_limit=20)
def motion(self, perception):
    """The middle of the chain: fails twice as a busy model does, and says how far it is."""
    if self.request.retries < 2:
        raise ModelBusy("no room on the GPU")
    frames = []
    for i in range(4):
        frames.append([i, perception["peeking"]])
        self.update_state(state="PROGRESS", meta={"current": i + 1, "total": 4, "status": f"frame {i + 1}"})
        time.sleep(0.06)
    return {"frames": frames, "tries": self.request.retries + 1}


@app.task(capabilities=["py_check"])
def validate(motion):
    """Of the group."""
    return {"valid": len(motion["frames"]) == 4}


@app.task(capabilities=["py_check"])
def score(motion):
    """Of the group."""
    return {"score": len(motion["frames"]) / 4}


@app.task
def finish(motion, checks):
    """The body of the chord: comes when the whole group is done."""
    return {"valid": checks["validate"]["valid"], "score": checks["score"]["score"], "frames": len(motion["frames"])}


@app.task(soft_time_limit=0.5)
def slow(payload):
    """Runs into its limit, and cleans up."""
    try:
        while True:
            time.sleep(60)
    except SoftTimeLimitExceeded:
        with open(payload["mark"], "w", encoding="utf-8") as file:
            file.write("cleaned up")
        raise
