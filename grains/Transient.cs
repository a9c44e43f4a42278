using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces;
using AgentGrid.RunLog.Connections;

namespace AgentGrid.Grains;

/// <summary>Failures that go away when what failed has moved or come back.</summary>
internal static class Transient
{
    public static bool Is(Exception exception) =>
        ClusterFailure.Is(exception) || RedisFailure.Is(exception) || exception is StoreUnavailableException;
}
