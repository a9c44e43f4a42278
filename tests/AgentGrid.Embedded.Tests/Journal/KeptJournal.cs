using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Tests.Hardships;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Tests.Journal;

/// <summary>
/// Makes the fixture of a version: its journal as a killed process leaves it, with runs in every state. To be run with the
/// program whose journals must still be read, before the next one changes what is written:
/// <c>AGENTGRID_KEPT_JOURNAL=/tmp/version-N.db</c>, <c>-explicit only -class "*.KeptJournal"</c>.
/// </summary>
/// <remarks>
/// Its runs of the match 'kept', in the order of their acceptance: 'long' was cancelled with 300 branches; 1 completed,
/// and was posted again; 2 failed; 3 was cancelled; 4 failed, was retried five hours later, and completed; 5 failed, was
/// retried, and runs; 8 waits to try again; 6 runs its second step; 7 waits for a slot; 9 is queued.
/// </remarks>
public sealed class KeptJournal : IDisposable
{
    public const string Match = "kept";

    /// <summary>The plan of all that are not told of otherwise.</summary>
    internal static readonly Json OneStep = PlanOf("""{"a":{"agent":"gated"}}""");

    private static readonly Json s_twoSteps = PlanOf("""{"a":{"agent":"gated"},"b":{"agent":"gated","needs":["a"]}}""");
    private static readonly Json s_patient =
        PlanOf("""{"a":{"agent":"gated","retry":{"max_attempts":3,"backoff":"1h","max_backoff":"1h","jitter":0}}}""");
    private static readonly Json s_long = PlanOf("""{"a":{"agent":"gated","mode":"each","for_each":"input.items"}}""");

    private readonly Scratch _folder = new();
    private readonly ManualTime _time = new();
    private readonly Queue<Func<CancellationToken, Task>> _work = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Explicit = true)]
    public async Task Make()
    {
        var path = Environment.GetEnvironmentVariable("AGENTGRID_KEPT_JOURNAL");
        Assert.NotNull(path);
        await using (var grid = await GatedGrid.StartAsync(
            _folder.Folder, _time, token => _work.Dequeue()(token), o => o.MaxActiveRuns = 4, slots: 2))
        {
            await EndSomeAsync(grid.Grid);
            await BeginSomeAsync(grid.Grid);
            ((EmbeddedGrid)grid.Grid).Crash();
        }
        File.Copy(JournalFile.PathIn(_folder.Folder), path, overwrite: true);
    }

    private async Task EndSomeAsync(IAgentGrid grid)
    {
        Will(Hold, Hold);
        var manyItems = await SubmitAsync(grid, "long", s_long);
        await UntilAsync(grid, manyItems, r => r.Steps[0].Attempts.Length == 300);
        await grid.CancelAsync(manyItems, "too long");
        Will(Do, Do);
        await EndOfAsync(grid, await SubmitAsync(grid, "1", s_twoSteps));
        Assert.IsType<SubmitResult.Replayed>(await grid.SubmitAsync(Post("1", s_twoSteps)));
        Will(Do, Fail);
        await EndOfAsync(grid, await SubmitAsync(grid, "2", s_twoSteps));
        Will(Hold);
        var cancelled = await SubmitAsync(grid, "3", OneStep);
        await UntilAsync(grid, cancelled, r => Runs(r, "a"));
        await grid.CancelAsync(cancelled, "called off");
    }

    private async Task BeginSomeAsync(IAgentGrid grid)
    {
        Will(Fail);
        var retried = await SubmitAsync(grid, "4", OneStep);
        await EndOfAsync(grid, retried);
        Will(Fail);
        var again = await SubmitAsync(grid, "5", OneStep);
        await EndOfAsync(grid, again);
        _time.Advance(TimeSpan.FromHours(5));
        Will(Do);
        Assert.IsType<CommandResult.Done>(await grid.RetryAsync(retried));
        await EndOfAsync(grid, retried);
        Will(Hold);
        Assert.IsType<CommandResult.Done>(await grid.RetryAsync(again));
        await UntilAsync(grid, again, r => Runs(r, "a"));
        Will(Fail);
        await UntilAsync(grid, await SubmitAsync(grid, "8", s_patient), r => r.Summary.RetryingBranches == 1);
        Will(Do, Hold);
        await UntilAsync(grid, await SubmitAsync(grid, "6", s_twoSteps), r => Runs(r, "b"));
        await UntilAsync(grid, await SubmitAsync(grid, "7", OneStep), r => r.Summary.WaitingAttempts == 1);
        await SubmitAsync(grid, "9", OneStep);
        Assert.Empty(_work);
    }

    private static Json PlanOf(string steps) => Json.Parse($$"""{"name":"kept","timeout":"72h","steps":{{steps}}}""");

    internal static SubmitRun Post(string round, Json plan) => new(
        new RunKey(Match, round), Json.From(new { items = Enumerable.Range(0, round == "long" ? 300 : 1) }), InlinePlan: plan);

    private static async Task<RunId> SubmitAsync(IAgentGrid grid, string round, Json plan) =>
        Assert.IsType<SubmitResult.Accepted>(await grid.SubmitAsync(Post(round, plan))).Run.RunId;

    private static async Task EndOfAsync(IAgentGrid grid, RunId run) =>
        Assert.True((await grid.WaitForEndAsync(run, TimeSpan.FromDays(1)))!.Summary.Status.IsEnded());

    private static async Task UntilAsync(IAgentGrid grid, RunId run, Func<RunDetails, bool> isSo)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!isSo((await grid.GetRunAsync(run))!))
        {
            await Task.Delay(10, enough.Token);
        }
    }

    private static bool Runs(RunDetails run, string step) =>
        run.Steps.Single(s => s.Id == step).Attempts.Any(a => a.Status == AttemptStatus.Running);

    private void Will(params Func<CancellationToken, Task>[] work) => Array.ForEach(work, _work.Enqueue);

    private static Task Do(CancellationToken token) => Task.CompletedTask;

    private static Task Fail(CancellationToken token) => throw new InvalidOperationException("no luck");

    private static Task Hold(CancellationToken token) => Task.Delay(Timeout.Infinite, token);
}
