using Microsoft.Extensions.Options;

namespace AgentGrid.Silo.Hosting;

/// <summary>
/// Ends a process that was told to stop and cannot, for example because Redis has gone: a supervisor would kill it anyway,
/// and what is accepted is durable.
/// </summary>
internal sealed class UnhandledErrors(IOptions<HostOptions> options, ProcessExit exit, TimeProvider time)
    : IHostedLifecycleService, IDisposable
{
    private const int ExitCode = 1;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);
    private ITimer? _timer;

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _timer = time.CreateTimer(_ => End(), null, options.Value.ShutdownTimeout + Grace, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void End() => exit.Now(
        ExitCode,
        $"Agent Grid could not be shut down within {options.Value.ShutdownTimeout.TotalSeconds:0} s, and exits as it " +
        "is. Accepted runs are durable, and go on elsewhere or after the next start.");
}
