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
