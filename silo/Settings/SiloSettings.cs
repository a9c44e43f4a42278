using System.Net;
using AgentGrid.Grains;
using AgentGrid.RunLog;
using AgentGrid.Silo.Modes;

namespace AgentGrid.Silo.Settings;

/// <summary>What this process was told, checked.</summary>
internal sealed record SiloSettings
{
    public required SiloRole Role { get; init; }

    /// <summary>Where runs are kept, and who else may keep them there.</summary>
    public required ISiloMode Mode { get; init; }

    /// <summary>
    /// Where Redis is, and how to get in, as StackExchange.Redis writes it; null without one: this silo is alone.
    /// </summary>
    public required string? Redis { get; init; }
    public required string ClusterId { get; init; }

    /// <summary>The node's name; null: one is made of the machine's, the role and the port.</summary>
    public string? Name { get; init; }

    /// <summary>Null: the first free one.</summary>
    public int? SiloPort { get; init; }

    /// <summary>Null: the first free one.</summary>
    public int? GatewayPort { get; init; }

    /// <summary>The address under which others find this silo; null: found out.</summary>
    public IPAddress? Advertise { get; init; }
    public required ClusterEngineOptions Engine { get; init; }
    public required RunLogOptions RunLog { get; init; }

    /// <summary>How many of the newest events are kept in memory for feeds.</summary>
    public required int FeedBuffer { get; init; }

    /// <summary>False: neither the dashboard, nor the measurements that it takes of every call. Default true.</summary>
    public required bool Dashboard { get; init; }

    /// <summary>Drop what is damaged of the runs, say what it was, and end.</summary>
    public required bool Recover { get; init; }

    public string KeyPrefix => RunLog.KeyPrefix;
    public bool IsSilo => Role is SiloRole.All or SiloRole.Silo;
    public bool IsApi => Role is SiloRole.All or SiloRole.Api;
}
