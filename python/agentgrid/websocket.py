"""A WebSocket client, RFC 6455, as small as following events needs it."""

import base64
import hashlib
import http.client
import os
import socket
import ssl
import struct
import threading
import urllib.parse

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE, _PING, _PONG, _CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0

# No event is longer; whoever sends more does not speak our protocol.
_LONGEST = 64 * 1024 * 1024


class Refused(Exception):
    """The server did not switch protocols. `status`, and `body`, what it said."""

    def __init__(self, status, body):
        super().__init__(f"the server answered {status}")
        self.status = status
        self.body = body


class Closed(ConnectionError):
    """The connection is over; `code` and `reason` are the other side's, where it gave them."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"the WebSocket was closed: {code or 'without a reason'} {reason}".rstrip())
        self.code = code
        self.reason = reason


class WebSocket:
    def __init__(self, url, headers=None, timeout=30.0):
        """Connects. timeout: seconds of silence after which the connection counts as lost.

        Raises Refused, OSError.
        """
        parts = urllib.parse.urlsplit(url)
        secure = parts.scheme == "wss"
        port = parts.port or (443 if secure else 80)
        self._gate = threading.Lock()
        self._closing = False
        self._socket = socket.create_connection((parts.hostname, port), timeout)
        try:
            if secure:
                self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=parts.hostname)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._reader = self._socket.makefile("rb")
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            host = parts.netloc.rpartition("@")[2]
            self._shake_hands(path, host, headers or {})
        except BaseException:
            self._socket.close()
            raise

    def receive(self):
        """The next text message. Raises Closed, OSError."""
        message, expected = bytearray(), None
        while True:
            final, opcode, data = self._read_frame()
            if opcode == _PING:
                self._send(_PONG, data)
            elif opcode == _CLOSE:
                code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else None
                self._end(data[:2])
                raise Closed(code, data[2:].decode("utf-8", "replace"))
            elif opcode == _PONG:
                pass
            elif (opcode == _CONTINUATION) == (expected is None) or opcode == _BINARY:
                self._end(struct.pack("!H", 1002))
                raise Closed(1002, f"got an unexpected frame of type {opcode}")
            else:
                expected = opcode if expected is None else expected
                message += data
                if len(message) > _LONGEST:
                    self._end(struct.pack("!H", 1009))
                    raise Closed(1009, "a message is too long")
                if final:
                    return message.decode("utf-8")

    def send(self, text):
        self._send(_TEXT, text.encode("utf-8"))

    def close(self):
        """Says goodbye, from any thread; whoever receives then gets Closed or OSError."""
        self._end(struct.pack("!H", 1000))

    def _shake_hands(self, path, host, headers):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        status = self._reader.readline(8192).split(None, 2)
        if len(status) < 2 or not status[0].startswith(b"HTTP/1.") or not status[1].isdigit():
            raise ConnectionError("the answer is not HTTP")
        answer = http.client.parse_headers(self._reader)
        if int(status[1]) != 101:
            length = int(answer.get("Content-Length") or 0)
            raise Refused(int(status[1]), self._reader.read(min(length, 1 << 16)))
        accepted = base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()
        if answer.get("Sec-WebSocket-Accept") != accepted:
            raise ConnectionError("the server does not speak WebSocket: its handshake is wrong")

    def _read_frame(self):
        first, second = self._read(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self._read(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self._read(8))[0]
        if first & 0x70 or second & 0x80 or length > _LONGEST or (first & 0x08 and length > 125):
            self._end(struct.pack("!H", 1002))
            raise Closed(1002, "got a frame that no server may send")
        return bool(first & 0x80), first & 0x0F, self._read(length)

    def _read(self, count):
        data = self._reader.read(count)
        if data is None or len(data) < count:
            raise Closed()
        return data

    def _send(self, opcode, data):
        mask = os.urandom(4)
        length = len(data)
        head = bytes([0x80 | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 1 << 16:
            head += struct.pack("!BH", 0x80 | 126, length)
        else:
            head += struct.pack("!BQ", 0x80 | 127, length)
        masked = bytes(byte ^ mask[i & 3] for i, byte in enumerate(data))
        with self._gate:
            self._socket.sendall(head + mask + masked)

    def _end(self, data):
        if self._closing:
            return
        self._closing = True
        try:
            self._send(_CLOSE, data)
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
