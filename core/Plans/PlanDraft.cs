using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>A plan as it was written, and what became of it.</summary>
/// <param name="Place">Where its name stands.</param>
/// <param name="Plan">Null when there is something wrong with it.</param>
internal sealed record PlanDraft(ConfigPlace Place, ImmutableArray<StepDraft> Steps, Plan? Plan)
{
    private static readonly string[] s_keys =
        ["description", "labels", "input_schema", "concurrency", "timeout", "webhooks", "result", "steps"];
    private static readonly string[] s_inlineKeys = ["name", .. s_keys];

    /// <param name="isInline">Whether the plan may say its name itself.</param>
    public static PlanDraft Read(
        string name, ConfigNode node, ConfigPlace place, ProblemList problems, bool isInline)
    {
        var before = problems.Count;
        var reader = new MappingReader(node, problems, isInline ? s_inlineKeys : s_keys);
        name = isInline ? reader.Name("name", "plan name") ?? name : name;
        var description = reader.Text("description");
        var labels = LabelsReader.Read(reader, problems);
        var schema = ValueSchema.Read(reader, "input_schema", problems);
        var concurrency = PlanConcurrency.Read(reader, problems);
        var timeout = reader.Duration("timeout") ?? PlanSettings.DefaultTimeout;
        var webhooks = WebhookReader.Read(reader["webhooks"], problems);
        var entries = new MappingReader(reader["steps"], problems, null).Entries;
        if (entries.IsEmpty && problems.Count == before)
        {
            problems.Add(
                reader["steps"]?.Place ?? place, ConfigCodes.EmptyPlan,
                $"the plan '{Names.Shorten(name)}' has no steps: give it at least one under 'steps'.");
        }
        var stepReader = new StepReader(problems);
        var steps = entries.Select(stepReader.Read).ToImmutableArray();
        var graph = new PlanGraph(steps, problems);
        var order = graph.Sort();
        var roots = new RootCheck(graph, problems);
        roots.CheckSteps();
        var result = ReadResult(reader["result"], roots, problems);
        if (problems.Count > before)
        {
            return new PlanDraft(place, steps, null);
        }
        var settings = new PlanSettings
        {
            Description = description,
            Labels = labels,
            InputSchema = schema is null ? null : new InputSchema(schema),
            Concurrency = concurrency,
            Timeout = timeout,
            Webhooks = webhooks,
            Result = result,
        };
        return new PlanDraft(place, steps, Plan.Create(name, [.. order.Select(i => steps[i].Step)], settings));
    }

    private static ImmutableSortedDictionary<string, ValuePath> ReadResult(
        ConfigNode? node, RootCheck roots, ProblemList problems)
    {
        var result = ImmutableSortedDictionary.CreateBuilder<string, ValuePath>(StringComparer.Ordinal);
        var reader = new MappingReader(node, problems, null);
        foreach (var entry in reader.Entries)
        {
            if (!Names.IsValid(entry.Key))
            {
                problems.Add(entry.Place, ConfigCodes.BadName, Names.Problem("name in a result", entry.Key));
            }
            if (PathText.ReadPath(reader, entry.Key, problems) is { } path)
            {
                roots.CheckResult(path, entry.Value.Place);
                result[entry.Key] = path;
            }
        }
        return result.ToImmutable();
    }
}
