import datetime
import json
import os
import tempfile
import threading
import unittest

from agentgrid import Client, Conflict, GridError, MessageBus, RunCancelled, RunFailed, run_orchestration
from agentgrid.websocket import Closed, WebSocket
from tests.fake_server import FakeServer

TEXT, CLOSE, PING, PONG, CONTINUATION = 1, 8, 9, 10, 0


def json_answer(status, value, **headers):
    return lambda c: c.answer(status, json.dumps(value).encode(), **headers)


def lost(connection):
    pass


def stream(*numbers):
    def send(connection):
        connection.begin_stream()
        connection.send(b": alive\n\n")
        for number in numbers:
            connection.send(b'id: %d\ndata: {"seq":%d,"stage":"s"}\n\n' % (number, number))

    return send


class ClientTests(unittest.TestCase):
    def test_a_post_whose_connection_is_lost_or_refused_for_now_is_sent_again_as_it_was(self):
        with FakeServer(
                lost, json_answer(503, {"code": "starting"}), json_answer(429, {}, Retry_After="0.01"),
                json_answer(202, {"run_id": "r1", "replayed": False})) as server:
            run = Client(server.url, api_key="secret").orchestrate({"match_id": "m", "round": "1"}, plan="p", priority=3)
        self.assertEqual(("r1", False), (run.id, run.replayed))
        self.assertEqual({b'{"match_id": "m", "round": "1", "plan": "p", "priority": 3}'}, {c.body for c in server.requests})
        self.assertEqual(["secret"] * 4, [c.headers["x-api-key"] for c in server.requests])

    def test_start_posts_the_key_and_the_input(self):
        with FakeServer(*[json_answer(202, {"run_id": "r"})] * 2) as server:
            Client(server.url).start("article-17", {"text": "long"}, plan="summary", delay="10m")
            Client(server.url).start("k", priority=2)
        self.assertEqual(["POST /api/v1/runs HTTP/1.1"] * 2, [c.line for c in server.requests])
        self.assertEqual(
            {"key": "article-17", "input": {"text": "long"}, "plan": "summary", "delay": "10m"},
            json.loads(server.requests[0].body))
        self.assertEqual({"key": "k", "priority": 2}, json.loads(server.requests[1].body))

    def test_orchestrate_says_who_is_told(self):
        told = [{"url": "https://hooks.example/runs", "on": ["failed"]}]
        with FakeServer(json_answer(202, {"run_id": "r"})) as server:
            Client(server.url).orchestrate({"match_id": "m", "round": "1"}, webhooks=told)
        self.assertEqual(told, json.loads(server.requests[0].body)["webhooks"])

    def test_receipt_is_that_of_an_ended_run(self):
        with FakeServer(json_answer(409, {"code": "AG2033"}), json_answer(200, {"run_id": "r", "totals": {"started": 2}})) as server:
            run = Client(server.url).run("r")
            with self.assertRaises(Conflict):
                run.receipt()
            self.assertEqual(2, run.receipt()["totals"]["started"])
        self.assertEqual("GET /api/v1/runs/r/receipt HTTP/1.1", server.requests[1].line)

    def test_orchestrate_later_says_when(self):
        noon = datetime.datetime(2026, 1, 5, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
        with FakeServer(*[json_answer(202, {"run_id": "r"})] * 3) as server:
            client = Client(server.url)
            client.orchestrate({"match_id": "m", "round": "1"}, start_at=noon)
            client.orchestrate({"match_id": "m", "round": "2"}, delay=datetime.timedelta(minutes=10))
            client.orchestrate({"match_id": "m", "round": "3"}, delay="10m")
        bodies = [json.loads(request.body) for request in server.requests]
        self.assertEqual("2026-01-05T11:00:00Z", bodies[0]["start_at"])
        self.assertEqual(["600000ms", "10m"], [body["delay"] for body in bodies[1:]])
        with self.assertRaises(ValueError):
            client.orchestrate({"match_id": "m", "round": "4"}, start_at=datetime.datetime(2026, 1, 5))

    def test_labels_are_posted_and_searched_for(self):
        with FakeServer(
                json_answer(202, {"run_id": "r"}), json_answer(200, {"runs": [{"run_id": "a"}], "next": "7"}),
                json_answer(200, {"runs": [{"run_id": "b"}]})) as server:
            client = Client(server.url)
            client.orchestrate({"match_id": "m", "round": "1"}, labels={"team": "blue"}, on_conflict="supersede")
            runs = list(client.runs(labels={"team": "blue", "env": "a b"}, status="failed", plan=None))
        self.assertEqual({"team": "blue"}, json.loads(server.requests[0].body)["labels"])
        self.assertEqual("supersede", json.loads(server.requests[0].body)["on_conflict"])
        self.assertEqual(["a", "b"], [run["run_id"] for run in runs])
        self.assertEqual([
            f"GET /api/v1/runs?status=failed&label=team%3Ablue&label=env%3Aa+b{more} HTTP/1.1" for more in ("", "&cursor=7")],
            [request.line for request in server.requests[1:]])

    def test_an_artifact_that_is_cut_off_is_read_again(self):
        def cut(connection):
            connection.send(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\nConnection: close\r\n\r\n01234")

        with tempfile.TemporaryDirectory() as folder, FakeServer(
                cut, lambda c: c.answer(200, b"0123456789"), cut, lambda c: c.answer(200, b"0123456789"),
                json_answer(404, {"code": "AG2027", "detail": "none"})) as server:
            run = Client(server.url, patience=5).run("r1")
            path = os.path.join(folder, "saved")
            self.assertEqual(path, run.artifact("a b", path, step="s"))
            with open(path, "rb") as file:
                self.assertEqual(b"0123456789", file.read())
            self.assertEqual(b"0123456789", run.artifact("a b"))
            with self.assertRaises(GridError):
                run.artifact("other", os.path.join(folder, "other"))
            self.assertEqual(["saved"], os.listdir(folder))
        self.assertEqual("GET /api/v1/runs/r1/artifacts/a%20b?step=s HTTP/1.1", server.requests[0].line)

    def test_a_server_that_stays_away_is_a_connection_error(self):
        server = FakeServer()
        server.__exit__()
        with self.assertRaises(ConnectionError):
            Client(server.url, patience=0.2).orchestrate({"match_id": "m", "round": "1"})

    def test_what_is_refused_for_good_is_not_tried_again(self):
        for status, kind in ((409, Conflict), (400, GridError)):
            with FakeServer(json_answer(status, {"code": "no", "detail": "because", "differences": ["a"]})) as server:
                with self.assertRaisesRegex(kind, "because") as raised:
                    Client(server.url).orchestrate({"match_id": "m", "round": "1"})
                self.assertEqual((status, "no", ["a"]), (
                    raised.exception.status, raised.exception.code, raised.exception.problem["differences"]))

    def test_get_waits_for_the_end_and_returns_the_result(self):
        with FakeServer(
                json_answer(200, {"status": "running"}), stream(1, 2), lost, stream(3),
                lambda c: c.answer(204), json_answer(200, {"status": "completed", "result": {"frames": 52}})) as server:
            self.assertEqual({"frames": 52}, Client(server.url).run("r1").get(timeout=10))
        self.assertEqual(["0", "2", "2", "3"], [
            c.headers["last-event-id"] for c in server.requests if "last-event-id" in c.headers])

    def test_get_raises_when_the_run_has_no_result(self):
        for status, kind in (("failed", RunFailed), ("cancelled", RunCancelled)):
            details = {"run_id": "r1", "status": status, "error": {"code": "no_agent", "message": "none offers it"}}
            with FakeServer(json_answer(200, details)) as server:
                with self.assertRaisesRegex(kind, "none offers it") as raised:
                    Client(server.url).run("r1").get()
                self.assertEqual("no_agent", raised.exception.code)

    def test_get_gives_up_after_its_timeout(self):
        go_on = threading.Event()

        def silent(connection):
            connection.begin_stream()
            go_on.wait(10)

        with FakeServer(
                json_answer(200, {"status": "running"}), silent, json_answer(200, {"status": "running"})) as server:
            threading.Timer(0.5, go_on.set).start()
            with self.assertRaises(TimeoutError):
                Client(server.url).run("r1").get(timeout=0.2)

    def test_a_signal_whose_connection_is_lost_is_sent_again_with_its_key(self):
        with FakeServer(lost, json_answer(200, {"changed": True}), json_answer(200, {"changed": False})) as server:
            run = Client(server.url).run("r1")
            self.assertTrue(run.signal("pay ment", {"amount": 3})["changed"])
            run.signal("payment", key="order-7")
        first, again, other = server.requests
        self.assertEqual("POST /api/v1/runs/r1/signals/pay%20ment HTTP/1.1", first.line)
        self.assertEqual((first.headers["idempotency-key"], first.body), (again.headers["idempotency-key"], again.body))
        self.assertEqual(("order-7", b""), (other.headers["idempotency-key"], other.body))

    def test_decisions_and_what_is_to_be_decided(self):
        with FakeServer(
                json_answer(200, {"approvals": [{"step": "a"}], "next": "7"}), json_answer(200, {"approvals": [{"step": "b"}]}),
                json_answer(200, {"changed": True}), json_answer(409, {"code": "AG1212", "detail": "not yet"})) as server:
            client = Client(server.url)
            self.assertEqual(["a", "b"], [a["step"] for a in client.approvals()])
            client.run("r1").approve("review", {"stars": 4}, comment="fine")
            with self.assertRaisesRegex(Conflict, "not yet"):
                client.run("r1").reject("review", "too dark")
        self.assertEqual("GET /api/v1/approvals?cursor=7 HTTP/1.1", server.requests[1].line)
        self.assertEqual(
            [{"approved": True, "comment": "fine", "values": {"stars": 4}}, {"approved": False, "comment": "too dark"}],
            [json.loads(c.body) for c in server.requests[2:]])

    def test_delay_starts_a_run_at_the_server_of_the_environment(self):
        import os
        from unittest import mock

        with FakeServer(json_answer(202, {"run_id": "r9"})) as server:
            with mock.patch.dict(os.environ, {"AGENTGRID_URL": server.url, "AGENTGRID_API_KEY": "k"}):
                self.assertEqual("r9", run_orchestration.delay({"match_id": "m", "round": "1"}).id)
        self.assertEqual("k", server.requests[0].headers["x-api-key"])

    def test_an_address_that_is_none_is_refused(self):
        with self.assertRaisesRegex(ValueError, "is not the address of a server"):
            Client("127.0.0.1:8000")


class SocketTests(unittest.TestCase):
    def test_messages_come_whole_however_they_are_divided_and_pings_are_answered(self):
        answers = []

        def serve(c):
            c.upgrade()
            c.send_frame(TEXT, "zw".encode(), final=False)
            c.send_frame(PING, b"alive")
            c.send_frame(CONTINUATION, "ölf".encode())
            answers.append(c.read_frame())
            c.send_frame(TEXT, b"x" * 200)
            c.send_frame(TEXT, b"y" * 70_000)
            answers.append(c.read_frame())
            c.send_frame(CLOSE, b"\x03\xe9going")
            answers.append(c.read_frame())

        with FakeServer(serve) as server:
            socket = WebSocket("ws" + server.url[4:] + "/ws?a=b", {"X-Api-Key": "k"})
            self.assertEqual(["zwölf", "x" * 200, "y" * 70_000], [socket.receive() for _ in range(3)])
            socket.send("hello")
            with self.assertRaises(Closed) as raised:
                socket.receive()
        self.assertEqual((1001, "going"), (raised.exception.code, raised.exception.reason))
        self.assertEqual([(PONG, b"alive"), (TEXT, b"hello"), (CLOSE, b"\x03\xe9")], answers)
        self.assertEqual(("GET /ws?a=b HTTP/1.1", "k"), (server.requests[0].line, server.requests[0].headers["x-api-key"]))

    def test_frames_that_no_server_may_send_close_the_connection(self):
        for name, data in (("reserved bits", b"\xc1\x01x"), ("masked", b"\x81\x81abcdx"), ("a long ping", b"\x89\x7e\x00\x80"),
                           ("a continuation of nothing", b"\x80\x00"), ("binary", b"\x82\x01x")):
            closes = []

            def serve(c, data=data, closes=closes):
                c.upgrade()
                c.send(data)
                closes.append(c.read_frame())

            with self.subTest(name), FakeServer(serve) as server:
                socket = WebSocket("ws" + server.url[4:])
                with self.assertRaises(Closed):
                    socket.receive()
            self.assertEqual([(CLOSE, b"\x03\xea")], closes)

    def test_a_handshake_that_is_wrong_is_refused(self):
        def serve(c):
            c.send(b"HTTP/1.1 101 X\r\nSec-WebSocket-Accept: wrong\r\n\r\n")

        with FakeServer(serve) as server, self.assertRaisesRegex(ConnectionError, "does not speak WebSocket"):
            WebSocket("ws" + server.url[4:])


class BusTests(unittest.TestCase):
    def test_a_subscriber_misses_nothing_when_the_connection_is_lost(self):
        def first(c):
            c.upgrade()
            for number in (8, 9):
                c.send_frame(TEXT, b'{"seq":%d,"stage":"s"}' % number)

        def second(c):
            c.upgrade()
            c.send_frame(TEXT, b'{"seq":10,"stage":"s"}')
            c.read_frame()

        seen, done = [], threading.Event()

        def on_event(event):
            seen.append(event["seq"])
            if event["seq"] == 10:
                done.set()
            raise RuntimeError("a subscriber that fails is told of the next event all the same")

        with FakeServer(json_answer(200, {"last_seq": 7}), first, lost, second) as server:
            import contextlib
            import io

            with contextlib.redirect_stderr(io.StringIO()):
                with MessageBus(server.url, "k").subscribe(on_event, stage="motion:*") as subscription:
                    self.assertTrue(done.wait(10))
        self.assertEqual([8, 9, 10], seen)
        self.assertEqual(10, subscription.seen)
        self.assertEqual(
            ["GET /health HTTP/1.1"] + [f"GET /ws/agents?after={n}&stage=motion%3A%2A HTTP/1.1" for n in (7, 9, 9)],
            [c.line for c in server.requests])

    def test_a_subscription_that_is_refused_ends_and_says_why(self):
        with FakeServer(json_answer(401, {"code": "no_key", "detail": "this needs a key"})) as server:
            subscription = MessageBus(server.url).subscribe(print, after=0)
            subscription.join(10)
        self.assertEqual((401, "this needs a key"), (subscription.error.status, str(subscription.error)))

    def test_a_filter_that_is_not_known_is_refused(self):
        with self.assertRaisesRegex(TypeError, "no filter player; there are match_id"):
            MessageBus().subscribe(print, player=1)


if __name__ == "__main__":
    unittest.main()
