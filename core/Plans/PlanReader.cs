using System.Collections.Immutable;
using AgentGrid.Core.Config;

namespace AgentGrid.Core.Plans;

/// <summary>Reads plans. The same schema in a request's JSON and in YAML files.</summary>
public static class PlanReader
{
    /// <summary>
    /// Reads one plan's JSON, <c>{"steps": {...}}</c>, as it is posted inline or kept in a journal.
    /// </summary>
    /// <param name="path">Where the plan stands in its document, for the problems: <c>plan</c>.</param>
    public static PlanResult ReadJson(string name, Json definition, string path = "plan") =>
        throw new NotImplementedException();
}

/// <summary>A plan, or everything that is wrong with it.</summary>
public sealed record PlanResult(Plan? Plan, ImmutableArray<ConfigProblem> Problems);
