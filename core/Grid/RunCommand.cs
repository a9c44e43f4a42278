using System.Text.Json.Serialization;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Grid;

/// <summary>A command to an existing run.</summary>
[JsonDerivedType(typeof(Cancel), "cancel")]
[JsonDerivedType(typeof(Retry), "retry")]
[JsonDerivedType(typeof(Signal), "signal")]
public abstract record RunCommand
{
    private RunCommand()
    {
    }

    /// <summary>Ends the run.</summary>
    /// <param name="Reason">For people; it is shown in the run and in its events.</param>
    public sealed record Cancel(string Reason = "cancelled by request") : RunCommand;

    /// <summary>
    /// Continues a failed or cancelled run from its completed steps; or any ended run from a step, so that this step and
    /// all that depend on it run again.
    /// </summary>
    /// <param name="FromStep">The id of a step; null for those that are not completed.</param>
    public sealed record Retry(string? FromStep = null) : RunCommand;

    /// <summary>
    /// Sends a signal to the step that waits for it, or will. A decision on a step with <c>approve</c> is a signal with the
    /// step's id as its name, and <c>{"approved": true, "comment": ..., "values": {...}}</c>.
    /// </summary>
    /// <param name="Name">The name in the plan; for a decision, the id of its step.</param>
    /// <param name="Data">Any JSON value of at most <see cref="SignalCheck.MaxBytes"/> bytes.</param>
    /// <param name="By">Who sends it, for <c>by</c> in plans and for the events; null if unknown.</param>
    /// <param name="Key">
    /// The idempotency key, of 1 to <see cref="SignalCheck.MaxKeyLength"/> characters; null: each signal is a new one.
    /// </param>
    /// <param name="IsDecision">Whether it is for a step with <c>approve</c>, and for no other.</param>
    public sealed record Signal(
        string Name, Json Data, string? By = null, string? Key = null, bool IsDecision = false) : RunCommand;
}

/// <summary>The outcome of a <see cref="RunCommand"/>.</summary>
[JsonDerivedType(typeof(Done), "done")]
[JsonDerivedType(typeof(NotFound), "not_found")]
[JsonDerivedType(typeof(Refused), "refused")]
[JsonDerivedType(typeof(Overloaded), "overloaded")]
[JsonDerivedType(typeof(Unavailable), "unavailable")]
public abstract record CommandResult
{
    private CommandResult()
    {
    }

    /// <param name="Changed">False if the run already was as requested.</param>
    public sealed record Done(RunSummary Run, bool Changed) : CommandResult;

    public sealed record NotFound : CommandResult;

    /// <summary>The run is in a state that does not allow it.</summary>
    public sealed record Refused(RunSummary Run, string Code, string Message) : CommandResult;

    /// <summary>There is no room now for another active run. Nothing was changed.</summary>
    public sealed record Overloaded(TimeSpan RetryAfter, string Message) : CommandResult;

    public sealed record Unavailable(string Message) : CommandResult;
}

/// <summary>The commands by their names.</summary>
public static class RunCommands
{
    /// <inheritdoc cref="RunCommand.Cancel"/>
    public static ValueTask<CommandResult> CancelAsync(
        this IAgentGrid grid, RunId id, string? reason = null, CancellationToken cancellationToken = default) =>
        grid.CommandAsync(
            id, reason is null ? new RunCommand.Cancel() : new RunCommand.Cancel(reason), cancellationToken);

    /// <inheritdoc cref="RunCommand.Retry"/>
    public static ValueTask<CommandResult> RetryAsync(
        this IAgentGrid grid, RunId id, string? fromStep = null, CancellationToken cancellationToken = default) =>
        grid.CommandAsync(id, new RunCommand.Retry(fromStep), cancellationToken);

    /// <inheritdoc cref="RunCommand.Signal"/>
    public static ValueTask<CommandResult> SignalAsync(
        this IAgentGrid grid, RunId id, string name, Json data, string? by = null, string? key = null,
        CancellationToken cancellationToken = default) =>
        grid.CommandAsync(id, new RunCommand.Signal(name, data, by, key), cancellationToken);

    /// <summary>Decides on a step that waits for a decision. See <see cref="RunCommand.Signal"/>.</summary>
    /// <param name="comment">Why; null for nothing.</param>
    /// <param name="values">What the step's form asks for; null for nothing.</param>
    public static ValueTask<CommandResult> DecideAsync(
        this IAgentGrid grid, RunId id, string step, bool approved, string? comment = null, Json? values = null,
        string? by = null, string? key = null, CancellationToken cancellationToken = default) =>
        grid.CommandAsync(
            id, new RunCommand.Signal(step, Json.From(new { approved, comment, values }), by, key, IsDecision: true),
            cancellationToken);
}
