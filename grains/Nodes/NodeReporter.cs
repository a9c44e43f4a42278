using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Driving;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// Describes this node to the dispatcher twice a second, and hears which agents are drained. On shutdown it says that
/// nothing is to come here any more, and then holds the silo until what runs, or was granted a slot before that, has ended
/// and is recorded.
/// </summary>
internal sealed partial class NodeReporter(
    Node node, ActiveRuns runs, IGrainFactory grains, ILogger<NodeReporter> logger)
    : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(20);

    private readonly IDispatcherGrain _dispatcher = grains.GetGrain<IDispatcherGrain>(0);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        node.StartDraining();
        await ReportAsync().ConfigureAwait(false);
        var started = node.Time.GetTimestamp();
        // What was on its way may have come while it was asked for.
        while (IsBusy() || await IsExpectingAsync().ConfigureAwait(false) || IsBusy())
        {
            if (node.Time.GetElapsedTime(started) > node.Options.DrainTimeout || cancellationToken.IsCancellationRequested)
            {
                LogNotDrained(logger, node.Name, node.Options.DrainTimeout.TotalSeconds);
                break;
            }
            await Task.Delay(DrainPoll, node.Time, CancellationToken.None).ConfigureAwait(false);
        }
        node.Close();
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, node.Time);
        do
        {
            node.Tidy();
            await ReportAsync().ConfigureAwait(false);
            await HearAsync().ConfigureAwait(false);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private bool IsBusy() => node.Running.AreRunning || runs.AreBusyWith(node.Name);

    // The dispatcher grants nothing here any more; what it granted before may still be on its way.
    private async Task<bool> IsExpectingAsync()
    {
        try
        {
            return await _dispatcher.CountOnTheirWayAsync(node.Name).ConfigureAwait(false) > 0;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // It is away, or of a version that cannot tell: an attempt that comes too late is delivered again elsewhere.
            LogUnheard(logger, Transient.Is(e) ? LogLevel.Debug : LogLevel.Warning, e, node.Name);
            return false;
        }
    }

    private async Task ReportAsync()
    {
        try
        {
            await _dispatcher.ReportNodeAsync(node.Describe()).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever keeps the dispatcher from answering: it is no reason to end this silo.
            LogUnheard(logger, Transient.Is(e) ? LogLevel.Debug : LogLevel.Warning, e, node.Name);
        }
    }

    // What was heard last holds on while the dispatcher is away, or of a version that cannot tell.
    private async Task HearAsync()
    {
        try
        {
            node.Drained = [.. await _dispatcher.GetDrainedAsync().ConfigureAwait(false)];
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogUnheard(logger, LogLevel.Debug, e, node.Name);
        }
    }

    [LoggerMessage(EventId = 520, Message = "The dispatcher did not hear of node '{Node}'")]
    private static partial void LogUnheard(ILogger logger, LogLevel level, Exception exception, string node);

    [LoggerMessage(521, LogLevel.Warning,
        "Attempts still ran on node '{Node}' after {Seconds} s of draining; they are delivered again elsewhere")]
    private static partial void LogNotDrained(ILogger logger, string node, double seconds);
}
