"""Every event of every run, live, like subscribing to a message bus."""

import json
import sys
import threading
import traceback
import urllib.parse

from agentgrid.client import Client
from agentgrid.problems import GridError, problem_of
from agentgrid.websocket import Refused, WebSocket


class MessageBus:
    """Subscribes to events over the server's WebSocket. url, api_key: as for Client."""

    def __init__(self, url=None, api_key=None):
        self._client = Client(url, api_key)

    def subscribe(self, on_event, after=None, **filters):
        """Calls on_event(event) for each event, in order, on a thread of its own, until the subscription is closed.

        A lost connection is reopened, and nothing is missed or seen twice. Exceptions of on_event are printed.
        after: the number of the last event you have seen; 0 for all events; None for new events only.
        filters: match_id, run_id, stage.
        """
        unknown = sorted(set(filters) - {"match_id", "run_id", "stage"})
        if unknown:
            raise TypeError(f"no filter {', '.join(unknown)}; there are match_id, run_id, stage")
        return Subscription(self._client, on_event, after, filters)


class Subscription:
    """What subscribe returns. `seen` is the number of the last event; `error` is why it ended by itself, or None."""

    def __init__(self, client, on_event, after, filters):
        self._client = client
        self._on_event = on_event
        self._filters = {key: value for key, value in filters.items() if value is not None}
        self._gate = threading.Lock()
        self._closed = threading.Event()
        self._socket = None
        self.error = None
        # From now on means from the moment of the call, not of some later connection.
        self.seen = client.request("GET", "/health")["last_seq"] if after is None else after
        self._thread = threading.Thread(target=self._follow, name="agentgrid-bus", daemon=True)
        self._thread.start()

    def close(self):
        """Ends the subscription; on_event is not called after that."""
        self._closed.set()
        with self._gate:
            if self._socket is not None:
                self._socket.close()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def join(self, timeout=None):
        """Waits until the subscription has ended."""
        self._thread.join(timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _follow(self):
        pause = 0.1
        while not self._closed.is_set():
            try:
                self._open()
                while not self._closed.is_set():
                    event = json.loads(self._socket.receive())
                    pause = 0.1
                    self.seen = event["seq"]
                    self._tell(event)
            except Refused as e:
                if e.status not in (429, 502, 503, 504):
                    self.error = GridError(e.status, problem_of(e.body))
                    return
            except (OSError, ValueError):
                pass  # it is away: we come back
            self._closed.wait(pause)
            pause = min(pause * 2, 5.0)

    def _open(self):
        query = urllib.parse.urlencode({"after": self.seen, **self._filters})
        url = "ws" + self._client.url[len("http"):] + "/ws/agents?" + query
        opened = WebSocket(url, self._client.headers(), timeout=45.0)
        with self._gate:
            self._socket = opened
        if self._closed.is_set():
            opened.close()

    def _tell(self, event):
        try:
            self._on_event(event)
        except Exception:
            traceback.print_exc(file=sys.stderr)
