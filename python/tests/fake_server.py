"""A server as small as the client's tests need it: a script of what becomes of each connection, in order."""

import base64
import hashlib
import socket
import struct
import threading


class FakeServer:
    """Each step is a function of a Connection; connections are served one after the other, and then refused."""

    def __init__(self, *steps):
        self._steps = list(steps)
        self.requests = []
        self.failures = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._thread.join(5)
        self._listener.close()

    def _serve(self):
        for step in self._steps:
            connection = Connection(self._listener.accept()[0])
            try:
                connection.read_request()
                self.requests.append(connection)
                step(connection)
            except (OSError, AssertionError, ValueError) as e:
                self.failures.append(e)
            finally:
                connection.end()


class Connection:
    def __init__(self, accepted):
        self._socket = accepted
        self._socket.settimeout(10)
        self._reader = accepted.makefile("rb")

    def read_request(self):
        self.line = self._reader.readline().decode().strip()
        self.headers = {}
        while True:
            line = self._reader.readline().decode().strip()
            if not line:
                break
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
        self.body = self._reader.read(int(self.headers.get("content-length", 0)))

    def answer(self, status, body=b"", **headers):
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def send(self, data):
        self._socket.sendall(data)

    def begin_stream(self):
        self.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")

    def upgrade(self):
        key = self.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept.encode())

    def send_frame(self, opcode, data, final=True):
        length = len(data)
        head = bytes([(0x80 if final else 0) | opcode])
        if length < 126:
            head += bytes([length])
        elif length < 1 << 16:
            head += struct.pack("!BH", 126, length)
        else:
            head += struct.pack("!BQ", 127, length)
        self.send(head + data)

    def read_frame(self):
        """Opcode and data of a frame, which must be masked, as a client's are."""
        first, second = self._reader.read(2)
        assert second & 0x80, "the frame is not masked"
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self._reader.read(2))[0]
        mask = self._reader.read(4)
        data = self._reader.read(length)
        return first & 0x0F, bytes(b ^ mask[i & 3] for i, b in enumerate(data))

    def end(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._reader.close()
        self._socket.close()
