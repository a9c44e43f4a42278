using AgentGrid.Core;
using AgentGrid.Core.Grid;

namespace AgentGrid.RunLog;

/// <summary>What Redis has kept of a run is damaged; the message says which record, why, and the remedy.</summary>
/// <param name="run">The run's id, or what stands in its place.</param>
public sealed class RunLogException(string run, string message, Exception? inner = null)
    : KeptDataException(message, inner)
{
    private const string Remedy =
        "Restore Redis from a backup or a replica, or drop the run with AgentGrid.Silo --recover; until then this run " +
        "cannot be read, and the others can.";

    /// <summary>The id of the run that is damaged, or what stands in its place.</summary>
    public string Run { get; } = run;

    /// <summary>Which record, and what is wrong with it, without the remedy.</summary>
    internal string What { get; private init; } = message;

    /// <param name="what">Which record, and what is wrong with it; without a full stop.</param>
    internal static RunLogException Damaged(RunId run, string what, Exception? inner = null) =>
        Damaged(run.Value, what, inner);

    internal static RunLogException Damaged(string run, string what, Exception? inner = null) =>
        new(run, $"The run log is damaged: run {run} {what}. {Remedy}", inner) { What = $"run {run} {what}" };
}
