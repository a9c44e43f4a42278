using System.Text.Json.Serialization;
using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Runs;

/// <summary>Why something failed.</summary>
/// <param name="Kind">Whose failure it was; retry policies can name it.</param>
/// <param name="Code">Stable: an agent's own code, or one of Agent Grid's.</param>
/// <param name="Message">Who, what was expected, what came, and the remedy.</param>
/// <param name="Retryable">False when trying the same agent again cannot help.</param>
public sealed record RunError(ErrorKind Kind, string Code, string Message, bool Retryable = true)
{
    /// <summary>No run lasts longer, and every moment can be told to which it is added.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromDays(365);

    /// <summary>How many characters <see cref="Detail"/> has at most; of a longer one the middle is left out.</summary>
    public const int LongestDetail = 8_000;

    private const int LongestType = 200;

    /// <summary>
    /// How long trying the same agent again is useless, at most <see cref="LongestRetryAfter"/>; null when there is no
    /// telling. In JSON a number of seconds.
    /// </summary>
    [JsonConverter(typeof(SecondsConverter))]
    public TimeSpan? RetryAfter { get; init => field = Limited(value); }

    /// <summary>
    /// What was thrown, by its name in the agent's language: <c>System.IO.IOException</c>, <c>KeyError</c>. Null where nothing
    /// was, and where an agent has failed in its own words.
    /// </summary>
    public string? Type { get; init => field = value is null ? null : Names.Shorten(value, LongestType); }

    /// <summary>
    /// Where it was thrown: a stack trace or traceback, for those who may see the inside of agents. Null where there is none,
    /// and of an attempt whose step has <see cref="StepState.MostDetails"/> of them.
    /// </summary>
    public string? Detail { get; init => field = value is null ? null : Names.LeaveOutMiddle(value, LongestDetail); }

    /// <summary>Whether a policy retries failures of this kind or this code; one that names none retries all.</summary>
    internal bool IsNamedBy(RetryPolicy policy) =>
        policy.On.IsEmpty || policy.On.Contains(Code) || policy.On.Contains(Word(Kind));

    private static TimeSpan? Limited(TimeSpan? time) => time <= TimeSpan.Zero ? null
        : time > LongestRetryAfter ? LongestRetryAfter
        : time;

    private static string Word(ErrorKind kind) => kind switch
    {
        ErrorKind.Error => "error",
        ErrorKind.Timeout => "timeout",
        ErrorKind.Lost => "lost",
        ErrorKind.Routing => "routing",
        ErrorKind.Plan => "plan",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}

public enum ErrorKind
{
    /// <summary>The agent said so, or threw.</summary>
    Error,

    /// <summary>Out of time.</summary>
    Timeout,

    /// <summary>Its node went away too often.</summary>
    Lost,

    /// <summary>No agent could be found.</summary>
    Routing,

    /// <summary>The plan asks for something that the data does not have.</summary>
    Plan,
}
