using System.Runtime.CompilerServices;
using AgentGrid.Api.Telemetry;
using AgentGrid.Core.Grid;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AgentGrid.Api;

/// <summary>Sends what a program shows of itself to a collector of OpenTelemetry.</summary>
public static class AgentGridTelemetry
{
    private const string Service = "agent-grid";

    // Asked every few seconds by machines, they would hide what people look for.
    private static readonly PathString[] s_silent = ["/health/live", "/health/ready", "/metrics"];

    private static readonly string[] s_meters =
    [
        GridInstruments.Name, ApiMetrics.Name, "Microsoft.Orleans", "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime",
    ];

    private static readonly string[] s_sources = [GridInstruments.Name, "Microsoft.Orleans.*", "System.Net.Http"];

    /// <summary>Whether the variables <c>OTEL_*</c>, or the option <c>OtlpEndpoint</c>, say where traces are to be sent.</summary>
    public static bool SendsTraces(IConfiguration configuration) =>
        OtlpSettings.Read(configuration)?.Signals.Contains(OtlpSettings.Traces) is true;

    /// <summary>
    /// Sends metrics, traces and logs over OTLP where the variables <c>OTEL_*</c>, or the option <c>OtlpEndpoint</c>,
    /// say where to; adds nothing otherwise. For programs that do not set OpenTelemetry up themselves.
    /// </summary>
    public static TBuilder AddAgentGridTelemetry<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        if (OtlpSettings.Read(builder.Configuration) is { } settings)
        {
            Send(builder, settings);
        }
        return builder;
    }

    // By itself, so that a process which sends nothing does not load what is named here.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Send(IHostApplicationBuilder builder, OtlpSettings settings)
    {
        builder.Configuration.Add(new MemoryConfigurationSource { InitialData = Complete(settings) });
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(Describe)
            .WithMetrics(metrics => metrics.AddMeter(s_meters))
            .WithTracing(Trace)
            .WithLogging(null, logs => (logs.IncludeScopes, logs.IncludeFormattedMessage) = (true, true))
            .UseOtlpExporter();
        LeaveOut(builder, settings);
        builder.Services.AddSingleton(settings);
        builder.Services.AddHostedService<OtlpFailures>();
    }

    // The exporter reads the variables itself.
    private static Dictionary<string, string?> Complete(OtlpSettings settings)
    {
        var complete = new Dictionary<string, string?> { [OtlpSettings.ProtocolVariable] = settings.Protocol };
        if (settings.Endpoint is { } endpoint)
        {
            complete[OtlpSettings.EndpointVariable] = endpoint.AbsoluteUri;
        }
        return complete;
    }

    // The exporter is for all three, and each would send that there is nothing.
    private static void LeaveOut(IHostApplicationBuilder builder, OtlpSettings settings)
    {
        if (!settings.Signals.Contains(OtlpSettings.Metrics))
        {
            builder.Services.RemoveAll<MeterProvider>();
            foreach (var listener in builder.Services.Where(IsListenerOfTheSdk).ToArray())
            {
                builder.Services.Remove(listener);
            }
        }
        if (!settings.Signals.Contains(OtlpSettings.Traces))
        {
            builder.Services.RemoveAll<TracerProvider>();
        }
        if (!settings.Signals.Contains(OtlpSettings.Logs))
        {
            builder.Logging.AddFilter<OpenTelemetryLoggerProvider>(null, LogLevel.None);
        }
    }

    // It hands measurements to the provider.
    private static bool IsListenerOfTheSdk(ServiceDescriptor service) => service.ServiceType == typeof(IMetricsListener)
        && service.ImplementationType?.Namespace == typeof(MeterProvider).Namespace;

    // What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes last, and counts.
    private static void Describe(ResourceBuilder resource) => resource.Clear()
        .AddService(Service, serviceVersion: typeof(AgentGridTelemetry).Assembly.GetName().Version?.ToString(3))
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();

    private static void Trace(TracerProviderBuilder tracing) => tracing
        .AddSource(s_sources)
        .AddProcessor(new OrleansRoots())
        .AddAspNetCoreInstrumentation(http => http.Filter = context => !s_silent.Contains(context.Request.Path));
}
