using System.Diagnostics.Metrics;
using AgentGrid.Api.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace AgentGrid.ClientApi.Tests.Telemetry;

/// <summary>Whatever is measured, and however it is called: Prometheus can read it.</summary>
public sealed class PrometheusExporterTests
{
    private static int s_meters;

    private readonly string _name = $"exported-{Interlocked.Increment(ref s_meters)}";

    [Theory]
    [InlineData("otel.metric.overflow", "otel_metric_overflow")]
    [InlineData("9 lives", "_9_lives")]
    [InlineData("größe", "gr_e")]
    [InlineData("a..b-c", "a_b_c")]
    [InlineData("le\"x\n", "le_x_")]
    [InlineData("", "_")]
    public void LabelName_OfAnyText_IsLegal(string key, string name)
    {
        var text = Export(meter => meter.CreateCounter<long>("c").Add(1, Tag(key, "v")));

        Assert.Equal(1, PrometheusText.Parse(text).Values[$"c_total{{{name}=\"v\"}}"]);
    }

    [Theory]
    [InlineData("a \"quoted\" \\ value")]
    [InlineData("two\nlines\r\nand {more}, = \"")]
    [InlineData("\\n\\\"")]
    [InlineData("ünï\u2028cödé \ud83d\ude00")]
    [InlineData("")]
    public void LabelValue_OfAnyText_ComesBack(string value)
    {
        var text = Export(meter => meter.CreateHistogram<double>("h").Record(1, Tag("x", value), Tag("y", 7)));

        var read = PrometheusText.Parse(text);
        Assert.Equal(value, Assert.Single(read.ValuesOf("x")));
        Assert.Equal("7", Assert.Single(read.ValuesOf("y")));
    }

    [Fact]
    public void Labels_WhoseKeysAreOneName_AreOneLabel()
    {
        var text = Export(meter => meter.CreateCounter<long>("c").Add(1, Tag("a_b", "2"), Tag("a.b", "1")));

        Assert.Equal(1, PrometheusText.Parse(text).Values["c_total{a_b=\"1;2\"}"]);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(1e-300)]
    [InlineData(-0.1)]
    public void Value_OfAnyKind_IsLegal(double value)
    {
        var text = Export(meter => meter.CreateObservableGauge("g", () => value));

        Assert.Equal(value, PrometheusText.Parse(text).Values["g"]);
    }

    [Fact]
    public void NameAndDescription_OfAnyText_AreLegal()
    {
        var text = Export(meter => meter.CreateCounter<long>("a.b/c-d", "s", "Two\nlines \\ and \"more\"").Add(1));

        Assert.Equal("Two\nlines \\ and \"more\"", PrometheusText.Parse(text).HelpOf("a_b_c_d_seconds_total"));
    }

    [Fact]
    public void Series_MoreThanAreKept_AreOneLegalSeries()
    {
        var text = Export(meter =>
        {
            var counter = meter.CreateCounter<long>("many");
            for (var i = 0; i < 10_000; i++)
            {
                counter.Add(1, Tag("who", i));
            }
        });

        var read = PrometheusText.Parse(text);
        Assert.InRange(read.Values.Count, 100, 3_000);
        Assert.Equal(10_000, read.Values.Values.Sum());
        Assert.True(read.Values["many_total{otel_metric_overflow=\"true\"}"] > 7_000);
    }

    [Fact]
    public void Gauge_WhoseSeriesComeAndGo_HasThoseThatAreThere()
    {
        using var meter = new Meter(_name);
        var now = 0;
        meter.CreateObservableGauge("there", () => new Measurement<int>(1, Tag("who", now)));
        var kept = meter.CreateCounter<long>("kept");
        var exporter = new PrometheusExporter();
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter(_name)
            .AddReader(new BaseExportingMetricReader(exporter)).Build();
        kept.Add(1);
        for (; now < 1_000; now++)
        {
            Assert.True(exporter.Collect!(Timeout.Infinite));
        }

        var read = PrometheusText.Parse(exporter.Text);
        Assert.Equal(["999"], read.ValuesOf("who"));
        Assert.Equal(2, read.Values.Count);
    }

    private static KeyValuePair<string, object?> Tag(string key, object? value) => new(key, value);

    private string Export(Action<Meter> measure)
    {
        using var meter = new Meter(_name);
        var exporter = new PrometheusExporter();
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter(_name)
            .AddReader(new BaseExportingMetricReader(exporter)).Build();
        measure(meter);
        Assert.True(exporter.Collect!(Timeout.Infinite));
        return exporter.Text;
    }
}
