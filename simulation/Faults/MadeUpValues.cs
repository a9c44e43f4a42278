using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Plans;

namespace AgentGrid.Simulation.Faults;

/// <summary>What nobody has given: an object with a list of three wherever a step of mode <c>each</c> wants one.</summary>
internal static class MadeUpValues
{
    private const int Items = 3;

    /// <summary>What was posted, or what a step comes to.</summary>
    /// <param name="root">What paths begin with: <c>input</c>, or the id of the step.</param>
    public static Json Of(Plan plan, string root)
    {
        string[][] lists =
        [
            .. plan.Steps.Select(static s => s.ForEach).OfType<ValuePath>().Where(p => p.Root == root)
                .Select(static p => p.Text.Split('.')[1..]).Where(static names => names.All(static n => !n.Contains('[', StringComparison.Ordinal))),
        ];
        return lists.Any(static l => l.Length == 0) ? List() : Tree(lists);
    }

    private static Json Tree(IEnumerable<string[]> lists) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        foreach (var member in lists.GroupBy(static l => l[0], StringComparer.Ordinal))
        {
            writer.WritePropertyName(member.Key);
            string[][] below = [.. member.Select(static l => l[1..])];
            (below.Any(static l => l.Length == 0) ? List() : Tree(below)).WriteTo(writer);
        }
        writer.WriteEndObject();
    });

    private static Json List() => Json.From(Enumerable.Range(0, Items).Select(static _ => ImmutableDictionary<string, int>.Empty));
}
