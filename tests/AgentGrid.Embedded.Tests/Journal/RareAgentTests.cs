using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Tests.Hardships;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Tests.Journal;

/// <summary>A run is sought among so many that one page does not look at all of them.</summary>
public sealed class RareAgentTests : IDisposable
{
    private readonly Scratch _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, 10_500, 2)]
    [InlineData(false, 1_000, 3)]
    public async Task List_RareAgent_LooksAtABoundedNumberOfRunsForEachPage(bool rowsSay, int runs, int pages)
    {
        using (var journal = new OpenJournal(_folder.Folder))
        {
            var now = DateTimeOffset.UtcNow;
            Task last = Task.CompletedTask;
            for (var i = 0; i < runs; i++)
            {
                last = journal.BeginRun(
                    OpenJournal.Run(i + 1, "m", $"{i}", now), rowsSay ? AgentSet.None.With(AgentOf(i)) : null,
                    Queued(AgentOf(i), now), new RunEvent.RunCancelled("enough") { Time = now });
            }
            await last;
        }
        await using var grid = await GatedGrid.StartAsync(_folder.Folder);

        var found = new List<string>();
        var (read, query) = (0, new RunQuery(Agent: "rare"));
        do
        {
            var page = await grid.Grid.ListRunsAsync(query);
            found.AddRange(page.Runs.Select(r => r.Round));
            read++;
            query = query with { Cursor = page.Next };
        }
        while (query.Cursor is not null);

        Assert.Equal(["0"], found);
        Assert.Equal(pages, read);
        Assert.Equal(50, (await grid.Grid.ListRunsAsync(new RunQuery(Agent: "often"))).Runs.Length);
    }

    private static string AgentOf(int run) => run == 0 ? "rare" : "often";

    private static RunEvent Queued(string agent, DateTimeOffset now) => new RunEvent.AttemptQueued(
        "a", 0, 1, agent, new RoutingDecision(agent, "a test", []))
    { Time = now };
}
