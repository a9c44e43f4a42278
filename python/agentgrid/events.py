"""Reads a run's events from its event stream (server-sent events), and continues where it was interrupted."""

import http.client
import json
import socket
import time

from agentgrid.problems import GridError, problem_of

# The server shows life every 15 s: who hears nothing for longer has lost the connection without noticing.
_SILENCE = 45.0


def read_events(client, run_id, timeout=None):
    until = None if timeout is None else time.monotonic() + timeout
    seen, failing_since, pause = 0, None, 0.1
    while True:
        try:
            for event in _stream(client, run_id, seen, until):
                seen, failing_since, pause = event["seq"], None, 0.1
                yield event
            return
        except _Interrupted as e:
            now = time.monotonic()
            if until is not None and now >= until:
                return
            failing_since = failing_since or now
            if e.cause is not None and now - failing_since > client.patience:
                raise e.cause from None
            time.sleep(pause)
            pause = min(pause * 2, 5.0)


class _Interrupted(Exception):
    def __init__(self, cause=None):
        self.cause = cause


# Ends when the run has ended for good: who asks again then gets 204.
def _stream(client, run_id, seen, until):
    left = _SILENCE if until is None else min(_SILENCE, until - time.monotonic())
    if left <= 0:
        raise _Interrupted()
    connection = client.connect(timeout=left)
    try:
        connection.request("GET", client.path(f"/api/v1/runs/{run_id}/events"), headers=client.headers(
            Accept="text/event-stream", **{"Last-Event-ID": str(seen)}))
        answer = connection.getresponse()
        if answer.status == 204:
            return
        if answer.status in (429, 502, 503, 504):
            raise _Interrupted(GridError(answer.status, problem_of(answer.read())))
        if answer.status != 200:
            raise GridError(answer.status, problem_of(answer.read()))
        for line in answer:
            if line.startswith(b"data:"):
                yield json.loads(line[5:])
            if until is not None:
                left = until - time.monotonic()
                if left <= 0:
                    raise _Interrupted()
                if connection.sock is not None:
                    connection.sock.settimeout(min(_SILENCE, left))
        raise _Interrupted()  # the run has ended, or the server: asking again tells which
    except (OSError, http.client.HTTPException, socket.timeout) as e:
        raise _Interrupted(e if isinstance(e, OSError) else ConnectionError(repr(e))) from None
    finally:
        connection.close()
