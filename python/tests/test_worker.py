import os
import signal
import tempfile
import time
import unittest

from tests.worker_process import WorkerProcess

SAMPLES = "tests.sample_agents"


class WorkerTests(unittest.TestCase):
    def test_an_agent_that_prints_answers_with_json_alone(self):
        with WorkerProcess(f"{SAMPLES}:Echo") as worker:
            self.assertEqual("echo", worker.greeting["result"]["name"])
            self.assertEqual(["echo"], worker.greeting["result"]["capabilities"])
            value = {"text": "zwölf\n€ \U0001f600", "numbers": [1, 2.5, 10 ** 20], "nested": {"null": None, "true": True}}
            self.assertEqual(value, worker.run(value)["result"])
            log, code = worker.end()
            self.assertIn("printed while it is imported", log)
            self.assertIn("printed while it runs", log)
            self.assertEqual(0, code)

    def test_an_agent_that_says_its_name_in_init_is_found_by_it_and_may_be_async(self):
        with WorkerProcess(SAMPLES, agent="made_in_init") as worker:
            self.assertEqual("made_in_init", worker.greeting["result"]["name"])
            answer = worker.run({"grid_snapshot": {"players": [{}, {}]}})
            self.assertEqual({"player_count": 2}, answer["result"])

    def test_the_invocation_knows_its_attempt(self):
        with WorkerProcess(f"{SAMPLES}:told") as worker:
            answer = worker.run(
                {}, run_id="r1", step="motion", attempt=2, idempotency_key="r1/motion/2", gpu=1, traceparent="00-a-b-01",
                deadline="2026-11-26T10:00:00.1234567Z", **{"try": 3})
            self.assertEqual(
                ["r1", "motion", 2, 3, "r1/motion/2", 1, "2026-11-26T10:00:00.123456+00:00", "00-a-b-01"], answer["result"])

    def test_artifacts_are_files(self):
        with tempfile.TemporaryDirectory() as root, WorkerProcess(f"{SAMPLES}:drawn") as worker:
            given = os.path.join(root, "given")
            with open(given, "wb") as file:
                file.write(b"before")
            told = {"folder": os.path.join(root, "of", "attempt"), "inputs": {"a" * 64: given}}
            payload = {"picture": {"$artifact": {"name": "p", "media_type": "image/png", "bytes": 6, "sha256": "a" * 64}}}
            inside = worker.run(payload, artifacts=told)["result"]["$artifact"]
            self.assertEqual(("picture", "image/png"), (inside["name"], inside["media_type"]))
            with open(os.path.join(told["folder"], inside["file"]), "rb") as file:
                self.assertEqual(b"before and after", file.read())
            missing = worker.run(payload, artifacts={"folder": root, "inputs": {}})["error"]["data"]
            self.assertEqual(("artifact_not_found", False), (missing["code"], missing["retryable"]))
            none = worker.run({"picture": None})["error"]["data"]
            self.assertEqual("bad_artifact", none["code"])
            nowhere = worker.run({})["error"]["data"]
            self.assertEqual("no_artifacts", nowhere["code"])

    def test_failures_come_with_a_code_and_whether_to_try_again(self):
        expected = {
            "said": ("quota", True, 2.5, "come back later"),
            "value": ("value_error", True, None, "ValueError: a wrong value"),
            "exit": ("system_exit", True, None, "SystemExit: 3"),
            "memory": ("out_of_memory", True, None, "MemoryError: "),
            "unwritable": ("bad_output", False, None, "builtins.object"),
            "nan": ("bad_output", False, None, "NaN"),
            "large": ("output_too_large", False, None, "5,002"),
        }
        with WorkerProcess(SAMPLES, agent="failing", max_output_bytes=5000) as worker:
            for kind, (code, retryable, after, text) in expected.items():
                with self.subTest(kind):
                    error = worker.run({"kind": kind})["error"]
                    self.assertEqual(
                        (code, retryable, after),
                        (error["data"]["code"], error["data"]["retryable"], error["data"].get("retry_after")))
                    self.assertIn(text, error["message"])
            self.assertEqual({"kind": "none"}, worker.run({"kind": "none"})["result"])
            log, _ = worker.end()
            self.assertIn('raise ValueError("a wrong value")', log)

    def test_with_autoretry_for_only_these_are_tried_again_under_the_declared_name(self):
        with WorkerProcess(f"{SAMPLES}:retried") as worker:
            busy = worker.run({"raise": "busy"})["error"]["data"]
            other = worker.run({"raise": "other"})["error"]["data"]
            self.assertEqual(("busy", True), (busy["code"], busy["retryable"]))
            self.assertEqual(("value_error", False), (other["code"], other["retryable"]))

    def test_a_function_that_lacks_a_member_of_its_input_says_which(self):
        with WorkerProcess(f"{SAMPLES}:failing") as worker:
            error = worker.run({"other": 1})["error"]
            self.assertIn("failing needs kind, but the input has other", error["message"])
            self.assertEqual(("bad_input", False), (error["data"]["code"], error["data"]["retryable"]))

    def test_a_cancelled_agent_sees_it_and_the_worker_goes_on(self):
        with WorkerProcess(f"{SAMPLES}:cancellable") as worker:
            for _ in range(2):
                request = worker.send("run", {"input": {}})
                self.assertEqual("waiting", worker.read()["params"]["message"])
                worker.send("cancel", {"id": request}, request=False)
                answer = worker.read()
                self.assertEqual((request, "saw it"), (answer["id"], answer["result"]))

    def test_a_cancelled_async_agent_gets_cancelled_error(self):
        with WorkerProcess(f"{SAMPLES}:cancellable_async") as worker:
            request = worker.send("run", {"input": {}})
            self.assertEqual(0.25, worker.read()["params"]["fraction"])
            worker.send("cancel", {"id": request}, request=False)
            answer = worker.read()
            self.assertEqual((request, -32800), (answer["id"], answer["error"]["code"]))

    def test_the_soft_stop_unwinds_an_agent_that_is_deaf_and_keeps_the_process(self):
        with WorkerProcess(f"{SAMPLES}:deaf") as worker:
            request = worker.send("run", {"input": {}})
            worker.read()
            worker.send("cancel", {"id": request}, request=False)
            self.assertEqual({}, worker.call("ping")["result"])
            self.assertEqual(-32800, worker.read_while_terminating()["error"]["code"])
            self.assertIs(True, worker.run({"ask": True})["result"])

    def test_a_cancellation_of_another_request_changes_nothing(self):
        with WorkerProcess(f"{SAMPLES}:Echo") as worker:
            worker.send("cancel", {"id": 4711}, request=False)
            self.assertEqual(1, worker.run(1)["result"])

    def test_terminated_while_it_works_it_ends_when_it_is_done(self):
        with WorkerProcess(f"{SAMPLES}:cancellable") as worker:
            request = worker.send("run", {"input": {}})
            worker.read()
            worker.process.send_signal(signal.SIGTERM)
            # The thread that works hears it, and the ping is answered by another: heard after the cancellation it would be the soft stop.
            time.sleep(1)
            self.assertEqual({}, worker.call("ping")["result"])
            worker.send("cancel", {"id": request}, request=False)
            self.assertEqual("saw it", worker.read()["result"])
            self.assertEqual(0, worker.process.wait(10))

    def test_without_its_server_a_deaf_agent_is_stopped_and_the_worker_ends(self):
        with WorkerProcess(f"{SAMPLES}:deaf") as worker:
            worker.send("run", {"input": {}})
            worker.read()
            started = time.monotonic()
            worker.end()
            self.assertLess(time.monotonic() - started, 5)

    def test_a_module_that_is_not_there_is_said_to_be_missing(self):
        with WorkerProcess("tests.no_such_module") as worker:
            error = worker.greeting["error"]
            self.assertEqual(("agent_not_loaded", False), (error["data"]["code"], error["data"]["retryable"]))
            self.assertIn("ModuleNotFoundError: No module named 'tests.no_such_module'", error["message"])
            self.assertEqual(0, worker.process.wait(10))

    def test_an_agent_that_is_not_registered_is_named_with_those_that_are(self):
        with WorkerProcess(SAMPLES, agent="ecko") as worker:
            self.assertIn("registers no agent 'ecko'; it registers echo, made_in_init", worker.greeting["error"]["message"])

    def test_another_version_of_the_protocol_is_refused(self):
        with WorkerProcess(f"{SAMPLES}:Echo", protocol=2) as worker:
            self.assertIn("version 1", worker.greeting["error"]["message"])

    def test_an_unknown_method_is_refused(self):
        with WorkerProcess(f"{SAMPLES}:Echo") as worker:
            self.assertEqual(-32601, worker.call("dance")["error"]["code"])
