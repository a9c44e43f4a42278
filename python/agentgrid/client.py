"""A client of the API: starts runs, follows them, waits for them."""

import datetime
import http.client
import json
import os
import random
import shutil
import time
import urllib.parse
import uuid

from agentgrid.events import read_events
from agentgrid.problems import Conflict, GridError, RunCancelled, RunFailed, problem_of

_ENDS = {"completed", "failed", "cancelled"}
_DEFAULT_URL = "http://127.0.0.1:8000"


class Client:
    def __init__(self, url=None, api_key=None, patience=60.0):
        """
        url: default the environment's AGENTGRID_URL, or http://127.0.0.1:8000.
        api_key: default AGENTGRID_API_KEY, if there is one.
        patience: for how many seconds a request is retried while the server is away or has no room.
        """
        self.url = (url or os.environ.get("AGENTGRID_URL") or _DEFAULT_URL).rstrip("/")
        self.api_key = api_key or os.environ.get("AGENTGRID_API_KEY")
        self.patience = patience
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"'{self.url}' is not the address of a server, such as http://127.0.0.1:8000")
        self._parts = parts

    def orchestrate(self, payload, plan=None, priority=None, start_at=None, delay=None, webhooks=None, labels=None,
                    on_conflict=None):
        """Starts the run of payload's match_id and round, or finds it. Posting the same again is safe, and is done
        when the connection is lost.

        plan: a name, or a plan of its own. start_at: when it starts, a datetime with its time zone, or a text such as
        '2026-01-05T03:00:00Z'. delay: the same from now, a timedelta, or a text such as '10m'.
        webhooks: who is told what becomes of it, dicts such as {'url': 'https://...', 'on': ['completed', 'failed']}.
        labels: whom or what it is for, a dict of texts. on_conflict: what happens where a run with another input has the
        key: 'use_existing' returns that run, 'supersede' cancels it and starts a new one in its place; otherwise Conflict is raised.
        Returns a RunHandle. Raises Conflict, GridError, ConnectionError.
        """
        return self._submit("/api/v1/orchestrate", dict(payload), plan=plan, priority=priority, start_at=_time(start_at),
                            delay=_duration(delay), webhooks=webhooks, labels=labels, on_conflict=on_conflict)

    def start(self, key, input=None, plan=None, priority=None, start_at=None, delay=None, webhooks=None, labels=None,
              on_conflict=None):
        """Starts the run of a key, or finds it; in general words what orchestrate does.

        key: one text; the same key is the same run. input: what agents are given, a dict. The rest is as in orchestrate.
        """
        body = {"key": key} if input is None else {"key": key, "input": input}
        return self._submit("/api/v1/runs", body, plan=plan, priority=priority, start_at=_time(start_at),
                            delay=_duration(delay), webhooks=webhooks, labels=labels, on_conflict=on_conflict)

    def _submit(self, path, body, **options):
        body.update((name, value) for name, value in options.items() if value is not None)
        run = self.request("POST", path, body)
        return RunHandle(self, run["run_id"], replayed=run.get("replayed", False))

    def run(self, run_id):
        """The handle of a run that was started before."""
        return RunHandle(self, run_id)

    def runs(self, labels=None, **filters):
        """The runs that there are, newest first, as dicts. labels: those that they must have, a dict of texts; filters:
        status, key, match_id, round, plan, agent."""
        query = [(name, value) for name, value in filters.items() if value is not None]
        query += [("label", f"{name}:{text}") for name, text in (labels or {}).items()]
        cursor = []
        while cursor is not None:
            page = self.request("GET", f"/api/v1/runs?{urllib.parse.urlencode(query + cursor)}")
            yield from page["runs"]
            cursor = [("cursor", page["next"])] if "next" in page else None

    def approvals(self):
        """The steps that wait for a decision now, over all runs: dicts with run_id, step, title, form, given, ..."""
        cursor = ""
        while cursor is not None:
            page = self.request("GET", f"/api/v1/approvals{cursor}")
            yield from page["approvals"]
            cursor = f"?cursor={urllib.parse.quote(page['next'], safe='')}" if "next" in page else None

    def request(self, method, path, body=None, **headers):
        """One request, retried while the server is away or has no room; returns the JSON of the answer."""
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        content = self._patiently(lambda: self._once(method, path, data, headers))
        return json.loads(content) if content else None

    def _patiently(self, once):
        until = time.monotonic() + self.patience
        pause = 0.1
        while True:
            try:
                status, answered, content = once()
                if status < 400:
                    return content
                error = (Conflict if status == 409 else GridError)(status, problem_of(content))
                if status not in (429, 503):
                    raise error
                wait = _seconds(answered.get("Retry-After")) or pause
            except (OSError, http.client.HTTPException) as e:
                error = e if isinstance(e, OSError) else ConnectionError(f"{self.url}: {e!r}")
                wait = pause
            # Those that wait for the same server do not come back at the same moment.
            wait *= random.uniform(1, 1.2)
            if time.monotonic() + wait > until:
                raise error
            time.sleep(wait)
            pause = min(pause * 2, 5.0)

    def connect(self, timeout):
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        return kind(self._parts.hostname, self._parts.port, timeout=timeout)

    def headers(self, **more):
        return {**({"X-Api-Key": self.api_key} if self.api_key else {}), **more}

    def path(self, path):
        return self._parts.path + path

    def download(self, path, file=None):
        """The bytes of an answer; written to a file object instead, where one is given, from where it stands."""
        start = None if file is None else file.tell()

        def once():
            if file is not None:
                file.seek(start)
                file.truncate()
            return self._once("GET", path, None, {}, file)

        return self._patiently(once)

    def _once(self, method, path, data, headers, file=None):
        connection = self.connect(timeout=30)
        try:
            headers = self.headers(**({"Content-Type": "application/json"} if data is not None else {}), **headers)
            connection.request(method, self.path(path), data, headers)
            answer = connection.getresponse()
            if file is not None and answer.status < 400:
                shutil.copyfileobj(answer, file, 1 << 20)
                if answer.length:
                    raise ConnectionError(f"{self.url}: the connection was lost in the middle of an answer")
                return answer.status, answer.headers, b""
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


