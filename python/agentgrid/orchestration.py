"""Starts runs the way a Celery task is called: run_orchestration.delay(payload)."""

from agentgrid.client import Client


class Orchestration:
    """The task that starts a run. The server is AGENTGRID_URL, or http://127.0.0.1:8000; the key AGENTGRID_API_KEY."""

    name = "run_orchestration"

    def delay(self, payload, **options):
        """Starts a run, or finds it, and returns its handle."""
        return Client().orchestrate(payload, **options)

    def apply_async(self, args=(), kwargs=None, **_):
        return self.delay(*args, **(kwargs or {}))

    def __call__(self, payload, **options):
        """Starts a run and waits for its result."""
        return self.delay(payload, **options).get()


run_orchestration = Orchestration()
