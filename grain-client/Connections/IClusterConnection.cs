namespace AgentGrid.GrainClient.Connections;

/// <summary>The way to the grains. It can be away for a while, and comes back by itself.</summary>
internal interface IClusterConnection
{
    /// <summary>Null while there is no way to any silo that was ever found.</summary>
    IClusterClient? Client { get; }

    /// <summary>Begins to look for silos, and returns at once.</summary>
    void Start();

    /// <summary>Waits until silos have been found for the first time.</summary>
    Task<IClusterClient> ConnectedAsync(CancellationToken cancellationToken);

    Task StopAsync(CancellationToken cancellationToken);
}
