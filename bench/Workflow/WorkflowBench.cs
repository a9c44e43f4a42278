using System.Globalization;
using System.Text.Json;
using AgentGrid.Bench.Load;
using AgentGrid.Core;

namespace AgentGrid.Bench.Workflow;

/// <summary>Runs workflows as inline plans of delays, and compares how long they take with how long they must.</summary>
internal static class WorkflowBench
{
    private const int Enough = 100_000;

    // What a run may take beyond the work of all its tasks one after the other.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        WorkflowInstance[] workflows =
        [
            .. options.Files.Select(f => WorkflowInstance.Read(f, options.Scale, options.Least)),
            .. Enumerable.Range(1, options.Random).Select(seed => RandomWorkflow.Make(seed, 10_000 * options.Scale, options.Least)),
        ];
        if (workflows.Length == 0)
        {
            Console.Error.WriteLine($"Name at least one workflow, or ask for random ones.\n{BenchOptions.Usage}");
            return 2;
        }
        Console.WriteLine(Report.DescribeMachine(data));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"agent {options.Agent}, scale {options.Scale}, tasks of {options.Least} ms and more; {options.Repeat} runs each, " +
            $"{(options.CarefulTimeouts ? "careful timeouts" : "the same timeout for all steps")}; times in ms\n"));
        Console.WriteLine("| workflow | tasks | slots | bound | best list | first run | over | from the third on | over | best list, as slept | over |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var slots in options.Slots)
        {
            var folder = Path.Combine(data, $"slots-{slots}");
            await using var server = await ServerUnderTest.StartAsync(
                folder, options.Sync, "--config", WriteConfig(folder, options.Agent, slots));
            using var runs = await OneByOne.OpenAsync(server.Url);
            await runs.RunAsync(WarmUp(options.Agent));
            foreach (var workflow in workflows)
            {
                var plan = PlanOf(workflow, options);
                var makespans = new List<Makespan>();
                for (var i = 0; i < options.Repeat; i++)
                {
                    await runs.RunAsync(plan, TimeSpan.FromMilliseconds(workflow.WorkMs) + Patience);
                    makespans.Add(Makespan.Of(workflow, await runs.DetailsAsync()));
                }
                Print(workflow, slots, makespans);
            }
        }
        return 0;
    }

    private static void Print(WorkflowInstance workflow, int slots, List<Makespan> makespans)
    {
        var k = slots == 0 ? Enough : slots;
        Makespan[] later = [.. makespans.Skip(Math.Min(2, makespans.Count - 1)).OrderBy(m => m.Ms)];
        var (first, last) = (makespans[0], later[later.Length / 2]);
        var (list, slept) = (ListSchedule.Best(workflow, k), ListSchedule.Best(last.AsSlept, k));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {workflow.Name} | {workflow.Tasks.Length} | {(slots == 0 ? "enough" : slots)} | " +
            $"{ListSchedule.LowerBound(workflow, k):N1} | {list:N1} | {first.Ms:N1} | {first.Ms / list - 1:P1} | " +
            $"{last.Ms:N1} | {last.Ms / list - 1:P1} | {slept:N1} | {last.Ms / slept - 1:P1} |"));
    }

    // A timeout says how long a step may take. Careful people know how long each does; others give all of them what is enough.
    private static string PlanOf(WorkflowInstance workflow, BenchOptions options)
    {
        var longest = workflow.Tasks.Max(static t => t.Ms);
        return Json.From(new
        {
            Timeout = Milliseconds(workflow.WorkMs * 2 + Patience.TotalMilliseconds),
            Steps = workflow.Tasks.ToDictionary(t => t.Id, t => new
            {
                Agent = options.Agent,
                Needs = t.Parents.Select(p => workflow.Tasks[p].Id),
                Input = new { t.Ms },
                Timeout = Milliseconds(100 * (options.CarefulTimeouts ? t.Ms : longest)),
            }),
        }).ToString();
    }

    private static string Milliseconds(double ms) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(ms)}ms");

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
