using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace AgentGrid.ClientApi.Telemetry;

/// <summary>
/// Writes what the OpenTelemetry SDK has aggregated as Prometheus text, version 0.0.4. Names and units are translated
/// as the OpenTelemetry specification says ("Prometheus and OpenMetrics Compatibility").
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
        _text.Append("# HELP ").Append(NameOf(metric)).Append(' ')
            .Append(metric.Description.Replace("\\", "\\\\", StringComparison.Ordinal)).Append('\n');
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
        foreach (var tag in tags)
        {
            Label(ref separator, tag.Key, Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "");
        }
        if (le is { } bound)
        {
            Label(ref separator, "le", Number(bound));
        }
        _text.Append(separator == '{' ? "" : "}").Append(' ').Append(Number(value)).Append('\n');
    }

    private void Label(ref char separator, string name, string value)
    {
        _text.Append(separator).Append(name).Append("=\"").Append(value
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
        separator = ',';
    }

    private static string Number(double value) => double.IsPositiveInfinity(value)
        ? "+Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static string NameOf(Metric metric)
    {
        var name = metric.Name.Replace('.', '_') + (metric.Unit == "s" ? "_seconds" : "");
        return metric.MetricType is MetricType.LongSum or MetricType.DoubleSum ? $"{name}_total" : name;
    }
}
