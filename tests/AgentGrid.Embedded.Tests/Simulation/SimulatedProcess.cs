using System.ComponentModel.Design;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Runs;
using AgentGrid.Embedded.Tests.Simulation.Disk;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Webhooks;
using AgentGrid.Simulation.Clock;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>One life of the engine: from its start to its crash or its shutdown.</summary>
internal sealed class SimulatedProcess
{
    private readonly string _data;
    private readonly SimulationSettings _settings;
    private readonly Random _random;
    private BrokenSession? _broken;

    public SimulatedProcess(
        SimulationSettings settings, Random random, SimulatedClock clock, SimulatedDisk disk, SimulatedArtifacts artifacts, EmbeddedOptions options,
        SimulatedAgents agents, Func<bool> isHealed, Action<WebhookDelivery> told)
    {
        _settings = settings;
        _random = random;
        _data = options.Data;
        Disk = disk;
        Agents = agents;
        Time = new SimulatedTime(clock);
        Platform = new SimulatedPlatform(random, disk, artifacts, OpenSession);
        SimulatedVfs.Mount(_data, disk);
        var services = new ServiceContainer();
        services.AddService(typeof(IWebhookSender), new SimulatedWebhooks(random, Time, isHealed, told));
        services.AddService(typeof(IOptions<WebhookOptions>), Options.Create(new WebhookOptions { RetryAfter = TimeSpan.FromSeconds(0.1) }));
        Grid = new EmbeddedGrid(
            Options.Create(options), SimulatedAgents.Catalog, agents.Create, Time, Log)
        {
            Platform = Platform,
            Services = services,
        };
    }

    public SimulatedDisk Disk { get; }
    public SimulatedAgents Agents { get; }
    public SimulatedTime Time { get; }
    public SimulatedPlatform Platform { get; }
    public EmbeddedGrid Grid { get; }
    public SimulatedLog Log { get; } = new();
    public EmbeddedEngine Engine => Grid.Engine;

    /// <summary>A shutdown has been asked for; the task ends with it.</summary>
    public Task? Stopping { get; set; }

    public bool HasWrites => Grid.IsRunning && Engine.Journal.HasWork;

    public void Start()
    {
        Grid.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        _broken?.Feed = Engine.Feed;
    }

    /// <summary>Nothing that this process still does reaches anybody.</summary>
    public void Kill()
    {
        Disk.Kill();
        Grid.Crash();
    }

    public void Forget() => SimulatedVfs.Unmount(_data);

    private JournalSession OpenSession(JournalFile file) => _settings.Breakage == Breakage.None
        ? new JournalSession(file)
        : _broken = new BrokenSession(file, _settings.Breakage, _random);
}

/// <summary>Notes what the engine itself calls a mistake of its own.</summary>
internal sealed class SimulatedLog : ILogger<EmbeddedGrid>
{
    public string? Mistake { get; private set; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id == RunDriver.BrokenEventId && exception?.Message != SimulatedMistakes.Message)
        {
            Mistake ??= $"{formatter(state, exception)}: {exception}";
        }
    }
}
