using System.ComponentModel.Design;
using AgentGrid.Core.Agents;

namespace AgentGrid.Engine.Tests.Agents;

/// <summary>What kinds may use, in tests.</summary>
internal static class Contexts
{
    public static AgentKindContext Of(TimeProvider time) => new()
    {
        FindSecret = _ => throw new AgentException("no_secret", "There are no secrets here."),
        Services = new ServiceContainer(),
        Time = time,
        CancelGrace = TimeSpan.FromSeconds(10),
        MaxOutputBytes = 1_000,
    };
}
