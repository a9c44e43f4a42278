using System.Text;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>One run on a virtual clock: Given a plan and agents, When inputs, Then stages.</summary>
internal sealed class RunScenario
{
    private readonly List<RunEvent> _events = [];

    public RunScenario(string planJson, FakeRouting routing, string input = """{"match_id":"m","round":"1"}""",
        TimeSpan? startsIn = null)
    {
        var result = PlanReader.ReadJson("test", Json.Parse(planJson));
        Assert.True(result.Plan is not null, string.Join("; ", result.Problems));
        Routing = routing;
        State = new RunState(result.Plan);
        var accepted = new RunEvent.RunAccepted(
            RunId.From(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)), "m", "1", result.Plan.Name, result.Plan.Version,
            Json.Parse(input), Seed: 42)
        {
            Time = Now,
            StartsAt = Now + startsIn,
        };
        RunMachine.Evolve(State, accepted);
        _events.Add(accepted);
    }

    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public RunLimits Limits { get; init; } = RunLimits.Default;
    public DateTimeOffset Now { get; private set; } = Start;
    public RunState State { get; }
    public FakeRouting Routing { get; }
    public IReadOnlyList<RunEvent> Events => _events;

    /// <summary>The stages of the last input's events.</summary>
    public List<string> Last { get; private set; } = [];
    public string? Ignored { get; private set; }

    public RunScenario When(RunInput input)
    {
        var decision = RunMachine.Decide(State, input, Now, Routing, Limits);
        _events.AddRange(decision.Events);
        Last = [.. decision.Events.Select(Stages.Of)];
        Ignored = decision.Ignored;
        return this;
    }

    public RunScenario Started() => When(RunInput.StartRun.Instance);

    public RunScenario Succeeds(string step, int attempt = 1, string output = "{}") =>
        When(new RunInput.CompleteAttempt(step, attempt, Json.Parse(output)));

    public RunScenario Fails(
        string step, int attempt = 1, string code = "error", bool retryable = true, TimeSpan? retryAfter = null) =>
        When(new RunInput.FailAttempt(
            step, attempt, new RunError(ErrorKind.Error, code, "it broke", retryable) { RetryAfter = retryAfter }));

    public RunScenario After(TimeSpan time) => Sleep(time).When(RunInput.FireTimers.Instance);

    /// <summary>Time passes, and the run is not told.</summary>
    public RunScenario Sleep(TimeSpan time)
    {
        Now += time;
        return this;
    }

    public RunScenario Then(params string[] stages)
    {
        Assert.True(stages.SequenceEqual(Last),
            $"expected: {string.Join(", ", stages)}\nactual:   {string.Join(", ", Last)}\n{Dump()}");
        return this;
    }

    /// <summary>The state as users see it, as text, for comparing and for failures.</summary>
    public string Dump() => Dump(State);

    public static string Dump(RunState state) =>
        Encoding.UTF8.GetString(Json.From(RunDetailsBuilder.Build(state)).Utf8.Span);
}
