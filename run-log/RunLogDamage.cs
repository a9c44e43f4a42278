using AgentGrid.Core;
using AgentGrid.Engine.Store;

namespace AgentGrid.RunLog;

/// <summary>How the run log speaks of its damage.</summary>
internal static class RunLogDamage
{
    public static readonly DamageText Text = new(
        "The run log",
        "Restore Redis from a backup or a replica, or drop the run with AgentGrid.Silo --recover; until then this run " +
        "cannot be read, and the others can.");

    /// <param name="what">Which record, and what is wrong with it, as a sentence goes on; without a full stop.</param>
    public static DamageException Of(RunId run, string what, Exception? inner = null) => Of(run.Value, what, inner);

    /// <inheritdoc cref="Of(RunId, string, Exception?)"/>
    /// <param name="run">The run's id, or what stands in its place.</param>
    public static DamageException Of(string run, string what, Exception? inner = null) =>
        Text.OfRun(run, what, inner: inner);
}
