using AgentGrid.Core.Runs;

namespace AgentGrid.Embedded;

/// <summary>Settings of the embedded engine. Bound from the configuration section <c>AgentGrid</c>.</summary>
public sealed class EmbeddedOptions
{
    /// <summary>The folder of the journal, <c>agentgrid.db</c>; made when missing. Default <c>./data</c>.</summary>
    public string Data { get; set; } = "data";

    /// <summary>
    /// The folder of <c>agents.yaml</c> and <c>plans/</c>. Default: <c>./config</c> where there is one, else the one
    /// that was shipped beside the program.
    /// </summary>
    public string? Config { get; set; }

    /// <summary>
    /// Default <see cref="JournalSync.Full"/>: an accepted run survives a power failure. <see cref="JournalSync.Normal"/>
    /// only survives the death of the process.
    /// </summary>
    public JournalSync Synchronous { get; set; } = JournalSync.Full;

    /// <summary>
    /// Check the whole journal before the start, and if anything in it is damaged, keep the sound part in a fresh
    /// file, set the damaged one aside, and say what was dropped. Default false: a damaged journal is refused.
    /// </summary>
    public bool Recover { get; set; }

    /// <summary>How long ended runs and their keys are kept. Default 24 h.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How many runs are driven at once; others wait in the queue. Default 1,000.</summary>
    public int MaxActiveRuns { get; set; } = 1_000;

    /// <summary>How many accepted runs may wait to be driven; past that, posts are refused. Default 10,000.</summary>
    public int MaxQueuedRuns { get; set; } = 10_000;

    /// <summary>How long a graceful shutdown waits for running attempts. Default 30 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long an invocation that was cancelled or timed out keeps its slot while it has not returned. Default 10 s.
    /// </summary>
    public TimeSpan CancelGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many recent events are kept in memory for feeds; older ones are read from the file. Up to 16 times as many while
    /// readers need it. Default 4,096.
    /// </summary>
    public int FeedBuffer { get; set; } = 4_096;

    /// <summary>The largest output of one attempt, in bytes; a larger one fails the attempt. Default 16 MiB.</summary>
    public int MaxOutputBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// How many times in a row this process may die while an attempt runs; after that it has failed as <c>lost</c>.
    /// Before that, attempts are kept apart, so that those that only ran beside the cause survive. At least 3, default 6.
    /// </summary>
    public int MaxLosses { get; set; } = RunLimits.Default.MaxLosses;

    /// <summary>How many items a step of mode <c>each</c> may have; with more it fails. Default 10,000.</summary>
    public int MaxItems { get; set; } = RunLimits.Default.MaxItems;

    /// <summary>
    /// How many bytes the outputs of a step of mode <c>all</c> or <c>each</c> may have together; with more it fails. Default
    /// 64 MiB.
    /// </summary>
    public int MaxStepOutputBytes { get; set; } = RunLimits.Default.MaxStepOutputBytes;

    /// <summary>The same limits, for the run machine.</summary>
    internal RunLimits Limits => new()
    {
        MaxLosses = MaxLosses,
        MaxItems = MaxItems,
        MaxStepOutputBytes = MaxStepOutputBytes,
    };

    /// <summary>The name of this node, as attempts record it. Default <c>local</c>.</summary>
    public string Node { get; set; } = "local";
}

/// <summary>What a commit waits for.</summary>
public enum JournalSync
{
    Full,
    Normal,
}
