using System.Globalization;
using System.Text.Json.Serialization;

namespace AgentGrid.Core.Agents;

/// <summary>
/// How many attempts of an agent may start, over all nodes: in any time <c>t</c>, at most <see cref="Burst"/> plus
/// <see cref="Requests"/> times <c>t</c> divided by <see cref="Per"/>. And how many tokens they may use.
/// </summary>
/// <param name="Requests">At least 1; null where tokens alone are limited.</param>
/// <param name="Per">The time they apply to; at most a day.</param>
/// <param name="Burst">How many may start at once after a pause; at least 1.</param>
public sealed record RateLimit(int? Requests, TimeSpan Per, int Burst = 1)
{
    /// <summary>How many tokens they may use; null for any number.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TokenLimit? Tokens { get; init; }

    /// <summary>The time between two starts when many wait; rounded up, so that there are never too many. Zero where any number may start.</summary>
    [JsonIgnore]
    public TimeSpan Interval => Requests is { } requests ? TimeSpan.FromTicks((Per.Ticks + requests - 1) / requests) : TimeSpan.Zero;

    /// <summary>As people write it: <c>60/m</c>, <c>60/m, burst 10</c>, <c>5 per 90s</c>, <c>500/m, 90000 tokens/m</c>.</summary>
    public override string ToString()
    {
        if (Requests is not { } requests)
        {
            return Tokens?.ToString() ?? "none";
        }
        var burst = Burst == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", burst {Burst}");
        return string.Create(CultureInfo.InvariantCulture, $"{requests}{RateLimitReader.PerText(Per)}{burst}{(Tokens is null ? "" : $", {Tokens}")}");
    }
}
