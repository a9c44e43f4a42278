namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>What is done to the network, for how long, and to whom: all drawn from a seed.</summary>
internal sealed record Fault(FaultKind Kind, int Silo, TimeSpan Lasts)
{
    private static readonly FaultKind[] s_kinds = Enum.GetValues<FaultKind>();

    /// <summary>The faults of a seed; each kind comes once in so many seeds as there are kinds.</summary>
    public static IReadOnlyList<Fault> Of(int seed)
    {
        var random = new Random(seed);
        var first = Draw(random, s_kinds[seed % s_kinds.Length]);
        return random.Next(3) > 0 ? [first] : [first, Draw(random, s_kinds[random.Next(s_kinds.Length)])];
    }

    private static Fault Draw(Random random, FaultKind kind) =>
        new(kind, random.Next(PartitionedCluster.Silos.Count), TimeSpan.FromSeconds(random.Next(1, 12)));

    public override string ToString() => $"{Kind} of {PartitionedCluster.Silos[Silo]} for {Lasts.TotalSeconds} s";

    /// <summary>Breaks the network.</summary>
    public async Task StrikeAsync(PartitionedCluster cluster)
    {
        var network = cluster.Network;
        var silo = Kind is FaultKind.DispatcherFromSilos or FaultKind.DispatcherFromAll
            ? cluster.Dispatcher() : PartitionedCluster.Silos[Silo];
        string[] others = [.. PartitionedCluster.Silos.Where(s => s != silo)];
        string[] all = [.. others, PartitionedCluster.Api, .. PartitionedCluster.Redises];
        switch (Kind)
        {
            case FaultKind.FromRedis:
                Each(PartitionedCluster.Redises, r => network.Cut(silo, r));
                break;
            case FaultKind.ToRedis:
                Each(PartitionedCluster.Redises, r => network.CutOneWay(silo, r));
                break;
            case FaultKind.OfRedis:
                Each(PartitionedCluster.Redises, r => network.CutOneWay(r, silo));
                break;
            case FaultKind.FromSilos:
            case FaultKind.DispatcherFromSilos:
                Each(others, o => network.Cut(silo, o));
                break;
            case FaultKind.ToSilos:
                Each(others, o => network.CutOneWay(silo, o));
                break;
            case FaultKind.ToOneSilo:
                network.CutOneWay(silo, others[0]);
                break;
            case FaultKind.FromAll:
            case FaultKind.DispatcherFromAll:
                Each(all, o => network.Cut(silo, o));
                break;
            case FaultKind.ApiFromRedis:
                Each(PartitionedCluster.Redises, r => network.Cut(PartitionedCluster.Api, r));
                break;
            case FaultKind.ApiFromSilo:
                network.Cut(PartitionedCluster.Api, silo);
                break;
            case FaultKind.Slow:
                Both(all, silo, network, new Network.Link(TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(140), 0));
                break;
            case FaultKind.Lossy:
                Both(all, silo, network, new Network.Link(TimeSpan.Zero, TimeSpan.FromMilliseconds(5), 0.15));
                break;
            case FaultKind.PrimaryFromAll:
                var primary = await cluster.PrimaryAsync();
                Each(PartitionedCluster.Silos.Append(PartitionedCluster.Api), o => network.Cut(primary, o));
                Each(PartitionedCluster.Redises.Where(r => r != primary), r => network.Cut(primary, r));
                break;
            case FaultKind.PrimaryWithOneSilo:
                var alone = await cluster.PrimaryAsync();
                Each(others.Append(PartitionedCluster.Api), o => network.Cut(alone, o));
                Each(PartitionedCluster.Redises.Where(r => r != alone), r => network.Cut(alone, r));
                break;
            default:
                throw new InvalidOperationException($"{Kind}");
        }
    }

    private static void Each(IEnumerable<string> hosts, Action<string> act)
    {
        foreach (var host in hosts)
        {
            act(host);
        }
    }

    private static void Both(string[] hosts, string silo, Network network, Network.Link link) => Each(hosts, h =>
    {
        network.Set(silo, h, link);
        network.Set(h, silo, link);
    });
}
