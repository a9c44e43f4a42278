using AgentGrid.Api.Settings;
using AgentGrid.Api.Telemetry;
using Microsoft.Extensions.Configuration;

namespace AgentGrid.ClientApi.Tests.Telemetry;

/// <summary>OpenTelemetry's own variables mean here what they mean elsewhere.</summary>
public sealed class OtlpSettingsTests
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    [Theory]
    [InlineData("metrics, traces, logs to http://collector:4318/ (http/protobuf)", $"{Endpoint}=http://collector:4318")]
    [InlineData("metrics, traces, logs to http://collector:4317/ (grpc)", $"{Endpoint}=http://collector:4317")]
    [InlineData("metrics, traces, logs to http://collector:4317/ (http/protobuf)",
        $"{Endpoint}=http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")]
    [InlineData("metrics, traces, logs to https://collector/otlp (grpc)",
        $"{Endpoint}=https://me:secret@collector/otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc")]
    [InlineData("metrics, traces, logs to http://mine:4318/ (http/protobuf)",
        $"{Endpoint}=http://collector:4318", "AgentGrid:OtlpEndpoint=http://mine:4318")]
    [InlineData("traces to endpoints of their own (http/protobuf)", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://a:4318/v1/traces")]
    [InlineData("traces, logs to http://collector:4318/ (http/protobuf)",
        $"{Endpoint}=http://collector:4318", "OTEL_METRICS_EXPORTER=prometheus", "OTEL_LOGS_EXPORTER=console, otlp")]
    [InlineData(null, "OTEL_SERVICE_NAME=arena")]
    [InlineData(null, $"{Endpoint}=")]
    [InlineData(null, $"{Endpoint}=http://collector:4318", "OTEL_SDK_DISABLED=true")]
    public void Read_Variables_SayWhatIsSentWhere(string? expected, params string[] variables) =>
        Assert.Equal(expected, OtlpSettings.Read(Configuration(variables))?.ToString());

    [Theory]
    [InlineData($"{Endpoint}=collector:4317", $"{Endpoint} is no address; expected one such as http://localhost:4318.")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=logs",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT is no address; expected one such as http://localhost:4318.")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
        "OTEL_EXPORTER_OTLP_PROTOCOL is no protocol; expected grpc or http/protobuf.")]
    public void Check_WhatTheSdkWouldPassOver_IsAProblem(string variable, string problem)
    {
        var reader = new SectionReader(Configuration(variable));

        OtlpSettings.Check(reader);

        Assert.Equal([problem], reader.Problems);
    }

    private static IConfigurationRoot Configuration(params string[] variables) => new ConfigurationBuilder()
        .AddInMemoryCollection(variables.Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => (string?)v[1])).Build();
}
