using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentGrid.Client;

/// <summary>
/// A run with its steps, as the server answered. Words such as statuses are strings, so that those of a newer server can be read.
/// Times are null until they happen.
/// </summary>
public sealed record Run
{
    public required string RunId { get; init; }
    public required string MatchId { get; init; }
    public required string Round { get; init; }
    public required string Plan { get; init; }

    /// <summary><c>scheduled</c>, <c>queued</c>, <c>running</c>, <c>completed</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public required string Status { get; init; }
    public DateTimeOffset AcceptedAt { get; init; }

    /// <summary>When it was scheduled to start; null for at once.</summary>
    public DateTimeOffset? StartsAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Null until it is completed.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>Null unless it failed.</summary>
    public RunError? Error { get; init; }

    /// <summary>Why it was cancelled; null unless it was.</summary>
    public string? CancelReason { get; init; }
    public IReadOnlyList<RunStep> Steps { get; init; } = [];

    /// <summary>The server's whole answer: attempts with their decisions, the plan, the input.</summary>
    [JsonIgnore]
    public JsonElement Json { get; internal init; }

    [JsonIgnore]
    public bool IsEnded => Status is "completed" or "failed" or "cancelled";

    /// <summary>The result as a .NET type, names in <c>snake_case</c>.</summary>
    /// <exception cref="RunFailedException">The run has ended without a result.</exception>
    /// <exception cref="InvalidOperationException">It has not ended.</exception>
    public T? ResultAs<T>()
    {
        EnsureCompleted();
        return Result is { } result ? result.Deserialize<T>(Wire.Options) : default;
    }

    /// <summary>Does nothing if the run is completed, and throws the reason if it is not.</summary>
    /// <inheritdoc cref="ResultAs" path="/exception"/>
    public Run EnsureCompleted() => Status switch
    {
        "completed" => this,
        _ when IsEnded => throw new RunFailedException(this),
        _ => throw new InvalidOperationException($"Run {RunId} is {Status}: wait for its end before you ask for its result."),
    };
}

/// <summary>A step of a run.</summary>
/// <param name="Output">The output, if it is small; for a larger one use <see cref="GridClient.GetOutputAsync"/>.</param>
/// <param name="OutputBytes">Its size; null until there is one.</param>
/// <param name="SkipReason">Null unless it was skipped.</param>
/// <param name="Wait">What it waits for; null while it does not wait.</param>
public sealed record RunStep(
    string Id, string Status, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, JsonElement? Output, long? OutputBytes,
    RunError? Error, string? SkipReason, RunWait? Wait);

/// <summary>What a step waits for.</summary>
/// <param name="Signal">The name of the signal; for an approval, the id of the step.</param>
/// <param name="Until">When the wait is over.</param>
/// <param name="Approval">What a person is asked: <c>title</c>, <c>description</c>, <c>form</c>, <c>given</c>; null for a signal.</param>
public sealed record RunWait(string Signal, DateTimeOffset Until, JsonElement? Approval);

/// <summary>Why a run, a step or an attempt failed.</summary>
/// <param name="Code">A stable word.</param>
public sealed record RunError(string Code, string Message);
