using System.Text.Json.Serialization;

namespace AgentGrid.Core.Agents;

/// <summary>When an agent counts as failing, so that others are asked first.</summary>
/// <param name="Failures">How many failures in a row it takes; 0 for never.</param>
/// <param name="Cooldown">How long it is then not asked while others can be; after that, one attempt finds out whether it works again.</param>
public sealed record BreakerPolicy(int Failures, TimeSpan Cooldown)
{
    /// <summary>It never counts as failing.</summary>
    public static readonly BreakerPolicy Off = new(0, TimeSpan.Zero);

    /// <summary>The default.</summary>
    public static readonly BreakerPolicy Default = new(5, TimeSpan.FromSeconds(30));

    /// <summary>It can count as failing.</summary>
    [JsonIgnore]
    public bool IsOn => Failures > 0;
}
