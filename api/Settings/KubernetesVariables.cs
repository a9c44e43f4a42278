using System.Text.RegularExpressions;

namespace AgentGrid.Api.Settings;

/// <summary>
/// The variables by which Kubernetes tells every container of a namespace where its services are. Those of a service
/// <c>agentgrid</c> or <c>agentgrid-silo</c> begin like settings, and may even be called like one.
/// </summary>
internal static partial class KubernetesVariables
{
    public static bool IsOne(string name, string value) => Ports().IsMatch(name)
        || (name.EndsWith("_PORT", StringComparison.OrdinalIgnoreCase) && Address().IsMatch(value));

    [GeneratedRegex(
        @"_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)\z",
        RegexOptions.IgnoreCase)]
    private static partial Regex Ports();

    [GeneratedRegex(@"^\s*(tcp|udp|sctp)://", RegexOptions.IgnoreCase)]
    private static partial Regex Address();
}
