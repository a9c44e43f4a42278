namespace AgentGrid.Core.Runs;

/// <summary>What became of an agent that was told to stop, as its node has seen it.</summary>
/// <param name="HasStopped">It has returned. False: it has not within its grace period, and its slot was taken from it.</param>
/// <param name="Acknowledged">It returned because it was told to; false for one that ran to its own end, and while it has not returned.</param>
/// <param name="Seconds">How long it has run by then.</param>
/// <param name="GpuSeconds">How long it has had a GPU; null where it has none.</param>
public sealed record AttemptStop(bool HasStopped, bool Acknowledged, double Seconds, double? GpuSeconds = null);

/// <summary>What a backup has cost that was not needed, or the attempt that it was asked beside.</summary>
/// <param name="AskedAt">When its agent was told to stop.</param>
/// <param name="State">What is known of that.</param>
/// <param name="Acknowledged">It returned because it was told to; null while it has not returned, as far as is known.</param>
/// <param name="StoppedAt">When it was heard that it has returned; null before.</param>
/// <param name="GivenUpAt">When its slot was taken from it, because it had not returned; null when it returned in time.</param>
/// <param name="Seconds">How long it has run, from its start; null while nothing is known.</param>
/// <param name="GpuSeconds">How long it has had a GPU; null where it has none.</param>
public sealed record StopReceipt(
    DateTimeOffset AskedAt, StopState State, bool? Acknowledged = null, DateTimeOffset? StoppedAt = null,
    DateTimeOffset? GivenUpAt = null, double? Seconds = null, double? GpuSeconds = null)
{
    /// <summary>Nothing is to be learned from that any more.</summary>
    public bool Knows(AttemptStop stop) => State == StopState.Stopped || (State == StopState.DidNotStop && !stop.HasStopped);

    internal StopReceipt With(AttemptStop stop, DateTimeOffset at) => this with
    {
        State = stop.HasStopped ? StopState.Stopped : StopState.DidNotStop,
        Acknowledged = stop.HasStopped ? stop.Acknowledged : null,
        StoppedAt = stop.HasStopped ? at : null,
        GivenUpAt = stop.HasStopped ? GivenUpAt : at,
        Seconds = stop.Seconds,
        GpuSeconds = stop.GpuSeconds,
    };
}

public enum StopState
{
    /// <summary>Its agent was told to stop, and nothing was heard since: it is about to, or its process has ended.</summary>
    Asked,

    /// <summary>Its agent has returned.</summary>
    Stopped,

    /// <summary>Its agent has not returned within its grace period, and may still run.</summary>
    DidNotStop,
}
