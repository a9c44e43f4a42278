using System.Globalization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>
/// How many tokens the attempts of an agent may use, over all nodes: a bucket that holds <see cref="Tokens"/>, and is filled from empty in
/// <see cref="Per"/>, evenly, as providers of language models count them.
/// </summary>
/// <param name="Tokens">At least 1.</param>
/// <param name="Per">The time they apply to; at most a day.</param>
/// <param name="Estimate">What an attempt is taken to use until it has ended; null for what the agent's last attempts have used.</param>
public sealed record TokenLimit(long Tokens, TimeSpan Per, long? Estimate = null)
{
    /// <summary>As people read it: <c>90000 tokens/m</c>, <c>90000 tokens/m, estimate 1200</c>.</summary>
    public override string ToString()
    {
        var estimate = Estimate is { } tokens ? string.Create(CultureInfo.InvariantCulture, $", estimate {tokens}") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{Tokens} tokens{RateLimitReader.PerText(Per)}{estimate}");
    }
}
