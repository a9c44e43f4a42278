using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.RunLog;

/// <summary>What Redis has kept of a run is damaged; the message says which record, why, and the remedy.</summary>
public sealed class RunLogException(string message, Exception? inner = null) : KeptDataException(message, inner)
{
    private const string Remedy =
        "Restore Redis from a backup or a replica; until then this run cannot be read, and the others can.";

    /// <param name="what">Which record, and what is wrong with it; without a full stop.</param>
    internal static RunLogException Damaged(RunId run, string what, Exception? inner = null) =>
        new($"The run log is damaged: run {run} {what}. {Remedy}", inner);
}
