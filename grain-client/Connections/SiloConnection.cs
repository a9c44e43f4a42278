namespace AgentGrid.GrainClient.Connections;

/// <summary>The grains of a process that is a silo itself.</summary>
internal sealed class SiloConnection(IClusterClient client) : IClusterConnection
{
    private volatile IClusterClient? _started;

    public IClusterClient? Client => _started;

    // Hosted services start one after the other, and the silo was there first.
    public void Start() => _started = client;

    public Task<IClusterClient> ConnectedAsync(CancellationToken cancellationToken) => Task.FromResult(client);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
