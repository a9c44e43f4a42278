using System.Globalization;
using AgentGrid.Bench.Workflow;
using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Tests.Durations;

/// <summary>Workflows that are drawn at random end earlier by what was learned of them than in any order that learns nothing.</summary>
public sealed class OrderSimulationTests(ITestOutputHelper output)
{
    private const int Workflows = 60;
    private const int Runs = 4;

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void Run_DurationsWereLearned_EndsEarlierThanInOtherOrders(int slots)
    {
        var (learned, firstCome, timeouts, shortest, firstRun) = (0.0, 0.0, 0.0, 0.0, 0.0);
        var far = 0;
        for (var seed = 1; seed <= Workflows; seed++)
        {
            var workflow = RandomWorkflow.Make(seed, 1_000, 10);
            var random = new Random(seed);
            // People think of how long a step may take at most, not of how long it takes.
            var guesses = workflow.Tasks.ToDictionary(t => t.Id, _ => Math.Pow(10, random.Next(4, 7)));
            double Timeout(WorkflowTask task) => Math.Max(guesses[task.Id], task.Ms * 3);
            double Over(double ms) => ms / ListSchedule.Best(workflow, slots) - 1;
            double Other(Func<WorkflowTask, double>? rank) => Over(new SimulatedWorkflow(workflow, slots, Timeout).Run(null, rank, static t => t.Ms));

            var simulated = new SimulatedWorkflow(workflow, slots, Timeout);
            var durations = new LearnedDurations();
            var times = Enumerable.Range(0, Runs).Select(_ => simulated.Run(durations, null, t => t.Ms * (0.98 + (0.04 * random.NextDouble())))).ToArray();
            // What counts is how the workflow itself ends, with what was learned of runs that are only like it.
            var over = Over(simulated.Run(durations, null, static t => t.Ms));
            learned += over;
            far += over > 0.05 ? 1 : 0;
            firstRun += Over(times[0]);
            firstCome += Other(static _ => 0);
            timeouts += Other(null);
            shortest += Other(static t => -t.Ms);
        }
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Workflows} workflows on {slots} slots, over the best of three lists on average: learned {learned / Workflows:P2} ({far} of them more than 5%), " +
            $"first run {firstRun / Workflows:P2}, first come {firstCome / Workflows:P2}, longest timeouts {timeouts / Workflows:P2}, " +
            $"shortest job {shortest / Workflows:P2}");
        output.WriteLine(text);

        Assert.True(learned < firstCome && learned < timeouts && learned < shortest, text);
        // List schedules have anomalies: there can be one in which durations that are a little off make a difference.
        Assert.True(learned / Workflows < 0.005 && far <= 1, text);
        // The others are worse by far more than that.
        Assert.True(Math.Min(firstCome, Math.Min(timeouts, shortest)) / Workflows > 0.02, text);
    }
}
