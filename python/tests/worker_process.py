"""A worker as a server has it: a process that is spoken to a line at a time."""

import json
import os
import pathlib
import select
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


class WorkerProcess:
    def __init__(self, target, agent=None, **params):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agentgrid.worker", target], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        self._next = 0
        self.greeting = self.call("initialize", {"protocol": 1, "agent": agent, **params})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def send(self, method, params=None, request=True):
        message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        if request:
            self._next += 1
            message["id"] = self._next
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        return self._next

    def read(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def call(self, method, params=None):
        """The answer; what is reported before it is in `reported`."""
        request = self.send(method, params)
        self.reported = []
        while True:
            message = self.read()
            if message is None or message.get("id") == request:
                return message
            self.reported.append(message["params"])

    def run(self, value, **params):
        return self.call("run", {"input": value, **params})

    def read_while_terminating(self):
        """The next message, while SIGTERM is sent again and again, as a server does."""
        for _ in range(50):
            self.process.send_signal(signal.SIGTERM)
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                return self.read()
        raise AssertionError("no answer within 5 s")

    def end(self):
        """Closes stdin; what stderr said, and the exit code."""
        self.process.stdin.close()
        log = self.process.stderr.read().decode()
        return log, self.process.wait(10)
