using System.Globalization;
using System.Text.Json;
using AgentGrid.Bench.Load;
using AgentGrid.Core;

namespace AgentGrid.Bench.Workflow;

/// <summary>Runs workflows as inline plans of delays, and compares how long they take with how long they must.</summary>
internal static class WorkflowBench
{
    private const int Enough = 100_000;

    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        if (options.Files.Count == 0)
        {
            Console.Error.WriteLine($"Name at least one workflow.\n{BenchOptions.Usage}");
            return 2;
        }
        Console.WriteLine(Report.DescribeMachine(data));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"agent {options.Agent}, scale {options.Scale}, tasks of {options.Least} ms and more; medians of {options.Repeat}; times in ms\n"));
        Console.WriteLine("| workflow | tasks | slots | critical path | bound | best list | makespan | over | best list, as slept | over |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var slots in options.Slots)
        {
            var folder = Path.Combine(data, $"slots-{slots}");
            await using var server = await ServerUnderTest.StartAsync(
                folder, options.Sync, "--config", WriteConfig(folder, options.Agent, slots));
            using var runs = await OneByOne.OpenAsync(server.Url);
            await runs.RunAsync(WarmUp(options.Agent));
            foreach (var file in options.Files)
            {
                var workflow = WorkflowInstance.Read(file, options.Scale, options.Least);
                var plan = PlanOf(workflow, options.Agent);
                var makespans = new List<Makespan>();
                for (var i = 0; i < options.Repeat; i++)
                {
                    await runs.RunAsync(plan);
                    makespans.Add(Makespan.Of(workflow, await runs.DetailsAsync()));
                }
                Print(workflow, slots, makespans.OrderBy(m => m.Ms).ElementAt(makespans.Count / 2));
            }
        }
        return 0;
    }

    private static void Print(WorkflowInstance workflow, int slots, Makespan measured)
    {
        var k = slots == 0 ? Enough : slots;
        var (list, slept) = (ListSchedule.Best(workflow, k), ListSchedule.Best(measured.AsSlept, k));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {workflow.Name} | {workflow.Tasks.Length} | {(slots == 0 ? "enough" : slots)} | " +
            $"{workflow.CriticalPathMs():N1} | {ListSchedule.LowerBound(workflow, k):N1} | {list:N1} | {measured.Ms:N1} | " +
            $"{measured.Ms / list - 1:P2} | {slept:N1} | {measured.Ms / slept - 1:P2} |"));
    }

    // The timeout says how long a step may take; here, as for careful people, it follows from how long it does take.
    private static string PlanOf(WorkflowInstance workflow, string agent) => Json.From(new
    {
        Steps = workflow.Tasks.ToDictionary(t => t.Id, t => new
        {
            Agent = agent,
            Needs = t.Parents.Select(p => workflow.Tasks[p].Id),
            Input = new { t.Ms },
            Timeout = string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(t.Ms * 100)}ms"),
        }),
    }).ToString();

    private static string WarmUp(string agent) => Json.From(new
    {
        Steps = Enumerable.Range(0, 2_000).ToDictionary(
            i => $"s{i}", i => new { Agent = agent, Input = new { Ms = 1 + i % 20 } }),
    }).ToString();

    private static string WriteConfig(string folder, string agent, int slots)
    {
        var config = Path.Combine(folder, "config");
        Directory.CreateDirectory(config);
        File.WriteAllText(
            Path.Combine(config, "agents.yaml"),
            $"agents:\n  {agent}: {{ max_concurrency: {(slots == 0 ? Enough : slots)} }}\n");
        return config;
    }

    /// <param name="Ms">From the run's start to its end, by the engine's clock.</param>
    /// <param name="AsSlept">The tasks with the times that their delays really took.</param>
    private sealed record Makespan(double Ms, WorkflowInstance AsSlept)
    {
        public static Makespan Of(WorkflowInstance workflow, JsonElement run) => new(
            (run.GetProperty("ended_at").GetDateTimeOffset() - run.GetProperty("started_at").GetDateTimeOffset())
                .TotalMilliseconds,
            workflow.With(run.GetProperty("steps").EnumerateArray().ToDictionary(
                s => s.GetProperty("id").GetString()!,
                s => s.GetProperty("output").GetProperty("slept_ms").GetDouble())));
    }
}
