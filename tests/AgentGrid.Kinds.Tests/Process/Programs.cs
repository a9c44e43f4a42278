using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Process;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Kinds.Tests.Process;

/// <summary>Agents of the kind <c>process</c>, around programs of the tests.</summary>
internal static class Programs
{
    public static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Programs");
    private static readonly string s_python = Path.Combine(AppContext.BaseDirectory, "python");
    private static readonly Guard s_guard = new();

    public static ProcessSettings Python(string agent) => Command("python3", "-m", "agentgrid.worker", $"agents:{agent}");

    public static ProcessSettings Shell(string script) => Command("sh", "-c", script);

    public static ProcessSettings Command(params string[] command) => new()
    {
        Program = new ProgramSettings
        {
            Command = [.. command.Select(c => SecretText.Parse(c, out _)!)],
            WorkingDirectory = Folder,
            Environment = ImmutableSortedDictionary<string, SecretText>.Empty.Add("PYTHONPATH", SecretText.Parse(s_python, out _)!),
        },
    };

    public static ProcessSettings InFolder(this ProcessSettings settings, string folder) =>
        settings with { Program = settings.Program with { WorkingDirectory = folder } };

    public static ProcessSettings WithVariable(this ProcessSettings settings, string name, string value) => settings with
    {
        Program = settings.Program with { Environment = settings.Program.Environment.Add(name, SecretText.Parse(value, out _)!) },
    };

    public static ProcessAgent Agent(
        this ProcessSettings settings, TimeSpan? grace = null, int maxOutputBytes = 1 << 20, TestLog? log = null, bool leasesGpu = false) =>
        new("tested", settings, leasesGpu, new AgentKindContext
        {
            FindSecret = r => Environment.GetEnvironmentVariable(r.Name) ?? throw new AgentException("no_secret", r.Name),
            Services = NoServices.Instance,
            Time = TimeProvider.System,
            CancelGrace = grace ?? TimeSpan.FromSeconds(10),
            MaxOutputBytes = maxOutputBytes,
        }, s_guard, log ?? (Microsoft.Extensions.Logging.ILogger)NullLogger.Instance);

    public static AgentInvocation Invocation(string input, IAgentProgress? progress = null, int? gpu = null) => new()
    {
        RunId = RunId.Parse("01a202f6e0647131bc18100a246f23e1"),
        Key = new RunKey("match_1", "round_1"),
        Agent = "tested",
        Step = "step",
        Attempt = 2,
        Try = 1,
        Deadline = DateTimeOffset.UtcNow.AddMinutes(1),
        InputSource = () => Json.Parse(input),
        Gpu = gpu,
        Progress = progress ?? new Reports(),
    };

    private sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}

/// <summary>Keeps what is reported, and lets a test wait for the first report.</summary>
internal sealed class Reports : IAgentProgress
{
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<(double Fraction, string? Message)> All { get; } = [];

    public Task First => _first.Task.WaitAsync(TimeSpan.FromSeconds(20));

    public void Report(double fraction, string? message = null)
    {
        All.Add((fraction, message));
        _first.TrySetResult();
    }
}
