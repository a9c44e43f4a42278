using System.Text.Json;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads and writes <c>budget: 5%</c>, <c>10% gpu_seconds</c> and <c>{attempts, gpu_seconds, window}</c> of a <c>hedge</c>.</summary>
internal static class HedgeBudgetReader
{
    private const string Attempts = "attempts";
    private const string GpuSeconds = "gpu_seconds";
    private const string Window = "window";

    private static readonly string[] s_keys = [Attempts, GpuSeconds, Window];
    private static readonly HedgeBudget s_default = new();

    public static HedgeBudget Read(ConfigNode? node, ProblemList problems)
    {
        switch (node)
        {
            case null:
                return s_default;
            case ConfigNode.Mapping:
                return ReadMapping(node, problems);
            case ConfigNode.Scalar { Kind: ScalarKind.Text, Text: var text } when text.Split(' ') is [var share, GpuSeconds]:
                if (PercentText.Parse(share) is > 0 and var gpuSeconds)
                {
                    return s_default with { AttemptsPercent = null, GpuSecondsPercent = gpuSeconds };
                }
                break;
            default:
                if (PercentText.Read(node) is > 0 and var attempts)
                {
                    return s_default with { AttemptsPercent = attempts };
                }
                break;
        }
        problems.Add(
            node.Place, ConfigCodes.UnknownWord,
            "'budget': expected a share of the step's attempts above 0%, such as 5%, or of their GPU-seconds, such as 10% gpu_seconds, " +
            $"came {node.Describe()}.");
        return s_default;
    }

    /// <summary>Nothing for the default.</summary>
    public static void Write(Utf8JsonWriter writer, HedgeBudget budget)
    {
        if (budget == s_default)
        {
            return;
        }
        if (budget.Window == s_default.Window && (budget.AttemptsPercent is null || budget.GpuSecondsPercent is null))
        {
            writer.WriteString("budget", budget.GpuSecondsPercent is { } share
                ? $"{PercentText.Format(share)} {GpuSeconds}"
                : PercentText.Format(budget.AttemptsPercent!.Value));
            return;
        }
        writer.WriteStartObject("budget");
        WritePercent(writer, Attempts, budget.AttemptsPercent);
        WritePercent(writer, GpuSeconds, budget.GpuSecondsPercent);
        if (budget.Window != s_default.Window)
        {
            writer.WriteString(Window, DurationText.Format(budget.Window));
        }
        writer.WriteEndObject();
    }

    private static HedgeBudget ReadMapping(ConfigNode node, ProblemList problems)
    {
        var reader = new MappingReader(node, problems, s_keys);
        var gpuSeconds = ReadPercent(reader, GpuSeconds, problems);
        var window = reader.Duration(Window) ?? s_default.Window;
        if (window < HedgeBudget.ShortestWindow || window > HedgeBudget.LongestWindow)
        {
            problems.Add(
                reader[Window]!.Place, ConfigCodes.OutOfRange,
                $"'{Window}' must be 1m to 1d, not {DurationText.Format(window)}.");
        }
        return new HedgeBudget
        {
            AttemptsPercent = ReadPercent(reader, Attempts, problems)
                ?? (reader[GpuSeconds] is null ? HedgeBudget.DefaultAttempts : null),
            GpuSecondsPercent = gpuSeconds,
            Window = window,
        };
    }

    private static double? ReadPercent(MappingReader reader, string key, ProblemList problems)
    {
        if (reader[key] is not { } node)
        {
            return null;
        }
        if (PercentText.Read(node) is > 0 and var percent)
        {
            return percent;
        }
        problems.Add(
            node.Place, ConfigCodes.UnknownWord,
            $"'{key}': expected a share above 0% of what the step's other attempts have, such as 5%, came {node.Describe()}.");
        return null;
    }

    private static void WritePercent(Utf8JsonWriter writer, string key, double? percent)
    {
        if (percent is { } share)
        {
            writer.WriteString(key, PercentText.Format(share));
        }
    }
}
