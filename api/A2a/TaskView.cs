using System.Globalization;
using AgentGrid.Api.Runs;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.A2a;

/// <summary>A run as a task. Artifacts: the result of a completed one.</summary>
internal sealed record TaskView(
    string Id, string ContextId, TaskStatusView Status, IReadOnlyList<ArtifactView>? Artifacts,
    IReadOnlyList<MessageView>? History, TaskMetadata Metadata)
{
    /// <param name="historyLength">How many messages may be shown; null for none, because the input can be large.</param>
    public static TaskView Of(RunDetails run, int? historyLength = null) => Of(run, TaskStates.Of(run.Summary), historyLength);

    /// <param name="state">Where it stands, for a reader who is told of what has happened since.</param>
    public static TaskView Of(RunDetails run, string state, int? historyLength)
    {
        var id = run.Summary.RunId.Value;
        return new TaskView(
            id, run.Summary.MatchId, TaskStatusView.Of(run, state),
            state == TaskStates.Completed && run.Result is { } result ? [ArtifactView.Of(result)] : null,
            historyLength > 0 ? [new MessageView(run.Summary.Round, run.Summary.MatchId, id, "ROLE_USER", [PartView.Of(run.Input)])] : null,
            TaskMetadata.Of(run.Summary));
    }

    /// <summary>Of a list, where only the line of the run is known.</summary>
    public static TaskView Of(RunSummary run) => new(
        run.RunId.Value, run.MatchId, TaskStatusView.Of(run), null, null, TaskMetadata.Of(run));
}

/// <summary>What a task has that A2A has no members for.</summary>
/// <param name="Round">With the id of the context the key of the run; of a run that began with a message the id of that.</param>
/// <param name="Run">Where the rest of the API has all of it.</param>
internal sealed record TaskMetadata(string SkillId, string SkillVersion, string Round, string Run)
{
    public static TaskMetadata Of(RunSummary run) => new(run.Plan, run.PlanVersion, run.Round, RunLinks.SelfOf(run.RunId));
}

/// <summary>Where a task stands, and since when.</summary>
internal sealed record TaskStatusView(string State, MessageView? Message, string Timestamp)
{
    public static TaskStatusView Of(RunSummary run) => new(TaskStates.Of(run), null, A2aJson.Time(TimeOf(run)));

    public static TaskStatusView Of(RunDetails run, string state)
    {
        StepDetails[] waiting = [.. run.Steps.Where(s => s.Wait is not null)];
        IReadOnlyList<PartView> parts = state switch
        {
            TaskStates.InputRequired => PartsOf(waiting),
            TaskStates.Failed when run.Error is { } error => [PartView.Of(error.Message)],
            TaskStates.Canceled when run.CancelReason is { } reason => [PartView.Of(reason)],
            _ => [],
        };
        return new TaskStatusView(state, MessageView.Of(run.Summary, NameOf(state, waiting), parts), A2aJson.Time(TimeOf(run.Summary)));
    }

    // Another question is another message, and so is the same one that is asked again.
    private static string NameOf(string state, StepDetails[] waiting) => state != TaskStates.InputRequired
        ? "status"
        : string.Join('+', waiting.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Id}@{s.Wait!.Until.ToUnixTimeMilliseconds()}")));

    public static DateTimeOffset TimeOf(RunSummary run) => run.EndedAt ?? run.LastStartedAt ?? run.StartedAt ?? run.AcceptedAt;

    /// <summary>What steps wait for: in words for people, and with the form for programs.</summary>
    public static IReadOnlyList<PartView> PartsOf(IEnumerable<StepDetails> waiting)
    {
        StepDetails[] steps = [.. waiting];
        if (steps.Length == 0)
        {
            return [];
        }
        return
        [
            PartView.Of(string.Join('\n', steps.Select(WordsOf))),
            PartView.Of(Json.From(new { waits = steps.Select(s => new { step = s.Id, s.Wait!.Signal, s.Wait.Until, s.Wait.By, s.Wait.Approval }) })),
        ];
    }

    private static string WordsOf(StepDetails step) => step.Wait!.Approval switch
    {
        { Description: { } description } asked => $"{asked.Title}\n{description}",
        { } asked => asked.Title,
        null => $"Step '{step.Id}' waits for '{step.Wait.Signal}'.",
    };
}

/// <summary>What a task has brought about.</summary>
internal sealed record ArtifactView(string ArtifactId, string Name, IReadOnlyList<PartView> Parts)
{
    public static ArtifactView Of(Json result) => new("result", "result", [PartView.Of(result)]);
}

/// <summary>Somebody's words, or data.</summary>
internal sealed record MessageView(string MessageId, string ContextId, string TaskId, string Role, IReadOnlyList<PartView> Parts)
{
    /// <summary>Of the agent; null when it has nothing to say.</summary>
    /// <param name="name">Which one of the task's messages it is.</param>
    public static MessageView? Of(RunSummary run, string name, IReadOnlyList<PartView> parts) => parts.Count == 0
        ? null
        : new MessageView($"{run.RunId}/{name}", run.MatchId, run.RunId.Value, "ROLE_AGENT", parts);
}

/// <summary>A text, or a value.</summary>
internal sealed record PartView(string? Text, Json? Data, string MediaType)
{
    public static PartView Of(string text) => new(text, null, "text/plain");

    public static PartView Of(Json data) => new(null, data, "application/json");
}
