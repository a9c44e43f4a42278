using System.Collections.Immutable;
using AgentGrid.Core.Config;

namespace AgentGrid.Core.Plans;

/// <summary>Reads plans. The same schema in a request's JSON and in YAML files.</summary>
public static class PlanReader
{
    /// <summary>
    /// Reads one plan's JSON, <c>{"steps": {...}}</c>, as it is posted inline or kept in a journal. Whether its agents
    /// exist is not looked at: see <see cref="Check"/>.
    /// </summary>
    /// <param name="name">The plan's name, unless the JSON has a <c>name</c> of its own.</param>
    /// <param name="path">Where the plan stands in its document, for the problems: <c>plan</c>.</param>
    public static PlanResult ReadJson(string name, Json definition, string path = "plan")
    {
        var problems = new ProblemList();
        var node = JsonSource.Read(definition.Element, path, problems);
        var draft = PlanDraft.Read(name, node, node.Place, problems, isInline: true);
        return problems.Count == 0 ? new PlanResult(draft.Plan, []) : new PlanResult(null, problems.ToImmutable());
    }

    /// <summary>Says which agents of a plan do not exist, by name; empty when all do. Disabled agents exist.</summary>
    /// <inheritdoc cref="ReadJson" path="/param[@name='path']"/>
    public static ImmutableArray<ConfigProblem> Check(Plan plan, GridConfig config, string path = "plan")
    {
        var problems = new ProblemList();
        var steps = ConfigPlace.Root(null, path, 0, 0).Key("steps");
        new TargetCheck(config, problems, checkCapabilities: false)
            .Run(plan.Steps.Select(s => new StepDraft(s, steps.Key(s.Id), null)));
        return problems.ToImmutable();
    }
}

/// <summary>A plan, or everything that is wrong with it.</summary>
public sealed record PlanResult(Plan? Plan, ImmutableArray<ConfigProblem> Problems);
