using System.Text.Json.Serialization;

namespace AgentGrid.Core.Agents;

/// <summary>When an agent is taken to be failing, so that others are asked first.</summary>
/// <param name="Failures">After so many failures in a row; 0 for never.</param>
/// <param name="Cooldown">How long nobody asks it then while others can be asked; one attempt finds out whether it works again.</param>
public sealed record BreakerPolicy(int Failures, TimeSpan Cooldown)
{
    /// <summary>It is never taken to be failing.</summary>
    public static readonly BreakerPolicy Off = new(0, TimeSpan.Zero);

    /// <summary>What holds where nothing is said.</summary>
    public static readonly BreakerPolicy Default = new(5, TimeSpan.FromSeconds(30));

    /// <summary>It can be taken to be failing.</summary>
    [JsonIgnore]
    public bool IsOn => Failures > 0;
}
