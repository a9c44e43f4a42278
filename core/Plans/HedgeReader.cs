using System.Globalization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads and writes a step's <c>hedge</c>.</summary>
internal static class HedgeReader
{
    public const string Key = "hedge";

    // What says the same in other words.
    private static readonly string[] s_others = ["candidates", "hedge_after"];
    private static readonly string[] s_keys = ["after", "max", "budget"];
    private static readonly Hedge s_defaults = new();

    /// <returns>Null when the step has none.</returns>
    public static Hedge? Read(MappingReader step, ProblemList problems)
    {
        if (step[Key] is not { } node)
        {
            return null;
        }
        var before = problems.Count;
        var reader = new MappingReader(node, problems, s_keys);
        if (reader["after"] is null && problems.Count == before)
        {
            problems.Add(
                node.Place, ConfigCodes.Missing,
                "'hedge' needs 'after: <how long the first is waited for>': a duration such as 800ms, or a percentile such as p95.");
        }
        foreach (var other in s_others.Where(k => step[k] is not null))
        {
            problems.Add(
                step[other]!.Place, ConfigCodes.Contradiction,
                $"'{other}' has no meaning beside 'hedge', whose 'max' and 'after' say it: remove it.");
        }
        var percentile = ReadPercentile(reader, problems, out var isPercentile);
        return new Hedge
        {
            Percentile = percentile,
            After = isPercentile ? null : reader.Duration("after"),
            Max = reader.Integer("max", 1, Hedge.MostBackups) ?? s_defaults.Max,
            Budget = HedgeBudgetReader.Read(reader["budget"], problems),
        };
    }

    /// <summary>What does not go together with the rest of the step.</summary>
    public static void Check(StepDraft draft, ProblemList problems)
    {
        if (draft.Step.Hedge?.After is { } after && draft.Step.Timeout is { } timeout && after >= timeout)
        {
            problems.Add(
                draft.At(Key, "after"), ConfigCodes.Contradiction,
                $"'after' is {DurationText.Format(after)}, and an attempt of the step is given up after " +
                $"{DurationText.Format(timeout)} ('timeout'): no backup would ever be asked.");
        }
    }

    public static void Write(System.Text.Json.Utf8JsonWriter writer, Hedge? hedge)
    {
        if (hedge is null)
        {
            return;
        }
        writer.WriteStartObject(Key);
        writer.WriteString("after", AfterText(hedge));
        if (hedge.Max != s_defaults.Max)
        {
            writer.WriteNumber("max", hedge.Max);
        }
        HedgeBudgetReader.Write(writer, hedge.Budget);
        writer.WriteEndObject();
    }

    private static string AfterText(Hedge hedge) => hedge.Percentile is { } percentile
        ? string.Create(CultureInfo.InvariantCulture, $"p{percentile}")
        : DurationText.Format(hedge.After ?? TimeSpan.Zero);

    private static int? ReadPercentile(MappingReader reader, ProblemList problems, out bool isPercentile)
    {
        isPercentile = false;
        if (reader["after"] is not ConfigNode.Scalar { Kind: ScalarKind.Text, Text: ['p', .. var digits] } scalar)
        {
            return null;
        }
        isPercentile = true;
        if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var percentile) && percentile is >= 50 and <= 99)
        {
            return percentile;
        }
        problems.Add(
            scalar.Place, ConfigCodes.UnknownWord,
            $"'after': expected a duration such as 800ms, or p50 to p99, came {scalar.Describe()}.");
        return null;
    }
}
