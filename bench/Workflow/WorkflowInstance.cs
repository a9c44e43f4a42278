using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Bench.Workflow;

/// <summary>A task of a workflow.</summary>
/// <param name="Ms">How long it takes.</param>
/// <param name="Parents">The positions of the tasks that come before it.</param>
internal sealed record WorkflowTask(string Id, double Ms, ImmutableArray<int> Parents);

/// <summary>A workflow that really ran somewhere: an instance in the format of WfCommons, version 1.5.</summary>
internal sealed class WorkflowInstance
{
    /// <param name="tasks">In any order; none needs itself.</param>
    public WorkflowInstance(string name, ImmutableArray<WorkflowTask> tasks) => (Name, Tasks) = (name, tasks);

    public string Name { get; }
    public ImmutableArray<WorkflowTask> Tasks { get; }
    public double WorkMs => Tasks.Sum(t => t.Ms);

    /// <param name="file">The instance.</param>
    /// <param name="scale">What a measured second becomes, in seconds.</param>
    /// <param name="leastMs">No task becomes shorter.</param>
    public static WorkflowInstance Read(string file, double scale, double leastMs)
    {
        var workflow = JsonElement.Parse(File.ReadAllBytes(file)).GetProperty("workflow");
        var runtimes = workflow.GetProperty("execution").GetProperty("tasks").EnumerateArray().ToDictionary(
            t => t.GetProperty("id").GetString()!, t => t.GetProperty("runtimeInSeconds").GetDouble());
        var tasks = workflow.GetProperty("specification").GetProperty("tasks").EnumerateArray().ToArray();
        var index = tasks.Select((t, i) => (Id: t.GetProperty("id").GetString()!, i)).ToDictionary(x => x.Id, x => x.i);
        return new WorkflowInstance(Path.GetFileNameWithoutExtension(file),
        [
            .. tasks.Select((t, i) =>
            {
                var id = t.GetProperty("id").GetString()!;
                return new WorkflowTask(
                    $"{i}-{Clean(id)}",
                    Math.Max(leastMs, Math.Round(runtimes[id] * 1_000 * scale, 3)),
                    [.. t.GetProperty("parents").EnumerateArray().Select(p => index[p.GetString()!]).Distinct()]);
            }),
        ]);
    }

    /// <summary>The same tasks with other durations, by id.</summary>
    public WorkflowInstance With(IReadOnlyDictionary<string, double> durations) =>
        new(Name, [.. Tasks.Select(t => t with { Ms = durations[t.Id] })]);

    /// <summary>The longest path through the tasks.</summary>
    public double CriticalPathMs() => Behind().Max();

    /// <summary>For each task, how long the longest path is that begins with it.</summary>
    public double[] Behind()
    {
        var behind = new double[Tasks.Length];
        foreach (var i in ParentsFirst().Reverse())
        {
            behind[i] += Tasks[i].Ms;
            foreach (var parent in Tasks[i].Parents)
            {
                behind[parent] = Math.Max(behind[parent], behind[i]);
            }
        }
        return behind;
    }

    private int[] ParentsFirst()
    {
        var order = new List<int>();
        var done = new HashSet<int>();
        while (order.Count < Tasks.Length)
        {
            var ready = Enumerable.Range(0, Tasks.Length)
                .Where(i => !done.Contains(i) && Tasks[i].Parents.All(done.Contains)).ToArray();
            if (ready.Length == 0)
            {
                throw new InvalidDataException($"The tasks of '{Name}' need each other in a cycle.");
            }
            order.AddRange(ready);
            done.UnionWith(ready);
        }
        return [.. order];
    }

    // The rule for the ids of steps; the number before keeps them different from each other.
    private static string Clean(string id)
    {
        var clean = string.Concat(id.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' ? c : '_'));
        return clean[..Math.Min(80, clean.Length)];
    }
}
