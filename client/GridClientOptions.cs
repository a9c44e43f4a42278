namespace AgentGrid.Client;

/// <summary>Options of a <see cref="GridClient"/>.</summary>
public sealed record GridClientOptions
{
    /// <summary>The API key; null for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>
    /// How long a request is retried while the server is away or has no room, and an interrupted stream is resumed.
    /// Default 60 s.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long an answer may take before the connection counts as lost. Default 30 s. An event stream, in which the server gives a sign of life
    /// every 15 s, may be silent for 45 s, or for this long if that is more.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock for pauses and timeouts. Default: the system clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
