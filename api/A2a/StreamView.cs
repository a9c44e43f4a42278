using AgentGrid.Core;

namespace AgentGrid.Api.A2a;

/// <summary>One answer of a stream, and the one of <c>SendMessage</c>: exactly one of these.</summary>
internal sealed record StreamView(
    TaskView? Task = null, StatusUpdateView? StatusUpdate = null, ArtifactUpdateView? ArtifactUpdate = null);

/// <summary>Something has happened in a task. Metadata: the event as all feeds have it.</summary>
internal sealed record StatusUpdateView(string TaskId, string ContextId, TaskStatusView Status, EventMetadata? Metadata);

/// <summary>The task has brought about something.</summary>
internal sealed record ArtifactUpdateView(string TaskId, string ContextId, ArtifactView Artifact, bool LastChunk);

/// <summary>An event of a run.</summary>
internal sealed record EventMetadata(Json Event);
