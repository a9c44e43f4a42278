using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Tests.Durations;

/// <summary>A run on a virtual clock, from whose events durations are learned.</summary>
internal sealed class ObservedRun
{
    private readonly PlanDurations? _durations;

    /// <param name="learned">Who learns from it; null for nobody.</param>
    /// <param name="at">When it is accepted.</param>
    public ObservedRun(
        LearnedDurations? learned, string plan, FakeRouting routing, DateTimeOffset at, string name = "plan", bool isInline = false,
        string input = "{}")
    {
        var read = PlanReader.ReadJson(name, Json.Parse(plan));
        Assert.True(read.Plan is not null, string.Join("; ", read.Problems));
        (State, Routing, Now) = (new RunState(read.Plan), routing, at);
        RunMachine.Evolve(State, new RunEvent.RunAccepted(
            RunId.From(Guid.CreateVersion7(at)), "m", "1", name, read.Plan.Version, Json.Parse(input), Seed: 1)
        { Time = at, Inline = isInline });
        _durations = learned?.Of(State);
        When(RunInput.StartRun.Instance);
    }

    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public RunState State { get; }
    public FakeRouting Routing { get; }
    public DateTimeOffset Now { get; private set; }

    public ObservedRun After(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        return When(RunInput.FireTimers.Instance);
    }

    public ObservedRun Succeeds(string step, int attempt = 1) => When(new RunInput.CompleteAttempt(step, attempt, Json.EmptyObject));

    public ObservedRun When(RunInput input)
    {
        foreach (var e in RunMachine.Decide(State, input, Now, Routing, RunLimits.Default).Events)
        {
            _durations?.Record(State, e);
        }
        return this;
    }
}
