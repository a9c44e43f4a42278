using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>Copies a state into what users see of it.</summary>
public static class RunDetailsBuilder
{
    public static RunSummary Summarize(RunState state) => new()
    {
        RunId = state.Id,
        MatchId = state.Key.MatchId,
        Round = state.Key.Round,
        Plan = state.Plan.Name,
        PlanVersion = state.Plan.Version,
        Status = state.Status,
        AcceptedAt = state.AcceptedAt,
        StartsAt = state.StartsAt,
        StartedAt = state.StartedAt,
        LastStartedAt = state.LastStartedAt,
        EndedAt = state.EndedAt,
        WaitingAttempts = state.WaitingAttempts,
        RetryingBranches = state.RetryingBranches,
        Waits = state.Waits,
        WaitingApprovals = state.WaitingApprovals,
        OnlyWaits = state.OnlyWaits,
        OpenWebhooks = state.OpenDeliveries,
        Agents = state.Agents,
        Labels = state.Labels,
        Generation = state.Generation > 1 ? state.Generation : null,
        Supersedes = state.Supersedes,
        SupersededBy = state.SupersededBy,
        Group = state.Group,
        QueuedAt = state.Group is null ? null : state.QueuedAt,
        Reason = RunReason.Of(state),
    };

    public static RunDetails Build(RunState state) => new()
    {
        Summary = Summarize(state),
        Tenant = state.Tenant,
        Parent = state.Parent,
        PlanDefinition = state.Plan.Definition,
        Input = state.Input,
        Steps = [.. state.Steps.Select(s => Build(state, s))],
        Signals = [.. state.Signals.Select(s => new SignalDetails(s.Name, s.Key, s.By, s.At, s.Step) { Data = s.Data })],
        Webhooks = [.. state.Webhooks.Select(w => Build(state, w))],
        Result = state.Result,
        Error = state.Error,
        CancelReason = state.CancelReason,
    };

    private static WebhookDetails Build(RunState state, Webhook webhook) => new(
        webhook.Url, webhook.On,
        [
            .. state.Deliveries.Where(d => ReferenceEquals(d.Webhook, webhook)).Select(static d => new DeliveryDetails(
                d.Id, d.Event, d.At, d.Step, d.State, d.Tries, d.LastError, d.NextTryAt)),
        ]);

    private static StepDetails Build(RunState state, StepState step) => new()
    {
        Id = step.Id,
        Status = step.Status,
        Needs = step.Step.Needs,
        Mode = step.Step.Kind,
        Required = step.Branches.Count > 0 ? step.Required : null,
        Branches = step.Branches.Count > 0 ? step.Branches.Count : null,
        StartedAt = step.StartedAt,
        EndedAt = step.EndedAt,
        Error = step.Error,
        SkipReason = step.SkipReason,
        Output = step.Output,
        Wait = WaitOf(state, step),
        Attempts = [.. step.Attempts.Select(a => Build(state, step, a))],
    };

    private static WaitDetails? WaitOf(RunState state, StepState step)
    {
        if (step.WaitsUntil is not { } until || step.Step.Wait is not { } wait)
        {
            return null;
        }
        var approval = wait.Approval is not { } asked ? null : new ApprovalDetails(
            asked.Title.Fill(state.Root), asked.Description?.Fill(state.Root),
            asked.Form is { } form ? Json.Build(form.WriteTo) : null,
            step.Step.With is { } with ? Json.Build(writer =>
            {
                writer.WriteStartObject();
                foreach (var (name, member) in with)
                {
                    writer.WritePropertyName(name);
                    member.Find(state.Root).WriteTo(writer);
                }
                writer.WriteEndObject();
            }) : null);
        return new WaitDetails(wait.Signal, until, wait.By, approval, step.RemindsAt);
    }

    private static AttemptDetails Build(RunState state, StepState step, AttemptState attempt) => new()
    {
        Attempt = attempt.Number,
        Branch = attempt.Branch,
        Agent = attempt.Agent,
        Status = attempt.Status,
        AgentVersion = attempt.AgentVersion,
        AgentHash = attempt.AgentHash,
        Node = attempt.Node,
        QueuedAt = attempt.QueuedAt,
        StartedAt = attempt.StartedAt,
        EndedAt = attempt.EndedAt,
        RetryAt = attempt.RetryAt,
        Progress = attempt.Progress,
        ProgressMessage = attempt.ProgressMessage,
        Error = attempt.Error,
        CancelReason = attempt.CancelReason,
        Losses = attempt.Losses,
        Decision = attempt.Decision,
        Placement = attempt.Placement,
        OutputBytes = attempt.Output?.Length,
        Tokens = attempt.Tokens,
        Output = attempt.Output,
        IsHedge = attempt.IsHedge,
        IsRefusedHedge = attempt.IsRefusedHedge,
        Hedge = attempt.Hedge,
        Receipt = attempt.Receipt,
        Run = state.ChildOf(step, attempt)?.ChildId,
    };
}
