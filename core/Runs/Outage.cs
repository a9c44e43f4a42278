namespace AgentGrid.Core.Runs;

/// <summary>A time in which no process was there to drive runs.</summary>
/// <param name="Since">When the last one was last known to live.</param>
/// <param name="Until">When the first one came.</param>
public readonly record struct Outage(DateTimeOffset Since, DateTimeOffset Until);
