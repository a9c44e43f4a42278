using System.Text.Json.Serialization;

namespace AgentGrid.Core.Agents;

/// <summary>What <c>agents.yaml</c> says about an agent that is not a class.</summary>
/// <param name="Name">The kind: <c>process</c>.</param>
/// <param name="Target">What it reaches, for people; without secrets.</param>
/// <param name="Keys">
/// The kind's own keys as written, sorted: the same text makes the same agent. Secrets appear as references.
/// </param>
public sealed record KindConfig(string Name, string Target, Json Keys)
{
    /// <summary>What the kind has read from it; only where the file was read.</summary>
    [JsonIgnore]
    public KindSettings? Settings { get; init; }
}
