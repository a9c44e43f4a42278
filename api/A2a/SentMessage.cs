using AgentGrid.Core;

namespace AgentGrid.Api.A2a;

/// <summary>What a client sends.</summary>
/// <param name="MessageId">By which a repetition is known.</param>
/// <param name="ContextId">What the tasks of one conversation have in common; null when there is none yet.</param>
/// <param name="TaskId">The task that it is for; null for a new one.</param>
/// <param name="Skill">The plan; null for the default one.</param>
/// <param name="Step">The step or the signal that it answers; null for the one that there is.</param>
/// <param name="Content">What its parts come to: any JSON value.</param>
internal sealed record SentMessage(
    string MessageId, string? ContextId, string? TaskId, string? Skill, string? Step, Json Content, int? HistoryLength,
    bool ReturnImmediately);
