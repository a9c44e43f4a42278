using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Core.Agents;

/// <summary>What an agent is given for one attempt.</summary>
public sealed class AgentInvocation
{
    private const long NothingReported = -1;

    private Json? _input;
    private IAgentCalls? _calls;
    private long _tokens = NothingReported;

    public required RunId RunId { get; init; }
    public required RunKey Key { get; init; }

    /// <summary>The name under which the agent was invoked.</summary>
    public required string Agent { get; init; }

    /// <summary>The id of the step in its plan.</summary>
    public required string Step { get; init; }

    /// <summary>The number of the attempt within its step, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>How many tries this branch of the step has made, this one included; from 1.</summary>
    public int Try { get; init; } = 1;

    /// <summary>
    /// Identifies this attempt forever. A delivery repeated after a crash carries the same key, so work with side
    /// effects can be made to happen once. A call that another agent made in its attempt has a key of its own.
    /// </summary>
    public string IdempotencyKey
    {
        get => field ?? $"{RunId.Value}/{Step}/{Attempt}";
        init;
    }

    /// <summary>The deadline of the attempt, after which it is cancelled.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>
    /// A JSON object: what was posted (<c>match_id</c>, <c>round</c>, <c>grid_snapshot</c>, ...), the outputs of the
    /// steps it needs under their ids, <c>item</c> and <c>index</c> in mode <c>each</c>, and the step's own
    /// <c>input</c> merged over all that. Composed on first use.
    /// </summary>
    public Json Input => _input ??= InputSource();

    /// <summary>Makes <see cref="Input"/>.</summary>
    public required Func<Json> InputSource { private get; init; }

    /// <summary>Finds a member of <see cref="Input"/> without composing it; null if only the whole is available.</summary>
    public Func<string, JsonElement?>? MemberSource { private get; init; }

    /// <summary>
    /// A member of <see cref="Input"/>; null when there is none. This is cheap for large outputs: nothing is
    /// copied, and what was parsed for one attempt is shared by all in this process.
    /// </summary>
    public JsonElement? Member(string name)
    {
        if (MemberSource is not null)
        {
            return MemberSource(name);
        }
        return Input.Element is { ValueKind: JsonValueKind.Object } input && input.TryGetProperty(name, out var member)
            ? member
            : null;
    }

    /// <summary>
    /// <see cref="Input"/> as a .NET type, read with <see cref="Json.Options"/>. Members that are <c>required</c>, and parameters of
    /// the constructor without a default that do not allow null, must be present; members that are not nullable must not be null.
    /// </summary>
    /// <exception cref="AgentException">It does not fit: <c>bad_input</c>, with the members that are wrong.</exception>
    public T InputAs<T>() => InputContract.Read<T>(this);

    /// <summary>The outputs of the steps that this one needs, by step id; <c>null</c> (JSON) for a skipped step.</summary>
    public ImmutableDictionary<string, Json> Results { get; init; } = ImmutableDictionary<string, Json>.Empty;

    /// <summary>
    /// The W3C trace context of this attempt, for whatever the agent calls; null when the run is not traced. In an
    /// agent that runs in this process it is also the current activity.
    /// </summary>
    public string? TraceParent { get; set; }

    /// <summary>
    /// The index of the node's GPU on which memory is reserved for this attempt; null when the agent asks for none, or
    /// the node does not account for it.
    /// </summary>
    public int? Gpu { get; init; }

    public IAgentProgress Progress { get; init; } = NoProgress.Instance;

    /// <summary>
    /// Says that the attempt has used tokens of a language model, prompts and answers together. Can be said at any time until it returns or
    /// throws, on any thread and more than once: it is added up. By that it counts in the tokens of the agent's <c>rate_limit</c>, and it is
    /// in the events. Calls of other agents count for those.
    /// </summary>
    /// <param name="tokens">Not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public void ReportUsage(long tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        Interlocked.CompareExchange(ref _tokens, 0, NothingReported);
        Interlocked.Add(ref _tokens, tokens);
    }

    /// <summary>How many tokens were reported so far; null when none were.</summary>
    public long? Tokens => Interlocked.Read(ref _tokens) is >= 0 and var tokens ? tokens : null;

    /// <summary>Calls other agents, as long as the attempt lasts.</summary>
    public IAgentCalls Calls
    {
        get
        {
            // Its calls are counted: all threads of an agent have the same.
            if (_calls is null)
            {
                Interlocked.CompareExchange(ref _calls, Services?.CallsOf(this) ?? NoAgentCalls.Instance, null);
            }
            return _calls;
        }

        set => _calls = value;
    }

    /// <summary>Writes and reads what is no JSON, or large.</summary>
    public IArtifacts Artifacts
    {
        get => field ?? Services?.Artifacts ?? NoArtifacts.OutsideOfAGrid;
        set;
    }

    /// <summary>Has <see cref="Calls"/> and <see cref="Artifacts"/> when they are wanted.</summary>
    public IAgentServices? Services { private get; set; }
}

/// <summary>Takes an agent's progress reports; every report that is kept becomes an event.</summary>
public interface IAgentProgress
{
    /// <param name="fraction">0 to 1; values outside are clamped.</param>
    /// <param name="message">For people; null for none.</param>
    /// <remarks>Never blocks and never throws. Reports that come faster than 10 a second are thinned out.</remarks>
    void Report(double fraction, string? message = null);
}

internal sealed class NoProgress : IAgentProgress
{
    public static readonly NoProgress Instance = new();

    public void Report(double fraction, string? message = null)
    {
    }
}
