using System.Globalization;
using System.Text;

namespace AgentGrid.ClientApi.Tests.Telemetry;

/// <summary>
/// The text format of Prometheus, version 0.0.4, read as strictly as it is described: what is not exactly that is an
/// error, as it is for a Prometheus, which then takes nothing at all.
/// </summary>
internal sealed class PrometheusText
{
    private static readonly string[] s_types = ["counter", "gauge", "histogram"];

    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _helps = new(StringComparer.Ordinal);
    private readonly List<string> _metrics = [];

    private PrometheusText()
    {
    }

    /// <summary>Every series, such as <c>up{job="a"}</c> with its labels as they are written, and its value.</summary>
    public Dictionary<string, double> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>The labels of every series.</summary>
    public Dictionary<string, (string Metric, Dictionary<string, string> Labels)> Series { get; } = [];

    /// <summary>The metrics, in their order.</summary>
    public IReadOnlyList<string> Metrics => _metrics;

    public static PrometheusText Parse(string text)
    {
        var read = new PrometheusText();
        Assert.EndsWith("\n", text);
        foreach (var line in text.Split('\n')[..^1])
        {
            read.Take(new Scanner(line));
        }
        read.CheckHistograms();
        return read;
    }

    public string HelpOf(string metric) => _helps[metric];

    /// <summary>The different values that a label has.</summary>
    public IReadOnlyList<string> ValuesOf(string label) =>
    [
        .. Series.Values.SelectMany(s => s.Labels).Where(l => l.Key == label).Select(l => l.Value)
            .Distinct().Order(StringComparer.Ordinal),
    ];

    private void Take(Scanner line)
    {
        if (line.Is("# HELP "))
        {
            var name = line.Name(colons: true);
            line.Expect(" ");
            Begin(name);
            Assert.True(_helps.TryAdd(name, line.Escaped(quoted: false)), $"A second help of {name}.");
        }
        else if (line.Is("# TYPE "))
        {
            var name = line.Name(colons: true);
            line.Expect(" ");
            Begin(name);
            var type = line.Rest();
            Assert.Contains(type, s_types);
            Assert.True(_types.TryAdd(name, type), $"A second type of {name}.");
        }
        else
        {
            TakeSample(line);
        }
        line.End();
    }

    // All lines of a metric are one group.
    private void Begin(string metric)
    {
        if (_metrics.LastOrDefault() != metric)
        {
            Assert.DoesNotContain(metric, _metrics);
            _metrics.Add(metric);
        }
    }

    private void TakeSample(Scanner line)
    {
        var name = line.Name(colons: true);
        var metric = _metrics[^1];
        string[] suffixes = _types[metric] == "histogram" ? ["_bucket", "_sum", "_count"] : [""];
        Assert.Contains(name, suffixes.Select(suffix => metric + suffix));
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (line.Is("{"))
        {
            do
            {
                var label = line.Name(colons: false);
                line.Expect("=\"");
                Assert.True(labels.TryAdd(label, line.Escaped(quoted: true)), $"{metric} has {label} twice.");
                line.Expect("\"");
            }
            while (line.Is(","));
            line.Expect("}");
        }
        var series = line.Before;
        line.Expect(" ");
        Assert.True(Values.TryAdd(series, Number(line.Rest())), $"{series} is there twice.");
        Series.Add(series, (name, labels));
    }

    private void CheckHistograms()
    {
        var buckets = Series.Where(s => s.Value.Metric.EndsWith("_bucket", StringComparison.Ordinal)).GroupBy(
            s => s.Key.Replace("_bucket", "_count", StringComparison.Ordinal)
                .Replace($",le=\"{s.Value.Labels["le"]}\"", "", StringComparison.Ordinal)
                .Replace($"{{le=\"{s.Value.Labels["le"]}\"}}", "", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            Series.Where(s => s.Value.Metric.EndsWith("_count", StringComparison.Ordinal))
                .Select(s => s.Key).ToHashSet(),
            buckets.Select(b => b.Key).ToHashSet());
        foreach (var histogram in buckets)
        {
            Assert.Contains(histogram.Key.Replace("_count", "_sum", StringComparison.Ordinal), Series.Keys);
            var bounds = histogram.Select(b => Number(b.Value.Labels["le"])).ToList();
            var counts = histogram.Select(b => Values[b.Key]).ToList();
            Assert.Equal(bounds.Distinct().Order(), bounds);
            Assert.Equal(counts.Order(), counts);
            Assert.Equal((double.PositiveInfinity, Values[histogram.Key]), (bounds[^1], counts[^1]));
        }
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(
            text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture),
    };

    private sealed class Scanner(string line)
    {
        private int _at;

        public string Before => line[.._at];

        public bool Is(string text)
        {
            var found = line.AsSpan(_at).StartsWith(text);
            _at += found ? text.Length : 0;
            return found;
        }

        public void Expect(string text) => Assert.True(Is(text), $"Expected {text} at {_at} of: {line}");

        public string Rest()
        {
            var rest = line[_at..];
            _at = line.Length;
            return rest;
        }

        public void End() => Assert.True(_at == line.Length, $"Something is left at {_at} of: {line}");

        public string Name(bool colons)
        {
            var start = _at;
            while (_at < line.Length && (char.IsAsciiLetter(line[_at]) || line[_at] == '_'
                || (colons && line[_at] == ':') || (_at > start && char.IsAsciiDigit(line[_at]))))
            {
                _at++;
            }
            Assert.True(_at > start, $"Expected a name at {_at} of: {line}");
            return line[start.._at];
        }

        /// <summary>A text with its escapes; a quoted one ends before its quote, another one with the line.</summary>
        public string Escaped(bool quoted)
        {
            var text = new StringBuilder();
            for (; _at < line.Length && !(quoted && line[_at] == '"'); _at++)
            {
                if (line[_at] != '\\')
                {
                    text.Append(line[_at]);
                    continue;
                }
                _at++;
                Assert.True(_at < line.Length && (line[_at] is '\\' or 'n' || (quoted && line[_at] == '"')),
                    $"No escape at {_at} of: {line}");
                text.Append(line[_at] == 'n' ? '\n' : line[_at]);
            }
            return text.ToString();
        }
    }
}
