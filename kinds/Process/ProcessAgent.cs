using AgentGrid.Core;
using AgentGrid.Core.Agents;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Process;

/// <summary>An agent whose work is done by processes that are kept warm.</summary>
/// <param name="leasesGpu">Its attempts get memory on a GPU.</param>
internal sealed class ProcessAgent(
    string name, ProcessSettings settings, bool leasesGpu, AgentKindContext context, Guard guard, ILogger logger) : IKindAgent
{
    private readonly Lock _gate = new();

    // By the GPU that they see; the key of those that see whatever there is is -1.
    private readonly Dictionary<int, ProcessPool> _pools = [];

    public AgentHealth Health
    {
        get
        {
            ProcessPool[] pools;
            lock (_gate)
            {
                pools = [.. _pools.Values];
            }
            return pools.Select(p => p.Problem).FirstOrDefault(p => p is not null) is { } problem
                ? AgentHealth.Unhealthy(problem)
                : pools.Length > 0 && pools.All(p => p.Ready == 0) ? AgentHealth.Starting : AgentHealth.Healthy;
        }
    }

    /// <summary>Processes that do an attempt, or could.</summary>
    public int Ready
    {
        get
        {
            lock (_gate)
            {
                return _pools.Values.Sum(p => p.Ready);
            }
        }
    }

    /// <summary>
    /// Processes for a GPU of their own are started when an attempt comes that has memory there: before that nobody has leased
    /// what they would take. Where nobody leases, there is one, and it is started as any other.
    /// </summary>
    public Task WarmUpAsync(CancellationToken cancellationToken) =>
        settings.PerGpu && leasesGpu ? Task.CompletedTask : Pool(null).WarmUpAsync(cancellationToken);

    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var pool = Pool(settings.PerGpu ? invocation.Gpu : null);
        var artifacts = invocation.Artifacts;
        var paths = artifacts is NoArtifacts
            ? null
            : await ArtifactFiles.PathsAsync(invocation.Input, artifacts, cancellationToken).ConfigureAwait(false);
        var worker = await pool.TakeAsync(cancellationToken).ConfigureAwait(false);
        Json output;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            output = await worker.RunAsync(invocation, paths, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            pool.Return(worker);
        }
        return await ArtifactFiles.KeepAsync(output, artifacts, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        ProcessPool[] pools;
        lock (_gate)
        {
            pools = [.. _pools.Values];
        }
        await Task.WhenAll(pools.Select(p => p.CloseAsync())).ConfigureAwait(false);
    }

    private ProcessPool Pool(int? gpu)
    {
        lock (_gate)
        {
            return _pools.TryGetValue(gpu ?? -1, out var pool)
                ? pool
                : _pools[gpu ?? -1] = new ProcessPool(name, settings, context, guard, logger, gpu);
        }
    }
}
