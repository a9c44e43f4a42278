namespace AgentGrid.Bench.Workflow;

/// <summary>What list scheduling makes of a workflow on k slots: whoever is first in the list takes the free slot.</summary>
internal static class ListSchedule
{
    /// <summary>The makespan of the best of the usual lists.</summary>
    public static double Best(WorkflowInstance workflow, int slots) =>
        new[] { LongestPath(workflow, slots), LongestTask(workflow, slots), FirstCome(workflow, slots) }.Min();

    /// <summary>The makespan where the task goes first that the longest path begins with.</summary>
    public static double LongestPath(WorkflowInstance workflow, int slots)
    {
        var behind = workflow.Behind();
        return Simulate(workflow, slots, (i, _) => -behind[i]);
    }

    /// <summary>The makespan where the longest task goes first.</summary>
    public static double LongestTask(WorkflowInstance workflow, int slots) => Simulate(workflow, slots, (i, _) => -workflow.Tasks[i].Ms);

    /// <summary>The makespan where the shortest task goes first.</summary>
    public static double ShortestTask(WorkflowInstance workflow, int slots) => Simulate(workflow, slots, (i, _) => workflow.Tasks[i].Ms);

    /// <summary>The makespan where tasks go in the order in which they can.</summary>
    public static double FirstCome(WorkflowInstance workflow, int slots) => Simulate(workflow, slots, (_, order) => order);

    /// <summary>What no schedule can beat.</summary>
    public static double LowerBound(WorkflowInstance workflow, int slots) =>
        Math.Max(workflow.CriticalPathMs(), workflow.WorkMs / slots);

    private static double Simulate(WorkflowInstance workflow, int slots, Func<int, int, double> rank)
    {
        var missing = workflow.Tasks.Select(t => t.Parents.Length).ToArray();
        var children = Enumerable.Range(0, missing.Length)
            .Select(i => Enumerable.Range(0, missing.Length).Where(c => workflow.Tasks[c].Parents.Contains(i)).ToArray())
            .ToArray();
        var ready = new PriorityQueue<int, double>();
        var running = new PriorityQueue<int, double>();
        var (now, free, order) = (0.0, slots, 0);
        foreach (var i in Enumerable.Range(0, missing.Length).Where(i => missing[i] == 0))
        {
            ready.Enqueue(i, rank(i, order++));
        }
        while (ready.Count + running.Count > 0)
        {
            for (; free > 0 && ready.TryDequeue(out var next, out _); free--)
            {
                running.Enqueue(next, now + workflow.Tasks[next].Ms);
            }
            running.TryDequeue(out var ended, out now);
            free++;
            foreach (var child in children[ended])
            {
                if (--missing[child] == 0)
                {
                    ready.Enqueue(child, rank(child, order++));
                }
            }
        }
        return now;
    }
}
