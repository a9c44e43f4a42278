"""Agents in Python for Agent Grid, and a client for its API. Needs only the standard library."""

from agentgrid import artifacts
from agentgrid.agents import AgentBase, register_agent
from agentgrid.bus import MessageBus
from agentgrid.client import Client, RunHandle
from agentgrid.errors import AgentError, Cancelled
from agentgrid.attempt import Invocation, invocation, is_cancelled, progress, report_usage
from agentgrid.orchestration import run_orchestration
from agentgrid.problems import Conflict, GridError, RunCancelled, RunFailed

__version__ = "0.1.0"

__all__ = [
    "AgentBase", "AgentError", "Cancelled", "Client", "Conflict", "GridError", "Invocation", "MessageBus", "RunCancelled",
    "RunFailed", "RunHandle", "artifacts", "invocation", "is_cancelled", "progress", "register_agent",
    "report_usage", "run_orchestration",
]
