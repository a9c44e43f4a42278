using AgentGrid.Conformance;
using AgentGrid.Conformance.Cast;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Store;
using AgentGrid.Engine.Store;
using AgentGrid.StoreContract;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Embedded.Tests.Store;

/// <summary>The embedded engine and a store go on with the file of each other.</summary>
public sealed class SharedFileTests : IDisposable
{
    private readonly Scratch _folder = new();
    private readonly Script _script = new();

    public void Dispose()
    {
        _script.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task File_OfEither_IsGoneOnWithByTheOther()
    {
        var (running, ended) = await DriveAsync();

        var left = Run("left");
        using (var store = SqliteRunStore.Open(Options(), TimeProvider.System, NullLogger<SqliteRunStore>.Instance))
        {
            var found = Assert.Single(await store.ActiveAsync());
            var state = (await store.ReplayAsync(running.RunId))!;
            Assert.Equal((running.RunId, RunStatus.Running, state.Version), (found.Id, found.Summary.Status, found.Version!.Value));
            Assert.Equal(RunStatus.Completed, (await store.FindAsync(ended.RunId))!.Summary.Status);
            Assert.Equal(
                new AcceptOutcome.KeyTaken(ended.RunId),
                await Run(ended.MatchId, ended.Round).AcceptAsync(store));

            await new LoggedRun(state, DateTimeOffset.UtcNow).TurnAsync(store, new RunInput.CancelRun("enough"));
            Assert.IsType<AcceptOutcome.Kept>(await left.AcceptAsync(store));
        }

        await using var grid = await StartAsync();
        Assert.Equal(RunStatus.Cancelled, (await grid.Value.GetRunAsync(running.RunId))!.Summary.Status);
        Assert.Equal(RunStatus.Completed, (await grid.Value.GetRunAsync(ended.RunId))!.Summary.Status);
        Assert.Equal(
            RunStatus.Completed, (await grid.Value.WaitForEndAsync(left.Id, Limits.Patience))!.Summary.Status);
        Assert.Equal(3, (await grid.Value.ListRunsAsync(new RunQuery())).Runs.Length);
    }

    // The engine is killed with a run that has not ended, and one that has.
    private async Task<(RunSummary Running, RunSummary Ended)> DriveAsync()
    {
        _script.On("alpha", static call => call.HangAsync());
        await using var grid = await StartAsync();
        var running = await AcceptAsync(grid.Value, "running", "alpha");
        var ended = await AcceptAsync(grid.Value, "ended", "bravo");
        await _script.StartedAsync("alpha");
        await grid.Value.WaitForEndAsync(ended.RunId, Limits.Patience);
        return (running, ended);
    }

    private async Task<RunSummary> AcceptAsync(EmbeddedGrid grid, string round, string agent)
    {
        var submit = new SubmitRun(
            new RunKey(_script.NewMatch(), round), Json.EmptyObject, InlinePlan: Json.Parse(Plan(agent)));
        return Assert.IsType<SubmitResult.Accepted>(await grid.SubmitAsync(submit)).Run;
    }

    private async Task<Crashing> StartAsync()
    {
        _folder.Write(Path.Combine("config", Actors.Config.Name), Actors.Config.Text);
        var options = new EmbeddedOptions { Data = Options().Data, Config = Path.Combine(_folder.Folder, "config") };
        var grid = new EmbeddedGrid(
            Microsoft.Extensions.Options.Options.Create(options), AgentCatalog.Of(Actors.All),
            agent => (IAgent)Activator.CreateInstance(agent.Type, nonPublic: true)!,
            TimeProvider.System, NullLogger<EmbeddedGrid>.Instance);
        await grid.StartAsync(CancellationToken.None);
        return new Crashing(grid);
    }

    private SqliteStoreOptions Options() => new() { Data = Path.Combine(_folder.Folder, "data") };

    private LoggedRun Run(string round) => Run(_script.NewMatch(), round);

    private static LoggedRun Run(string match, string round) =>
        new(LoggedRun.PlanOf("inline", Plan("charlie")), match, round, DateTimeOffset.UtcNow);

    private static string Plan(string agent) => $$"""{"steps": {"a": {"agent": "{{agent}}"} } }""";

    private sealed record Crashing(EmbeddedGrid Value) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            Value.Crash();
            return ValueTask.CompletedTask;
        }
    }
}
