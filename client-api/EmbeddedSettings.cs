using AgentGrid.Api.Settings;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded;

namespace AgentGrid.ClientApi;

/// <summary>Reads <see cref="EmbeddedOptions"/>.</summary>
internal static class EmbeddedSettings
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    public static void Read(SectionReader reader, EmbeddedOptions options)
    {
        options.Data = reader.Text(nameof(options.Data), options.Data);
        options.Config = reader.Text(nameof(options.Config), options.Config);
        options.Node = reader.Text(nameof(options.Node), options.Node);
        options.Synchronous = reader.Word(nameof(options.Synchronous), options.Synchronous);
        options.Recover = reader.Flag(nameof(options.Recover), options.Recover);
        options.Retention = reader.Duration(nameof(options.Retention), options.Retention, s_shortest, DurationText.Max);
        options.MaxActiveRuns = reader.Integer(nameof(options.MaxActiveRuns), options.MaxActiveRuns, 1);
        options.MaxQueuedRuns = reader.Integer(nameof(options.MaxQueuedRuns), options.MaxQueuedRuns, 0);
        options.DrainTimeout = reader.Duration(
            nameof(options.DrainTimeout), options.DrainTimeout, TimeSpan.Zero, TimeSpan.FromDays(1));
        options.CancelGrace = reader.Duration(
            nameof(options.CancelGrace), options.CancelGrace, TimeSpan.Zero, TimeSpan.FromDays(1));
        options.FeedBuffer = reader.Integer(nameof(options.FeedBuffer), options.FeedBuffer, 1);
        options.MaxOutputBytes = reader.Integer(nameof(options.MaxOutputBytes), options.MaxOutputBytes, 1);
        options.MaxItems = reader.Integer(nameof(options.MaxItems), options.MaxItems, 1);
        options.MaxStepOutputBytes = reader.Integer(nameof(options.MaxStepOutputBytes), options.MaxStepOutputBytes, 1);
        options.MaxLosses = reader.Integer(nameof(options.MaxLosses), options.MaxLosses, Isolation.MostInCompany);
    }
}
