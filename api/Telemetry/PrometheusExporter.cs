using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace AgentGrid.Api.Telemetry;

/// <summary>
/// Writes what the OpenTelemetry SDK has aggregated as Prometheus text, version 0.0.4. Names and units are translated
/// as the OpenTelemetry specification says ("Prometheus and OpenMetrics Compatibility"): one that it cannot read would
/// cost it all the others.
/// </summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    private readonly StringBuilder _text = new();

    /// <summary>Collects now; set by the reader.</summary>
    public Func<int, bool>? Collect { get; set; }

    /// <summary>What the last collection found.</summary>
    public string Text { get; private set; } = "";

    public override ExportResult Export(in Batch<Metric> batch)
    {
        _text.Clear();
        foreach (var group in Distinct(batch))
        {
            WriteHead(group[0]);
            foreach (var metric in group)
            {
                WritePoints(metric);
            }
        }
        Text = _text.ToString();
        return ExportResult.Success;
    }

    // The same instrument of two meters (an engine that was started anew) is one metric with one head.
    private static IEnumerable<List<Metric>> Distinct(in Batch<Metric> batch)
    {
        var groups = new SortedDictionary<string, List<Metric>>(StringComparer.Ordinal);
        foreach (var metric in batch)
        {
            if (!groups.TryGetValue(NameOf(metric), out var group))
            {
                groups.Add(NameOf(metric), group = []);
            }
            group.Add(metric);
        }
        return groups.Values;
    }

    private void WriteHead(Metric metric)
    {
        var type = metric.MetricType switch
        {
            MetricType.LongSum or MetricType.DoubleSum => "counter",
            MetricType.Histogram or MetricType.ExponentialHistogram => "histogram",
            _ => "gauge",
        };
        _text.Append("# HELP ").Append(NameOf(metric)).Append(' ').Append(Escape(metric.Description)).Append('\n');
        _text.Append("# TYPE ").Append(NameOf(metric)).Append(' ').Append(type).Append('\n');
    }

    private void WritePoints(Metric metric)
    {
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            switch (metric.MetricType)
            {
                case MetricType.LongSum: Line(metric, "", point.Tags, null, point.GetSumLong()); break;
                case MetricType.DoubleSum: Line(metric, "", point.Tags, null, point.GetSumDouble()); break;
                case MetricType.LongGauge: Line(metric, "", point.Tags, null, point.GetGaugeLastValueLong()); break;
                case MetricType.DoubleGauge: Line(metric, "", point.Tags, null, point.GetGaugeLastValueDouble()); break;
                case MetricType.LongSumNonMonotonic: Line(metric, "", point.Tags, null, point.GetSumLong()); break;
                case MetricType.DoubleSumNonMonotonic: Line(metric, "", point.Tags, null, point.GetSumDouble()); break;
                case MetricType.Histogram: WriteHistogram(metric, point); break;
                default: throw new NotSupportedException($"{metric.Name} is a {metric.MetricType}.");
            }
        }
    }

    private void WriteHistogram(Metric metric, in MetricPoint point)
    {
        long count = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            Line(metric, "_bucket", point.Tags, bucket.ExplicitBound, count);
        }
        Line(metric, "_sum", point.Tags, null, point.GetHistogramSum());
        Line(metric, "_count", point.Tags, null, point.GetHistogramCount());
    }

    private void Line(Metric metric, string suffix, ReadOnlyTagCollection tags, double? le, double value)
    {
        _text.Append(NameOf(metric)).Append(suffix);
        var separator = '{';
        foreach (var (name, text) in Labels(tags))
        {
            Label(ref separator, name, text);
        }
        if (le is { } bound)
        {
            Label(ref separator, "le", Number(bound));
        }
        _text.Append(separator == '{' ? "" : "}").Append(' ').Append(Number(value)).Append('\n');
    }

    private void Label(ref char separator, string name, string value)
    {
        _text.Append(separator).Append(name).Append("=\"")
            .Append(Escape(value).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        separator = ',';
    }

    // Two keys can be one name. Their values are one then, in the order of the keys.
    private static IEnumerable<(string Name, string Value)> Labels(ReadOnlyTagCollection tags)
    {
        var labels = new List<(string Key, string Name, string Value)>(tags.Count);
        foreach (var (key, value) in tags)
        {
            labels.Add((key, Legal(key), TextOf(value)));
        }
        return labels.GroupBy(l => l.Name, StringComparer.Ordinal).Select(alike => (alike.Key, string.Join(
            ';', alike.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => l.Value))));
    }

    private static string TextOf(object? value) => value switch
    {
        bool yes => yes ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static string Escape(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string NameOf(Metric metric)
    {
        var name = Legal(metric.Name) + (metric.Unit == "s" ? "_seconds" : "");
        return metric.MetricType is MetricType.LongSum or MetricType.DoubleSum ? $"{name}_total" : name;
    }

    // What Prometheus takes for the name of a metric and of a label: letters of ASCII, digits and '_', no digit first.
    private static string Legal(string name)
    {
        var legal = new StringBuilder(name.Length + 1);
        foreach (var c in name)
        {
            if (char.IsAsciiDigit(c) && legal.Length == 0)
            {
                legal.Append('_');
            }
            var next = char.IsAsciiLetterOrDigit(c) ? c : '_';
            if (next != '_' || legal.Length == 0 || legal[^1] != '_')
            {
                legal.Append(next);
            }
        }
        return legal.Length == 0 ? "_" : legal.ToString();
    }
}
