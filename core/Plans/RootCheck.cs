using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>
/// Checks that paths begin at something that has a value by then: the input, or a step that comes before. Walks up
/// from the steps that have paths only, so that it costs nothing for the others.
/// </summary>
internal sealed class RootCheck(PlanGraph graph, ProblemList problems)
{
    private readonly int[] _visited = new int[graph.Steps.Length];
    private readonly Stack<int> _open = new();
    private int _walks;

    public void CheckSteps()
    {
        for (var i = 0; i < graph.Steps.Length; i++)
        {
            var step = graph.Steps[i];
            if (step.Step.ForEach is { } list)
            {
                CheckRoots(i, [list.Root], step.At("for_each"));
            }
            if (step.Step.When is { } when)
            {
                CheckRoots(i, [.. when.Paths.Select(p => p.Root)], step.At("when"));
            }
            if (step.Step.With is { } with)
            {
                CheckWith(i, step, with);
            }
            foreach (var member in step.Step.Prefer?.Values ?? [])
            {
                CheckRoots(i, [.. member.Paths.Select(static p => p.Root)], step.At("route"));
            }
            if (step.Step.Wait is { } wait)
            {
                CheckWait(i, step, wait);
            }
        }
    }

    /// <summary>A result may be taken from any step.</summary>
    public void CheckResult(ValuePath path, ConfigPlace place)
    {
        if (path.Root != ValuePath.InputRoot && !graph.TryIndexOf(path.Root, out _))
        {
            ReportUnknown(path.Root, place);
        }
    }

    private void CheckWith(int index, StepDraft step, ImmutableSortedDictionary<string, InputMember> with)
    {
        foreach (var (name, member) in with)
        {
            var roots = member.Paths.Select(static p => p.Root);
            CheckRoots(
                index, [.. step.Step.Mode == StepMode.Each ? roots.Except(ValuePath.ItemRoots) : roots], step.At("with", name));
        }
    }

    // The decision on a step is sent by the step's name, as signals are by theirs.
    private void CheckWait(int index, StepDraft step, StepWait wait)
    {
        var place = step.At(wait.Approval is null ? "wait" : "approve");
        CheckRoots(index, [.. wait.Paths.Select(static p => p.Root)], place);
        if (wait.Approval is null && graph.TryIndexOf(wait.Signal, out var other)
            && graph.Steps[other].Step.Wait?.Approval is not null)
        {
            problems.Add(
                place, ConfigCodes.SignalTaken,
                $"'{wait.Signal}' is a step that waits for approval, and its decision is sent by that name: give the " +
                "signal another name.");
        }
    }

    private void CheckRoots(int step, HashSet<string> roots, ConfigPlace place)
    {
        roots.Remove(ValuePath.InputRoot);
        HashSet<int> wanted = [];
        foreach (var root in roots)
        {
            if (graph.TryIndexOf(root, out var index))
            {
                wanted.Add(index);
            }
            else
            {
                ReportUnknown(root, place);
            }
        }
        wanted.ExceptWith(graph.Needs[step]);
        if (wanted.Count > 0)
        {
            RemoveAncestors(step, wanted);
        }
        foreach (var index in wanted.Order())
        {
            var (id, other) = (Names.Shorten(graph.Steps[step].Id), Names.Shorten(graph.Steps[index].Id));
            problems.Add(place, ConfigCodes.UnknownRoot, index == step
                ? $"the step '{id}' cannot read its own output before it runs."
                : $"'{other}' may not be done yet when '{id}' starts: add '{other}' to its 'needs'.");
        }
    }

    /// <summary>Removes the steps that come before, walking up the needs until all are found.</summary>
    private void RemoveAncestors(int step, HashSet<int> wanted)
    {
        _open.Clear();
        _walks++;
        _open.Push(step);
        while (_open.TryPop(out var at))
        {
            foreach (var need in graph.Needs[at])
            {
                if (_visited[need] == _walks)
                {
                    continue;
                }
                _visited[need] = _walks;
                if (wanted.Remove(need) && wanted.Count == 0)
                {
                    return;
                }
                _open.Push(need);
            }
        }
    }

    private void ReportUnknown(string root, ConfigPlace place) => problems.Add(
        place, ConfigCodes.UnknownRoot,
        $"'{Names.Shorten(root)}' is neither '{ValuePath.InputRoot}' nor a step{problems.Suggest(root, graph.Ids)}");
}
