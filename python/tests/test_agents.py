import dataclasses
import datetime
import enum
import json
import pathlib
import tempfile
import unittest
import zipfile

import build_backend
from agentgrid import AgentBase, agents, register_agent
from agentgrid.celery import Celery
from agentgrid.encoding import Unwritable, encode
from agentgrid.errors import code_of


class RegistryTests(unittest.TestCase):
    def setUp(self):
        self._kept = dict(agents._registry)
        agents._registry.clear()

    def tearDown(self):
        agents._registry.clear()
        agents._registry.update(self._kept)

    def test_a_class_is_registered_under_its_name_or_that_of_the_class(self):
        @register_agent
        class TextWriter(AgentBase):
            pass

        @register_agent()
        class Other(AgentBase):
            name = "named"

        @register_agent("by_text", priority=7)
        class Third(AgentBase):
            pass

        self.assertEqual(["text_writer", "named", "by_text"], list(agents.registered()))
        self.assertEqual(7, Third.priority)

    def test_two_agents_of_one_name_are_refused(self):
        register_agent(name="one")(type("First", (AgentBase,), {}))
        with self.assertRaisesRegex(ValueError, "two agents have the name 'one'"):
            register_agent(name="one")(type("Second", (AgentBase,), {}))

    def test_an_option_that_is_not_known_is_refused(self):
        with self.assertRaisesRegex(TypeError, "does not know prio; it knows name, capabilities"):
            register_agent(prio=3)

    def test_a_function_gets_the_members_that_its_parameters_name(self):
        def step(prompt, *, seed=1, payload=None):
            return prompt, seed, payload

        agent = agents.FunctionAgent(step)
        self.assertEqual(("p", 1, {"prompt": "p", "rest": 2}), agent.run({"prompt": "p", "rest": 2}))
        self.assertEqual({"a": 1}, agents.FunctionAgent(lambda **rest: rest).run({"a": 1}))

    def test_a_task_can_be_called_as_the_function_that_it_is(self):
        app = Celery("x")

        @app.task(bind=True)
        def add(self, a, b):
            return self.request.retries + a + b

        self.assertEqual(3, add(1, 2))
        self.assertEqual(3, add.run({"a": 1, "b": 2}))

    def test_an_option_of_a_task_that_has_no_meaning_here_is_refused(self):
        with self.assertRaisesRegex(TypeError, "does not take expires"):
            Celery("x").task(expires=60)(lambda: 1)

    def test_codes_of_exceptions_are_their_names_in_snake_case(self):
        names = {"ModelBusy": "model_busy", "HTTPError": "http_error", "OutOfMemoryError": "out_of_memory", "Ab2Cd": "ab2_cd"}
        for name, code in names.items():
            self.assertEqual(code, code_of(type(name, (Exception,), {})))


class EncodingTests(unittest.TestCase):
    def test_values_that_pipelines_return_are_written(self):
        @dataclasses.dataclass
        class Point:
            x: int

        class Array:
            def tolist(self):
                return [1.5, 2.5]

        class Colour(enum.Enum):
            RED = "red"

        value = [Point(1), Array(), Colour.RED, {3}, datetime.date(2026, 1, 2), pathlib.PurePosixPath("a/b"), (1, None)]
        self.assertEqual(
            [{"x": 1}, [1.5, 2.5], "red", [3], "2026-01-02", "a/b", [1, None]], json.loads(encode(value)))

    def test_line_breaks_are_never_bare(self):
        self.assertNotIn(b"\n", encode({"a\nb": "c\r\nd"}))

    def test_what_json_cannot_hold_is_refused_with_the_reason(self):
        ring = []
        ring.append(ring)
        deep = []
        for _ in range(100_000):
            deep = [deep]
        for value, reason in ((ring, "contains itself"), (float("inf"), "infinity"), ({1, object()}, "builtins.object"),
                              ("\ud800", "surrogate"), ({(1, 2): 3}, "keys must be"), (deep, "too deep")):
            with self.assertRaisesRegex(Unwritable, reason):
                encode(value)


class BuildTests(unittest.TestCase):
    def test_the_wheel_has_every_module_and_says_what_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(pathlib.Path(folder, build_backend.build_wheel(folder))) as wheel:
                names = set(wheel.namelist())
                metadata = wheel.read("agentgrid-0.1.0.dist-info/METADATA").decode()
        self.assertLessEqual({"agentgrid/__init__.py", "agentgrid/worker.py", "agentgrid-0.1.0.dist-info/RECORD"}, names)
        self.assertIn("Requires-Python: >=3.9\n", metadata)
