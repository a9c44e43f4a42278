using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

public sealed class AttemptLifeTests
{
    [Fact]
    public void Next_EveryStatusAndMove_IsAsTheTableSays() => Assert.Equal(
        """
        Queued: Queue Queued, Start Running, Succeed Succeeded, Fail Failed, Cancel Cancelled
        Running: Progress Running, Lose Queued, Succeed Succeeded, Fail Failed, TimeOut TimedOut, Cancel Cancelled
        Succeeded:
        Failed:
        TimedOut:
        Cancelled:
        """,
        string.Join('\n', Enum.GetValues<AttemptStatus>().Select(from => $"{from}: " + string.Join(
            ", ", Enum.GetValues<AttemptMove>().Where(m => AttemptLife.Next(from, m) is not null)
                .Select(m => $"{m} {AttemptLife.Next(from, m)}"))).Select(static line => line.TrimEnd())));

    [Fact]
    public void Evolve_AnAttemptSucceedsTwice_SaysThatTheJournalDoesNotHoldTogether()
    {
        var run = new RunScenario("""{"steps":{"a":{"agent":"x"},"b":{"agent":"x"}}}""", new FakeRouting().With("x", "work"))
            .Started().Succeeds("a");

        var error = Assert.Throws<InvalidOperationException>(() => RunMachine.Evolve(
            run.State, new RunEvent.AttemptSucceeded("a", 1, "x", Json.EmptyObject) { Time = run.Now }));

        Assert.Equal("Attempt 1 of step 'a' is Succeeded, and its journal goes on with 'Succeed'.", error.Message);
    }
}
