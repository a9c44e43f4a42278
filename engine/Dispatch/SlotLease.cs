using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Dispatch;

/// <summary>One slot that is held.</summary>
/// <typeparam name="TDriver">By which whoever drives a run is told from others.</typeparam>
/// <param name="Key">The run, step, attempt and delivery that it is for.</param>
/// <param name="Gpu">Where its node says that it runs, or else where it was granted; null for no GPU.</param>
/// <param name="GrantedAt">By the clock of the leases.</param>
/// <param name="IsFound">It was not granted here: a node has reported it.</param>
public sealed record SlotLease<TDriver>(string Key, TakenSlot Slot, int? Gpu, long GrantedAt, bool IsFound)
    where TDriver : class
{
    /// <summary>Who has asked for it last; null when that is not known.</summary>
    public TDriver? Driver { get; set; }

    /// <summary>Its node has reported it.</summary>
    public bool IsConfirmed { get; set; }

    // The last report of its node that it was in.
    internal long SeenIn { get; set; }
}

/// <summary>A slot that a node reports to be in use there.</summary>
/// <param name="Key">Under which it was granted.</param>
/// <param name="Gpu">The index of the GPU whose memory it occupies; null for none.</param>
/// <param name="Isolation">How it is kept apart from others; null when it is not.</param>
public readonly record struct ReportedSlot(string Key, string Agent, int? Gpu, Core.Runs.Isolation? Isolation = null);
