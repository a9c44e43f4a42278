import os
import subprocess
import sys
import unittest

from tests.worker_process import ROOT

_CELERY = '''
from agentgrid.celery import Celery, SoftTimeLimitExceeded
app = Celery("tasks", broker="redis://", backend="redis://")

class ModelBusy(Exception):
    pass

@app.task(bind=True, autoretry_for=(ModelBusy,), retry_kwargs={"max_retries": 4}, retry_backoff=0.5, soft_time_limit=1.5,
          time_limit=20, acks_late=True)
def motion(self, prompt):
    self.update_state(state="PROGRESS", meta={"current": 1, "total": 2})

@app.task(queue="gpu", priority=4, capabilities="scoring", rate_limit="10/m")
def score(motion):
    return 1
'''


def listed(*arguments, cwd=ROOT, **environment):
    return subprocess.run(
        [sys.executable, "-m", "agentgrid.list", *arguments], cwd=cwd, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=30)


class ListTests(unittest.TestCase):
    def test_rates_are_read_as_celery_writes_them(self):
        from agentgrid.list import _rate

        self.assertEqual(["10/m", "100/h", "5/s", "2/s"], [_rate(r) for r in ("10/m", "100/h", 5, "2/s")])
        self.assertEqual({"requests": 1, "per": "2s"}, _rate(0.5))
        self.assertEqual({"requests": 1, "per": "120s"}, _rate("0.5/m"))

    def test_what_a_class_says_of_itself_is_written_as_yaml(self):
        result = listed("tests.sample_agents", "--python", "python3", "--working-directory", str(ROOT), PYTHONPATH="")
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertTrue(result.stdout.startswith(
            "agents:\n"
            "  echo:\n"
            "    kind: process\n"
            "    command: [python3, -m, agentgrid.worker, \"tests.sample_agents:echo\"]\n"
            f"    working_directory: {ROOT}\n"
            "    capabilities: [echo]\n"
            "    priority: 10\n"
            "  made_in_init:\n"), result.stdout)
        self.assertIn(
            "    timeout: 20s\n    retry: { max_attempts: 3, backoff: 1s, max_backoff: 600s, on: [busy] }\n", result.stdout)

    def test_what_celery_knows_of_a_task_is_written_too(self):
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "tasks.py"), "w", encoding="utf-8") as file:
                file.write(_CELERY)
            result = listed("tasks", "--python", "python3", "--processes", "2", cwd=folder, PYTHONPATH=str(ROOT))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn(f"    env: {{ PYTHONPATH: {ROOT} }}\n    processes: 2\n    timeout: 1500ms\n"
                      "    retry: { max_attempts: 5, backoff: 500ms, max_backoff: 600s, on: [model_busy, retry] }\n",
                      result.stdout)
        self.assertIn("    capabilities: [scoring]\n    priority: 4\n    queue: gpu\n    rate_limit: 10/m\n", result.stdout)

    def test_a_module_without_agents_says_what_to_call(self):
        result = listed("json")
        self.assertEqual((1, ""), (result.returncode, result.stdout))
        self.assertIn("call register_agent", result.stderr)
