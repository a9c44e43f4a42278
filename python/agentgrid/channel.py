"""The worker's end of the protocol: JSON-RPC 2.0, a message a line, over what were its standard streams."""

import io
import json
import os
import sys
import threading

from agentgrid.encoding import encode


class Channel:
    def __init__(self, reading, writing):
        """reading, writing: file descriptors, which are the channel's from now on."""
        self._reader = io.BufferedReader(io.FileIO(reading, "rb"), 1 << 16)
        self._writing = writing
        self._gate = threading.Lock()

    @classmethod
    def take_over_stdio(cls):
        """Takes stdin and stdout away from everybody else: what an agent prints goes to stderr from now on."""
        reading, writing = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        if sys.stdout is not None:
            sys.stdout.reconfigure(line_buffering=True)
        return cls(reading, writing)

    def read(self):
        """The next message; None when the other end is closed."""
        while True:
            line = self._reader.readline()
            if not line.endswith(b"\n"):
                return None
            if not line.isspace():
                return json.loads(line)

    def notify(self, method, params):
        self._write(b'{"jsonrpc":"2.0","method":%s,"params":%s}\n' % (encode(method), encode(params)))

    def answer(self, request, result):
        """result: JSON in UTF-8."""
        self._write(b'{"jsonrpc":"2.0","id":%s,"result":%s}\n' % (encode(request), result))

    def refuse(self, request, code, message, data=None):
        error = {"code": code, "message": message}
        if data is not None:
            error["data"] = data
        self._write(b'{"jsonrpc":"2.0","id":%s,"error":%s}\n' % (encode(request), encode(error)))

    def _write(self, line):
        with self._gate:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._writing, rest):]
