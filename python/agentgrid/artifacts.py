"""Bytes that are no JSON, or large: files that travel as references in outputs and inputs.

    from agentgrid import artifacts

    def run(self, payload):
        with artifacts.open(payload["motion"]["frames"]) as file: ...
        return {"video": artifacts.write("video", data, "video/mp4")}
"""

import builtins
import os
import shutil
import uuid

from agentgrid.errors import AgentError

MEMBER = "$artifact"


class Artifacts:
    """Those of one attempt."""

    def __init__(self, params):
        self._folder = (params or {}).get("folder")
        self._inputs = (params or {}).get("inputs") or {}

    def folder(self):
        """Where to write files that are to be kept; it goes with the attempt."""
        if self._folder is None:
            raise AgentError("no_artifacts", "there is no place for artifacts here", retryable=False)
        os.makedirs(self._folder, exist_ok=True)
        return self._folder

    def write(self, name, data, media_type="application/octet-stream"):
        """Keeps bytes, what a file object has, or a file by its path; returns what stands for it in an output.

        A file in folder() is taken as it is, and moved; another one is copied.
        """
        folder = self.folder()
        if isinstance(data, (str, os.PathLike)):
            path = os.path.abspath(os.fspath(data))
            if os.path.dirname(path) == os.path.abspath(folder):
                return _reference(os.path.basename(path), name, media_type)
        file = uuid.uuid4().hex
        with builtins.open(os.path.join(folder, file), "xb") as target:
            if isinstance(data, (str, os.PathLike)):
                with builtins.open(data, "rb") as source:
                    shutil.copyfileobj(source, target, 1 << 20)
            elif hasattr(data, "read"):
                shutil.copyfileobj(data, target, 1 << 20)
            else:
                target.write(data)
        return _reference(file, name, media_type)

    def path(self, reference):
        """A file with what a reference in the input stands for; not to be changed, and there as long as the attempt."""
        inside = reference.get(MEMBER) if isinstance(reference, dict) else None
        if not isinstance(inside, dict) or "sha256" not in inside:
            raise AgentError("bad_artifact", f"that is no reference to an artifact: {reference!r:.200}", retryable=False)
        path = self._inputs.get(inside["sha256"])
        if path is None:
            raise AgentError(
                "artifact_not_found", f"this run has no artifact {inside.get('name')!r} with sha256 {inside['sha256']}", retryable=False)
        return path

    def open(self, reference):
        """What a reference in the input stands for, as a binary file."""
        return builtins.open(self.path(reference), "rb")

    def read(self, reference):
        """What a reference in the input stands for, as bytes."""
        with self.open(reference) as file:
            return file.read()


def folder():
    """Where the attempt that is being worked on may write files that are to be kept."""
    return _of_attempt().folder()


def write(name, data, media_type="application/octet-stream"):
    """Keeps bytes, a file object or the file of a path; returns what stands for it in the output."""
    return _of_attempt().write(name, data, media_type)


def path(reference):
    """A file with what a reference in the input stands for."""
    return _of_attempt().path(reference)


def open(reference):
    """What a reference in the input stands for, as a binary file."""
    return _of_attempt().open(reference)


def read(reference):
    """What a reference in the input stands for, as bytes."""
    return _of_attempt().read(reference)


def _reference(file, name, media_type):
    return {MEMBER: {"file": file, "name": name, "media_type": media_type}}


def _of_attempt():
    from agentgrid import attempt

    invocation = attempt.invocation()
    return Artifacts(None) if invocation is None else invocation.artifacts
