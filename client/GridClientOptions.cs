namespace AgentGrid.Client;

/// <summary>How a <see cref="GridClient"/> asks its server.</summary>
public sealed record GridClientOptions
{
    /// <summary>The API key; null for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>
    /// How long a request is tried again while the server is away or has no room, and a stream that is interrupted is resumed.
    /// Default 60 s.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long an answer may take before the connection counts as lost. Default 30 s. An event stream, in which the server shows life
    /// every 15 s, may be silent for 45 s, or for this long if that is more.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock of pauses and timeouts. Default: that of the system.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
