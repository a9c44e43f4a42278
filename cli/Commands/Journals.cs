using System.CommandLine;
using System.Runtime.CompilerServices;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded.Journal;
using AgentGrid.Simulation.History;

namespace AgentGrid.Cli.Commands;

/// <summary>Journals that are read, beside the server that has them or without one.</summary>
internal static class Journals
{
    public static Option<string?> Option(string description) => new("--data")
    {
        Description = description,
        HelpName = "path",
    };

    public static JournalHistory Open(string path)
    {
        try
        {
            return JournalHistory.Open(path);
        }
        catch (KeptDataException e)
        {
            throw new CliException(ExitCode.Usage, e.Message, e);
        }
    }

    /// <summary>The runs of a journal in the order in which they were accepted.</summary>
    /// <param name="newest">Only those of so long before the last one; null for all.</param>
    /// <param name="plan">Only those of a plan; null for all.</param>
    public static async IAsyncEnumerable<RecordedRun> ReadAsync(
        JournalHistory journal, TimeSpan? newest, string? plan, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var since = newest is { } time ? journal.LastAccepted() - time : null;
        await foreach (var run in journal.ReadAsync(since, plan, cancellationToken).ConfigureAwait(false))
        {
            yield return RecordedOf(run);
        }
    }

    private static RecordedRun RecordedOf(HistoricalRun run) => RecordedRun.Of(run.Run, run.Children.Select(RecordedOf));
}
