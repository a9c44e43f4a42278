"""Uses the client as a service would, against the server whose address is given; prints ok."""

import sys
import threading
import time

from agentgrid import Client, Conflict, MessageBus, RunCancelled, RunFailed

url = sys.argv[1]
match = f"client-{time.time_ns()}"
client = Client(url)


def step(**given):
    return {"steps": {"a": {"agent": "work", "input": given}}}


seen, completed = [], threading.Event()


def on_event(event):
    seen.append(event)
    if event.get("stage") == "completed":
        completed.set()


with MessageBus(url).subscribe(on_event, match_id=match):
    run = client.orchestrate({"match_id": match, "round": "1", "grid_snapshot": {}, "plan": step(do="progress")})
    stages = [event["stage"] for event in run.events()]
    assert stages[0] == "orchestration:accepted" and stages[-1] == "completed" and "work:progress" in stages, stages
    assert run.get(timeout=60)["a"]["do"] == "progress", run.details()
    assert run.ready() and not run.replayed
    assert completed.wait(60)
    assert [event["stage"] for event in seen] == stages, seen

drawn = client.orchestrate({"match_id": match, "round": "drawn", "grid_snapshot": {}, "plan": step(do="draw", text="zwölf")})
drawn.get(timeout=60)
assert [a["name"] for a in drawn.artifacts()] == ["a", "b", "c", "drawn"], drawn.artifacts()
assert drawn.artifact("b", step="a") == "zwölf".encode()

again = client.orchestrate({"match_id": match, "round": "1", "grid_snapshot": {}, "plan": step(do="progress")})
assert again.replayed and again.id == run.id
try:
    client.orchestrate({"match_id": match, "round": "1", "grid_snapshot": {"other": 1}, "plan": step(do="progress")})
    raise AssertionError("no conflict")
except Conflict as e:
    assert e.problem["differences"], e.problem

try:
    client.orchestrate({"match_id": match, "round": "2", "grid_snapshot": {}, "plan": step(do="refuse")}).get(timeout=60)
    raise AssertionError("no failure")
except RunFailed as e:
    assert "never" in str(e), e

waiting = client.orchestrate({"match_id": match, "round": "3", "grid_snapshot": {}, "plan": step(do="wait")})
try:
    waiting.get(timeout=0.5)
    raise AssertionError("no timeout")
except TimeoutError:
    pass
waiting.cancel()
try:
    waiting.get(timeout=60)
    raise AssertionError("not cancelled")
except RunCancelled:
    pass
print("ok")
