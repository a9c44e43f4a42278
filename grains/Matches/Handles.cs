using System.Diagnostics;
using AgentGrid.Core.Runs;
using AgentGrid.GrainInterfaces.Agents;

namespace AgentGrid.Grains.Matches;

/// <summary>An attempt that waits for a slot.</summary>
internal sealed class SlotHandle(string slot)
{
    public string Slot { get; } = slot;

    /// <summary>The slot is not wanted any more.</summary>
    public bool IsAbandoned { get; set; }
}

/// <summary>An attempt that has a slot: its agent is asked, or will be when that is durable.</summary>
internal sealed class AgentCallHandle(string slot, StepState step, AttemptState attempt)
{
    public string Slot { get; } = slot;
    public StepState Step { get; } = step;
    public AttemptState Attempt { get; } = attempt;
    public string Node { get; } = attempt.Node!;

    /// <summary>What the agent is asked; null to join what was begun before.</summary>
    public InvocationRequest? Request { get; init; }

    public Activity? Span { get; set; }
    public bool HasBegun { get; set; }
    public bool HasReturned { get; set; }

    /// <summary>Nobody waits for the result any more.</summary>
    public bool IsAbandoned { get; set; }
}
