using System.Collections.Immutable;
using AgentGrid.Api.Settings;

namespace AgentGrid.Api.Telemetry;

/// <summary>What OpenTelemetry's own variables, and the option <c>OtlpEndpoint</c>, say about what is sent where.</summary>
/// <param name="Signals">What is sent: <c>metrics</c>, <c>traces</c>, <c>logs</c>. Empty: nothing.</param>
/// <param name="Endpoint">Where what has no endpoint of its own is sent; null where all have one.</param>
/// <param name="Protocol">In which way, where nothing more special is said: <c>grpc</c> or <c>http/protobuf</c>.</param>
internal sealed record OtlpSettings(ImmutableArray<string> Signals, Uri? Endpoint, string Protocol)
{
    public const string Metrics = "metrics";
    public const string Traces = "traces";
    public const string Logs = "logs";
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    public const string ProtocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL";

    private const string Disabled = "OTEL_SDK_DISABLED";
    private const string Otlp = "otlp";
    private const string Grpc = "grpc";
    private const string Http = "http/protobuf";
    private const int PortOfGrpc = 4317;

    private static readonly ImmutableArray<string> s_signals = [Metrics, Traces, Logs];

    /// <summary>Null when nothing is sent.</summary>
    public static OtlpSettings? Read(IConfiguration configuration)
    {
        if (bool.TryParse(Text(configuration, Disabled), out var isDisabled) && isDisabled)
        {
            return null;
        }
        var endpoint = AddressOf(new SectionReader(configuration).Address(nameof(ApiOptions.OtlpEndpoint), null)?.AbsoluteUri)
            ?? AddressOf(Text(configuration, EndpointVariable));
        var signals = s_signals.Where(s => (endpoint ?? AddressOf(Text(configuration, EndpointOf(s)))) is not null
            && IsWanted(Text(configuration, ExporterOf(s)))).ToImmutableArray();
        var protocol = Text(configuration, ProtocolVariable) ?? (endpoint?.Port == PortOfGrpc ? Grpc : Http);
        return signals.IsEmpty ? null : new OtlpSettings(signals, endpoint, protocol);
    }

    /// <summary>Notes what is written there and cannot be understood: the SDK would pass over it.</summary>
    public static void Check(SectionReader reader)
    {
        foreach (var name in s_signals.Select(EndpointOf).Prepend(EndpointVariable))
        {
            Check(reader, name, AddressOf, "no address; expected one such as http://localhost:4318");
        }
        foreach (var name in s_signals.Select(ProtocolOf).Prepend(ProtocolVariable))
        {
            Check(reader, name, text => text is Grpc or Http ? text : null, $"no protocol; expected {Grpc} or {Http}");
        }
    }

    /// <summary>As it is said in the log, without a password.</summary>
    public override string ToString()
    {
        var shown = Endpoint?.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        return $"{string.Join(", ", Signals)} to {shown ?? "endpoints of their own"} ({Protocol})";
    }

    private static void Check(SectionReader reader, string name, Func<string, object?> parse, string problem)
    {
        if (reader.Sources.Of(name).LastOrDefault() is { } source && source.TryGet(name, out var text)
            && !string.IsNullOrWhiteSpace(text) && parse(text.Trim()) is null)
        {
            reader.Problem($"{SettingSources.Place(source, name)} is {problem}.");
        }
    }

    // Other exporters than this one are those of other programs, which may share the variables.
    private static bool IsWanted(string? exporters) => exporters is null
        || exporters.Split(',', StringSplitOptions.TrimEntries).Contains(Otlp, StringComparer.OrdinalIgnoreCase);

    private static Uri? AddressOf(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address : null;

    private static string? Text(IConfiguration configuration, string name) =>
        configuration[name]?.Trim() is { Length: > 0 } text ? text : null;

    private static string EndpointOf(string signal) => $"OTEL_EXPORTER_OTLP_{signal.ToUpperInvariant()}_ENDPOINT";

    private static string ProtocolOf(string signal) => $"OTEL_EXPORTER_OTLP_{signal.ToUpperInvariant()}_PROTOCOL";

    private static string ExporterOf(string signal) => $"OTEL_{signal.ToUpperInvariant()}_EXPORTER";
}
