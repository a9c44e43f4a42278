using System.Diagnostics;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Tests.Journal;

namespace AgentGrid.Embedded.Tests.Hardships;

/// <summary>Thirty thousand ended runs in the file.</summary>
public sealed class ManyEndedRunsTests : IDisposable
{
    private const int Runs = 30_000;

    private readonly Scratch _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task StartingListingAndAccepting_CostAboutWhatTheyCostWithoutThem()
    {
        var full = Path.Combine(_folder.Folder, "full");
        using (var journal = new OpenJournal(full))
        {
            var now = DateTimeOffset.UtcNow;
            Task last = Task.CompletedTask;
            for (var i = 0; i < Runs; i++)
            {
                var accepted = OpenJournal.Run(i + 1, $"match {i % 1_000}", $"round {i}", now);
                last = journal.BeginRun(accepted, new RunEvent.RunCancelled("enough") { Time = now });
            }
            await last;
        }

        var starting = Stopwatch.StartNew();
        await using var many = await GatedGrid.StartAsync(full, configure: Fast);
        Assert.True(starting.Elapsed < TimeSpan.FromMinutes(1), $"starting took {starting.Elapsed}");
        await using var none = await GatedGrid.StartAsync(Path.Combine(_folder.Folder, "empty"), configure: Fast);

        var listing = Stopwatch.StartNew();
        var page = await many.Grid.ListRunsAsync(new RunQuery(Limit: 1_000));
        Assert.Equal(1_000, page.Runs.Length);
        page = await many.Grid.ListRunsAsync(new RunQuery(Status: RunStatus.Cancelled, Cursor: page.Next));
        Assert.Equal(50, page.Runs.Length);
        Assert.Equal(Runs / 1_000, (await many.Grid.ListRunsAsync(new RunQuery(MatchId: "match 7", Limit: 500))).Runs.Length);
        Assert.True(listing.Elapsed < TimeSpan.FromSeconds(20), $"listing took {listing.Elapsed}");

        // In turns, and the quick tenth of each: what else the machine does is in the others. A cost that grows with the
        // file is in all of them.
        var (withMany, withNone) = (new List<double>(), new List<double>());
        for (var i = 0; i < 300; i++)
        {
            withMany.Add(await AcceptAsync(many));
            withNone.Add(await AcceptAsync(none));
        }
        var (slow, fast) = (Quick(withMany), Quick(withNone));
        Assert.True(slow < (3 * fast) + 0.5, $"accepting takes {slow:0.000} ms, and {fast:0.000} ms with an empty file");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"start {starting.ElapsedMilliseconds} ms, lists {listing.ElapsedMilliseconds} ms, accept {slow:0.000} and {fast:0.000} ms");
    }

    private static void Fast(EmbeddedOptions options) => options.Synchronous = JournalSync.Normal;

    private static async Task<double> AcceptAsync(GatedGrid grid)
    {
        var clock = Stopwatch.StartNew();
        await grid.AcceptAsync();
        return clock.Elapsed.TotalMilliseconds;
    }

    private static double Quick(List<double> values) => values.Order().ElementAt(values.Count / 10);
}
