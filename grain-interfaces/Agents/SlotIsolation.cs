using AgentGrid.Core.Runs;

namespace AgentGrid.GrainInterfaces.Agents;

/// <summary>How an attempt is kept apart, because nodes have died while it ran: <see cref="Isolation"/>.</summary>
/// <param name="Company">How many that are kept apart may run on its node at once, itself included.</param>
/// <param name="Time">For how long after its start.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.SlotIsolation")]
public sealed record SlotIsolation([property: Id(0)] int Company, [property: Id(1)] TimeSpan Time)
{
    /// <summary>Of an attempt; null when it is not kept apart.</summary>
    public static SlotIsolation? Of(AttemptState attempt) =>
        Isolation.Of(attempt) is { } apart ? new SlotIsolation(apart.Company, apart.Time) : null;

    /// <summary>The same as the engine knows it.</summary>
    public Isolation ToIsolation() => new(Company, Time);
}
