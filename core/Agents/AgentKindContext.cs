using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>What a kind may use of the program its agents live in.</summary>
public sealed class AgentKindContext
{
    /// <summary>Finds a secret; throws an <see cref="AgentException"/> with the reason if it is missing.</summary>
    public required Func<SecretReference, string> FindSecret { private get; init; }

    /// <summary>The services of the program, its loggers among them.</summary>
    public required IServiceProvider Services { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>The folder of <c>agents.yaml</c>, where relative paths begin; null if there is none.</summary>
    public string? ConfigFolder { get; init; }

    /// <summary>
    /// Whether attempts of agents with GPU memory are told on which GPU they have it; false if GPU memory is not accounted for.
    /// </summary>
    public bool LeasesGpuMemory { get; init; }

    /// <summary>How long a cancelled invocation keeps its slot while it has not returned.</summary>
    public required TimeSpan CancelGrace { get; init; }

    /// <summary>The largest output, in bytes; a larger one fails the attempt.</summary>
    public required int MaxOutputBytes { get; init; }

    /// <summary>The text with the current values of its secrets: do not keep or show it.</summary>
    /// <exception cref="AgentException">A secret is missing.</exception>
    public string Reveal(SecretText text) => text.Reveal(FindSecret);

    /// <summary>
    /// Text from outside, made safe to show: secrets that <paramref name="secrets"/> refer to, which services may repeat in what
    /// they answer, are turned back into references.
    /// </summary>
    public string Conceal(string text, params IEnumerable<SecretText> secrets) =>
        secrets.Aggregate(text, (shown, secret) => secret.Conceal(shown, Find));

    private string? Find(SecretReference reference)
    {
        try
        {
            return FindSecret(reference);
        }
        catch (AgentException)
        {
            return null; // what is not there has not been sent
        }
    }
}
