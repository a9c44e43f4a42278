using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

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
        return PlanResult.Of(draft, problems);
    }

    /// <summary>
    /// Reads one plan from a file of its own: <c>steps: {...}</c>, as it can be posted inline, or a file as it lies
    /// under <c>plans/</c>, with the plan that it calls the default, or with one plan alone. Problems name file and
    /// line.
    /// </summary>
    /// <param name="name">The plan's name, unless the file says one.</param>
    /// <param name="agents">
    /// The agents that may be named; disabled ones exist. Null: whether agents exist is not looked at.
    /// </param>
    /// <param name="plans">
    /// The names of the plans that can be called, besides those of the file. Null: whether plans exist is not looked at.
    /// </param>
    public static PlanResult ReadFile(
        string name, ConfigFile file, ImmutableSortedDictionary<string, AgentConfig>? agents = null, IEnumerable<string>? plans = null)
    {
        var problems = new ProblemList();
        var start = ConfigPlace.Root(file.Name, null, 1, 1);
        var root = YamlSource.Read(file, problems);
        if (root is null && problems.Count == 0)
        {
            problems.Add(
                start, ConfigCodes.EmptyPlan, "the file is empty: a plan has at least one step under 'steps'.");
        }
        var draft = root is null ? null
            : root is ConfigNode.Mapping several && several["plans"] is not null ? OneOf(several, problems)
            : PlanDraft.Read(name, root, root.Place, problems, isInline: true);
        if (draft is not null && agents is not null)
        {
            new TargetCheck(agents, plans?.Concat(NamesIn(root)), problems, checkCapabilities: false).Run(draft.Steps);
            new StepInputCheck(agents, ImmutableDictionary<string, Json>.Empty, problems).Run(draft.Steps);
        }
        return PlanResult.Of(draft, problems);
    }

    private static IEnumerable<string> NamesIn(ConfigNode? root) =>
        root is ConfigNode.Mapping several && several["plans"] is ConfigNode.Mapping plans ? plans.Entries.Select(static e => e.Key) : [];

    private static PlanDraft? OneOf(ConfigNode.Mapping file, ProblemList problems)
    {
        var reader = new MappingReader(file, problems, ["default", "plans"]);
        var wanted = reader.Name("default", "plan name");
        var entries = new MappingReader(reader["plans"], problems, null).Entries;
        var named = entries.Where(e => wanted is null || e.Key == wanted).ToArray();
        if (named is [var entry])
        {
            return PlanDraft.Read(entry.Key, entry.Value, entry.Place, problems, isInline: false);
        }
        problems.Add(
            reader["plans"]?.Place ?? file.Place, ConfigCodes.UnknownPlan, wanted is null
                ? $"{entries.Length} plans, where one is expected: choose it with 'default: <name>'."
                : $"unknown plan '{wanted}'{problems.Suggest(wanted, [.. entries.Select(e => e.Key)])}");
        return null;
    }

    /// <summary>Says which agents and plans of a plan do not exist, by name; empty when all do. Disabled agents exist.</summary>
    /// <param name="plans">The names of the plans that can be called.</param>
    /// <inheritdoc cref="ReadJson" path="/param[@name='path']"/>
    public static ImmutableArray<ConfigProblem> Check(
        Plan plan, ImmutableSortedDictionary<string, AgentConfig> agents, IEnumerable<string> plans, string path = "plan")
    {
        var problems = new ProblemList();
        var steps = ConfigPlace.Root(null, path, 0, 0).Key("steps");
        new TargetCheck(agents, plans, problems, checkCapabilities: false)
            .Run(plan.Steps.Select(s => new StepDraft(s, steps.Key(s.Id), null)));
        return problems.ToImmutable();
    }
}

/// <summary>A plan, or everything that is wrong with it.</summary>
public sealed record PlanResult(Plan? Plan, ImmutableArray<ConfigProblem> Problems)
{
    /// <summary>What is allowed, and most likely not what was meant; with mistakes and without.</summary>
    public ImmutableArray<ConfigProblem> Warnings { get; init; } = [];

    internal static PlanResult Of(PlanDraft? draft, ProblemList problems) =>
        new(problems.Count == 0 ? draft!.Plan : null, problems.ToImmutable()) { Warnings = problems.Warnings };
}
