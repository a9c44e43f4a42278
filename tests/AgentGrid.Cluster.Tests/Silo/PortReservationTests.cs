using System.Net;
using System.Net.Sockets;
using AgentGrid.Silo.Hosting;

namespace AgentGrid.Cluster.Tests.Silo;

public sealed class PortReservationTests
{
    // Below those that connections get, and somewhere else for each who runs these tests.
    private readonly int _first = Random.Shared.Next(12_000, 28_000);

    [Fact]
    public void From_PortsThatAreClaimedAndNotListenedOn_AreLeftToThoseWhoClaimedThem()
    {
        using var one = PortReservation.From(_first);
        using var other = PortReservation.From(_first);

        Assert.NotEqual(one.Port, other.Port);
        using var listener = new TcpListener(IPAddress.Any, one.Port);
        listener.Start();
    }

    [Fact]
    public void From_APortThatSomebodyListensOn_IsPassedOver()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var taken = ((IPEndPoint)listener.LocalEndpoint).Port;

        using var claim = PortReservation.From(taken);

        Assert.True(claim.Port > taken, $"claimed {claim.Port}, and {taken} is listened on");
    }

    [Fact]
    public void Dispose_AClaim_FreesThePort()
    {
        var one = PortReservation.From(_first);
        one.Dispose();

        using var other = PortReservation.From(one.Port);

        Assert.Equal(one.Port, other.Port);
    }
}