class RunHandle:
    """A run that was started. `id`; and `replayed`, whether it had been started before."""

    def __init__(self, client, run_id, replayed=False):
        self._client = client
        self.id = run_id
        self.replayed = replayed

    def details(self):
        """All that is known about the run now."""
        return self._client.request("GET", f"/api/v1/runs/{self.id}")

    @property
    def status(self):
        return self.details()["status"]

    def ready(self):
        return self.status in _ENDS

    def get(self, timeout=None):
        """Waits for the result. Raises RunFailed, RunCancelled, or TimeoutError when it takes longer than `timeout` s."""
        run = self.details()
        if run["status"] not in _ENDS:
            for _ in self.events(timeout=timeout):
                pass
            run = self.details()
        if run["status"] == "completed":
            return run.get("result")
        if run["status"] not in _ENDS:
            raise TimeoutError(f"run {self.id} is {run['status']} after {timeout} s")
        raise (RunCancelled if run["status"] == "cancelled" else RunFailed)(run)

    def events(self, timeout=None):
        """The run's events from the first to the last, as they come; an interrupted stream is resumed where it was.

        timeout: stops after this many seconds; None follows the run to its end.
        """
        return read_events(self._client, self.id, timeout)

    def receipt(self):
        """The receipt of the run, when it has ended: who did what, where, why, and what it cost. Raises Conflict before that."""
        return self._client.request("GET", f"/api/v1/runs/{self.id}/receipt")

    def artifacts(self):
        """The artifacts that the run's outputs and input refer to: dicts with name, media_type, bytes, sha256, steps."""
        return self._client.request("GET", f"/api/v1/runs/{self.id}/artifacts")["artifacts"]

    def artifact(self, name, path=None, step=None):
        """The bytes of an artifact, by its name, or its sha256 where there are several of that name; or, with path, writes
        them to that file. step: the step in whose output the reference is."""
        where = f"/api/v1/runs/{self.id}/artifacts/{urllib.parse.quote(name, safe='')}"
        if step is not None:
            where += f"?step={urllib.parse.quote(step, safe='')}"
        if path is None:
            return self._client.download(where)
        half = f"{os.fspath(path)}.part"
        try:
            with open(half, "wb") as file:
                self._client.download(where, file)
            os.replace(half, path)
        finally:
            if os.path.exists(half):
                os.remove(half)
        return path

    def cancel(self):
        """Cancels the run; returns what is known about it then."""
        return self._client.request("POST", f"/api/v1/runs/{self.id}/cancel", {})

    def signal(self, name, data=None, key=None):
        """Sends the signal that a step waits for, or will wait for, with any JSON value.

        key: an idempotency key; by default each call makes one of its own, so a lost connection does no
        harm. Returns {"changed": ..., "run": ...}. Raises GridError, or its subclass Conflict when the signal is not taken.
        """
        return self._send("signals", name, data, key)

    def approve(self, step, values=None, comment=None, key=None):
        """Approves a step that waits for a decision; values: what its form asks for. Returns and raises like signal()."""
        return self._decide(step, True, values, comment, key)

    def reject(self, step, comment=None, key=None):
        """Rejects a step that waits for a decision, so that it fails."""
        return self._decide(step, False, None, comment, key)

    def _decide(self, step, approved, values, comment, key):
        told = (("comment", comment), ("values", values))
        return self._send("approvals", step, {"approved": approved, **{k: v for k, v in told if v is not None}}, key)

    def _send(self, kind, name, data, key):
        path = f"/api/v1/runs/{self.id}/{kind}/{urllib.parse.quote(name, safe='')}"
        return self._client.request("POST", path, data, **{"Idempotency-Key": key or str(uuid.uuid4())})

    def __repr__(self):
        return f"<RunHandle {self.id}>"


def _time(value):
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise ValueError(f"start_at: expected a datetime with its time zone, got {value!r}")
        return value.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    return value


def _duration(value):
    return f"{value // datetime.timedelta(milliseconds=1)}ms" if isinstance(value, datetime.timedelta) else value


def _seconds(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
