using System.Globalization;
using System.Text.Json.Serialization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>
/// How many attempts of an agent may start, over all nodes: in any time <c>t</c>, at most <see cref="Burst"/> plus
/// <see cref="Requests"/> times <c>t</c> divided by <see cref="Per"/>.
/// </summary>
/// <param name="Requests">At least 1.</param>
/// <param name="Per">The time they apply to; at most a day.</param>
/// <param name="Burst">How many may start at once after a pause; at least 1.</param>
public sealed record RateLimit(int Requests, TimeSpan Per, int Burst = 1)
{
    /// <summary>The time between two starts when many wait; rounded up, so that there are never too many.</summary>
    [JsonIgnore]
    public TimeSpan Interval => TimeSpan.FromTicks((Per.Ticks + Requests - 1) / Requests);

    /// <summary>As people write it: <c>60/m</c>, <c>60/m, burst 10</c>, <c>5 per 90s</c>.</summary>
    public override string ToString()
    {
        var per = RateLimitReader.Units.FirstOrDefault(u => u.Value == Per) is { Key: { } unit }
            ? $"/{unit}"
            : $" per {DurationText.Format(Per)}";
        var burst = Burst == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", burst {Burst}");
        return string.Create(CultureInfo.InvariantCulture, $"{Requests}{per}{burst}");
    }
}
