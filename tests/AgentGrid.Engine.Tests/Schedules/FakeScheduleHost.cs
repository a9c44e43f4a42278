using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Schedules;

namespace AgentGrid.Engine.Tests.Schedules;

/// <summary>Keeps runs as an engine does, one for each key; a test ends them.</summary>
internal sealed class FakeScheduleHost : IScheduleHost
{
    private readonly List<RunSummary> _runs = [];

    public GridConfig? Config { get; set; }
    public Outage? Outage { get; set; }
    public SubmitResult? Answer { get; set; }
    public List<SubmitRun> Posted { get; } = [];

    /// <summary>The rounds of the runs, and how those stand that have ended.</summary>
    public IEnumerable<string> Rounds => _runs.Select(static r => r.Status.IsEnded() ? $"{r.Round} {r.Status}" : r.Round);

    public void End(string round)
    {
        var index = _runs.FindIndex(r => r.Round == round);
        _runs[index] = _runs[index] with { Status = RunStatus.Completed };
    }

    public ValueTask<RunPage> ListRunsAsync(RunQuery query) =>
        new(new RunPage([.. _runs.Where(query.Matches).Reverse().Take(query.Limit)], null));

    public ValueTask<SubmitResult> SubmitAsync(SubmitRun submit)
    {
        Posted.Add(submit);
        if (Answer is { } answer)
        {
            return new(answer);
        }
        var run = new RunSummary
        {
            RunId = RunId.From(Guid.NewGuid()),
            MatchId = submit.Key.MatchId,
            Round = submit.Key.Round,
            Plan = submit.Plan!,
            PlanVersion = "1",
            Status = RunStatus.Running,
            AcceptedAt = DateTimeOffset.UnixEpoch,
        };
        if (_runs.Find(r => r.MatchId == run.MatchId && r.Round == run.Round) is { } there)
        {
            return new(new SubmitResult.Replayed(there));
        }
        _runs.Add(run);
        return new(new SubmitResult.Accepted(run));
    }

    public ValueTask<CommandResult> CommandAsync(RunId run, RunCommand command)
    {
        Assert.IsType<RunCommand.Cancel>(command);
        var index = _runs.FindIndex(r => r.RunId == run);
        _runs[index] = _runs[index] with { Status = RunStatus.Cancelled };
        return new(new CommandResult.Done(_runs[index], Changed: true));
    }

    public ValueTask<Outage?> LastOutageAsync() => new(Outage);
}
