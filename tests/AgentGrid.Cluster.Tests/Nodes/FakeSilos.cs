namespace AgentGrid.Cluster.Tests.Nodes;

/// <summary>Silos that are alive until the test says otherwise.</summary>
internal sealed class FakeSilos(params SiloAddress[] silos) : ISiloStatusOracle
{
    public HashSet<SiloAddress> Dead { get; } = [];

    public SiloStatus CurrentStatus => SiloStatus.Active;
    public string SiloName => "gpu1";
    public SiloAddress SiloAddress => silos[0];

    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) =>
        Dead.Contains(siloAddress) ? SiloStatus.Dead
            : silos.Contains(siloAddress) ? SiloStatus.Active
            : SiloStatus.None;

    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) =>
        silos.ToDictionary(s => s, GetApproximateSiloStatus);

    public SiloAddress[] GetActiveSilos() => [.. silos.Where(s => !Dead.Contains(s))];

    public bool TryGetSiloName(SiloAddress siloAddress, out string siloName)
    {
        siloName = SiloName;
        return true;
    }

    public bool IsFunctionalDirectory(SiloAddress siloAddress) => true;

    public bool IsDeadSilo(SiloAddress silo) => Dead.Contains(silo);

    public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer) => true;

    public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer) => true;
}
