using System.Collections.Immutable;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Grid;

/// <summary>What a request to run a plan means under a configuration, whatever engine it came to.</summary>
public static class Submission
{
    /// <summary>The name of plans that are posted inline and have none of their own.</summary>
    private const string InlinePlanName = "inline";

    /// <summary>The plan that a request asks for.</summary>
    /// <param name="problems">Why it cannot be run; empty when it can.</param>
    /// <returns>Null when it cannot be run.</returns>
    public static Plan? PlanOf(SubmitRun submit, GridConfig config, out ImmutableArray<ConfigProblem> problems)
    {
        if (submit.Input.Problem() is { } bad)
        {
            problems = [new ConfigProblem(null, 0, 0, "input", CommandCodes.BadInput, $"The input cannot be kept: {bad}")];
            return null;
        }
        if (submit.InlinePlan is { } inline)
        {
            var result = PlanReader.ReadJson(InlinePlanName, inline);
            problems = result.Plan is null ? result.Problems : PlanReader.Check(result.Plan, config.Agents);
            return problems.IsEmpty ? result.Plan : null;
        }
        problems = [];
        var name = submit.Plan ?? config.DefaultPlan;
        if (name is not null && config.Plans.TryGetValue(name, out var plan))
        {
            return plan;
        }
        problems = [UnknownPlan(name, config)];
        return null;
    }

    /// <summary>What a request differs in from the run that has its key; empty when it is that run's own.</summary>
    /// <remarks>The same request can meet a newer version of its named plan; that is still the same request.</remarks>
    public static ImmutableArray<string> Differences(RunSummary run, Json input, SubmitRun submit, Plan plan)
    {
        var differences = JsonDifferences.Find(input, submit.Input);
        var samePlan = run.Plan == plan.Name && (submit.InlinePlan is null || run.PlanVersion == plan.Version);
        return samePlan ? differences : differences.Insert(0, "plan");
    }

    private static ConfigProblem UnknownPlan(string? name, GridConfig config)
    {
        if (name is null)
        {
            return new ConfigProblem(null, 0, 0, "plan", CommandCodes.NoDefaultPlan,
                "The request names no plan, and there is no default one: name one of config/plans, or add 'default: NAME' there.");
        }
        var near = Names.Nearest(name, config.Plans.Keys);
        var hint = near is not null ? $"did you mean '{near}'?"
            : config.Plans.IsEmpty ? "there are none." : $"there are: {string.Join(", ", config.Plans.Keys)}.";
        return new ConfigProblem(null, 0, 0, "plan", CommandCodes.UnknownPlan,
            $"There is no plan '{Names.Shorten(name)}'; {hint}");
    }
}
