using AgentGrid.Core;

namespace AgentGrid.Engine.Invocations;

/// <summary>The attempt that an agent is called for, as people find it.</summary>
/// <param name="Number">Of the attempt in its step.</param>
public readonly record struct InvokedAttempt(RunId RunId, string MatchId, string Round, string Step, int Number);
