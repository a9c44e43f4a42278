using System.Collections.Immutable;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Grid;

/// <summary>What a request to run a plan means under a configuration, in any engine.</summary>
public static class Submission
{
    /// <summary>The name of plans that are posted inline and have none of their own.</summary>
    private const string InlinePlanName = "inline";

    // A schema of somebody else could take any time to check.
    private static readonly ConfigProblem s_schemaOfOnesOwn = new(
        null, 0, 0, "plan.input_schema", CommandCodes.WrongInput,
        "A plan that is posted has no input_schema, because its input comes with it. Leave it out, or put the plan in config/plans.");

    private static readonly ConfigProblem s_keyOfChildren = new(
        null, 0, 0, "match_id", CommandCodes.ReservedKey,
        $"Keys that begin with '{ParentRun.KeyPrefix}' are for runs that other runs start: use another match_id.");

    /// <summary>The plan that a request asks for.</summary>
    public static PlanAsked PlanOf(SubmitRun submit, GridConfig config)
    {
        if (submit.Input.Problem() is { } bad)
        {
            return PlanAsked.Unreadable(
                [new ConfigProblem(null, 0, 0, "input", CommandCodes.BadInput, $"The input cannot be kept: {bad}")]);
        }
        if (submit.Parent is null && submit.Key.MatchId.StartsWith(ParentRun.KeyPrefix, StringComparison.Ordinal))
        {
            return PlanAsked.Unreadable([s_keyOfChildren]);
        }
        if (submit.InlinePlan is { } inline)
        {
            var result = PlanReader.ReadJson(InlinePlanName, inline);
            return result.Plan is null ? PlanAsked.Unreadable(result.Problems)
                : result.Plan.Settings.InputSchema is not null ? PlanAsked.Unreadable([s_schemaOfOnesOwn])
                : new PlanAsked(result.Plan, PlanReader.Check(result.Plan, config.Agents, config.Plans.Keys), config.DefaultPlan);
        }
        var name = submit.Plan ?? config.DefaultPlan;
        return name is not null && config.Plans.TryGetValue(name, out var plan)
            ? new PlanAsked(plan, InputProblems(plan, submit.Input), config.DefaultPlan)
            : new PlanAsked(null, [UnknownPlan(name, config)], config.DefaultPlan);
    }

    /// <summary>Why a new run cannot start when the request says; null when it can.</summary>
    public static ConfigProblem? StartProblem(SubmitRun submit, DateTimeOffset now)
    {
        static ConfigProblem Bad(string path, string message) => new(null, 0, 0, path, CommandCodes.BadStart, message);
        var most = $"at most {SubmitRun.FarthestStart.TotalDays:0} days from now";
        return submit switch
        {
            { StartAt: not null, Delay: not null } => Bad("delay", "Expected 'start_at' or 'delay', got both: leave one of them out."),
            { Delay: { } delay } when delay < TimeSpan.Zero => Bad(
                "delay", $"Expected 0s or longer, got {delay:c}."),
            { Delay: { } delay } when delay > SubmitRun.FarthestStart => Bad(
                "delay", $"Expected a start {most}, got {delay:c}."),
            { StartAt: { } at } when at - now > SubmitRun.FarthestStart => Bad(
                "start_at", $"Expected a start {most}, until {TimeText.Format(now + SubmitRun.FarthestStart)}; got {TimeText.Format(at)}."),
            _ => null,
        };
    }

    /// <summary>The labels of a new run; null for none.</summary>
    /// <param name="problem">Why it cannot have them; null when it can.</param>
    public static Labels? LabelsOf(SubmitRun submit, Plan plan, out ConfigProblem? problem)
    {
        var labels = Labels.Merge(plan.Settings.Labels, submit.Labels, out var reason);
        problem = reason is null ? null : new ConfigProblem(null, 0, 0, "labels", CommandCodes.BadLabels, reason);
        return labels;
    }

