namespace AgentGrid.Engine.Store;

/// <summary>What became of a turn.</summary>
public abstract record AppendOutcome
{
    private AppendOutcome()
    {
    }

    /// <summary>The turn is kept.</summary>
    /// <param name="LastSeq">The number of its last event; the others have those before it.</param>
    public sealed record Kept(long LastSeq) : AppendOutcome;

    /// <summary>It makes an ended run active again, and there is no place for it; nothing was changed.</summary>
    /// <param name="Reason">A sentence.</param>
    /// <param name="RetryAfter">When it makes sense to ask again: 1 to 60 seconds.</param>
    public sealed record Full(string Reason, TimeSpan RetryAfter) : AppendOutcome;

    /// <summary>The run has other events than expected, and nothing was changed: replay it.</summary>
    public sealed record Conflict : AppendOutcome
    {
        public static readonly Conflict Instance = new();
    }

    /// <summary>There is no such run (any more).</summary>
    public sealed record Gone : AppendOutcome
    {
        public static readonly Gone Instance = new();
    }
}
