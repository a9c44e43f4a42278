using System.Collections.Frozen;
using System.Text.Json;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>How many runs of a plan with the same value in their input may be started at a time.</summary>
public sealed record PlanConcurrency
{
    /// <summary>How many at most can be said.</summary>
    public const int MostRuns = 10_000;

    /// <summary>How many UTF-16 units the value can have as text.</summary>
    public const int LongestValue = 200;

    private static readonly string[] s_keys = ["key", "max", "policy"];

    private static readonly FrozenDictionary<string, ConcurrencyPolicy> s_policies =
        Enum.GetValues<ConcurrencyPolicy>().ToFrozenDictionary(StepReader.WordOf, StringComparer.Ordinal);

    /// <summary>Where the value is, in the input.</summary>
    public required ValuePath Key { get; init; }

    public int Max { get; init; } = 1;

    /// <summary>What becomes of a run where others are in its way.</summary>
    public ConcurrencyPolicy Policy { get; init; }

    /// <summary>The value of an input as text; null where it has none, so that its run is in no group.</summary>
    /// <param name="problem">Why the value is none that runs can be compared by; null when it is one.</param>
    public string? ValueOf(Json input, out string? problem)
    {
        problem = null;
        var found = Key.Find(root => root == ValuePath.InputRoot ? input : null)?.Element;
        var text = found switch
        {
            null or { ValueKind: JsonValueKind.Null } => null,
            { ValueKind: JsonValueKind.String } value => value.GetString(),
            { ValueKind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } value => value.GetRawText(),
            _ => "",
        };
        if (text?.Length is 0 or > LongestValue)
        {
            problem = $"Expected a number, true, false or a text of 1 to {LongestValue} characters, by which runs of the plan are counted " +
                $"('concurrency'), got {(found!.Value.ValueKind == JsonValueKind.String ? $"{text.Length} characters" : $"an {found.Value.ValueKind.ToString().ToLowerInvariant()}")}.";
            return null;
        }
        return text;
    }

    /// <summary>Null when a plan says nothing of it, or there is something wrong with it.</summary>
    internal static PlanConcurrency? Read(MappingReader plan, ProblemList problems)
    {
        if (plan["concurrency"] is not { } node)
        {
            return null;
        }
        var reader = new MappingReader(node, problems, s_keys);
        if (reader["key"] is null)
        {
            problems.Add(reader.Place, ConfigCodes.Missing, "'concurrency' needs 'key: input.<name>', the value that its runs are counted by.");
        }
        var path = PathText.ReadPath(reader, "key", problems);
        if (path is not null && path.Root != ValuePath.InputRoot)
        {
            problems.Add(
                reader["key"]!.Place, ConfigCodes.UnknownRoot,
                $"'key' of 'concurrency' is a path into the input, such as input.player; it begins with '{Names.Shorten(path.Root)}'.");
        }
        var (max, policy) = (reader.Integer("max", 1, MostRuns) ?? 1, reader.Word("policy", s_policies) ?? ConcurrencyPolicy.Queue);
        return path is null ? null : new PlanConcurrency { Key = path, Max = max, Policy = policy };
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("concurrency");
        writer.WriteString("key", Key.Text);
        if (Max != 1)
        {
            writer.WriteNumber("max", Max);
        }
        if (Policy != ConcurrencyPolicy.Queue)
        {
            writer.WriteString("policy", StepReader.WordOf(Policy));
        }
        writer.WriteEndObject();
    }
}

/// <summary>What becomes of a run where others with the same value are in its way.</summary>
public enum ConcurrencyPolicy
{
    /// <summary>It waits for its turn.</summary>
    Queue,

    /// <summary>It is not accepted.</summary>
    Reject,

    /// <summary>The others are cancelled, and it starts when they have ended.</summary>
    Replace,
}