    /// <summary>Those that a new run is counted with; null for none.</summary>
    /// <param name="problem">Why that cannot be told; null when it can.</param>
    public static RunGroup? GroupOf(SubmitRun submit, Plan plan, out ConfigProblem? problem)
    {
        problem = null;
        if (plan.Settings.Concurrency is not { } concurrency)
        {
            return null;
        }
        var value = concurrency.ValueOf(submit.Input, out var reason);
        problem = reason is null ? null : new ConfigProblem(null, 0, 0, concurrency.Key.Text, CommandCodes.BadGroup, reason);
        return value is null ? null : new RunGroup(concurrency.Key.Text, value, concurrency.Max, concurrency.Policy);
    }

    /// <summary>When a new run may start; null for at once.</summary>
    public static DateTimeOffset? StartOf(SubmitRun submit, DateTimeOffset now) =>
        (submit.StartAt ?? now + submit.Delay) is { } at && at > now ? at.ToUniversalTime() : null;

    /// <summary>What a request differs in from the run that has its key; empty when it is that run's own.</summary>
    /// <remarks>
    /// It is about what was posted, and not about what the configuration has become: the same request is the same, whatever
    /// its named plan says now, and whichever plan is the default one.
    /// </remarks>
    public static ImmutableArray<string> Differences(RunState run, SubmitRun submit, PlanAsked asked)
    {
        var differences = JsonDifferences.Find(run.Input, submit.Input);
        differences = IsSamePlan(run, submit, asked) ? differences : differences.Insert(0, "plan");
        return run.Parent == submit.Parent ? differences : differences.Insert(0, "parent");
    }

    private static bool IsSamePlan(RunState run, SubmitRun submit, PlanAsked asked) =>
        submit.InlinePlan is not null ? run.Inline && run.Plan.Name == asked.Plan!.Name && run.Plan.Version == asked.Plan.Version
        : !run.Inline && (submit.Plan is { } name
            ? run.Plan.Name == name
            : run.ByDefault == true || run.Plan.Name == asked.DefaultPlan);

    private static ImmutableArray<ConfigProblem> InputProblems(Plan plan, Json input) => plan.Settings.InputSchema is not { } schema
        ? []
        : [.. schema.Problems(input).Select(p => new ConfigProblem(
            null, 0, 0, p.Place, CommandCodes.WrongInput, $"{p.Reason} (the input_schema of plan '{plan.Name}')."))];

    private static ConfigProblem UnknownPlan(string? name, GridConfig config)
    {
        if (name is null)
        {
            return new ConfigProblem(null, 0, 0, "plan", CommandCodes.NoDefaultPlan,
                "The request names no plan, and there is no default one: name one from config/plans, or add 'default: NAME' there.");
        }
        var near = Names.Nearest(name, config.Plans.Keys);
        var hint = near is not null ? $"did you mean '{near}'?"
            : config.Plans.IsEmpty ? "there are none." : $"there are: {string.Join(", ", config.Plans.Keys)}.";
        return new ConfigProblem(null, 0, 0, "plan", CommandCodes.UnknownPlan,
            $"There is no plan '{Names.Shorten(name)}'; {hint}");
    }
}

/// <summary>The plan that a request asks for, as far as that is known.</summary>
/// <param name="Plan">Null when there is none of the name, or when it cannot be read.</param>
/// <param name="Problems">Why it cannot be run now; empty when it can.</param>
/// <param name="DefaultPlan">The name of the plan for requests that name none; null when there is none.</param>
public sealed record PlanAsked(Plan? Plan, ImmutableArray<ConfigProblem> Problems, string? DefaultPlan)
{
    /// <summary>No run can have been accepted of such a request, whatever the configuration was.</summary>
    public bool IsUnreadable { get; private init; }

    internal static PlanAsked Unreadable(ImmutableArray<ConfigProblem> problems) =>
        new(null, problems, null) { IsUnreadable = true };
}
