using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>What a kind may use of the program that its agents live in.</summary>
public sealed class AgentKindContext
{
    /// <summary>Finds a secret; throws an <see cref="AgentException"/> with the reason when it is not there.</summary>
    public required Func<SecretReference, string> FindSecret { private get; init; }

    /// <summary>The services of the program, its loggers among them.</summary>
    public required IServiceProvider Services { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Where <c>agents.yaml</c> is, from which relative paths lead; null where there is no such folder.</summary>
    public string? ConfigFolder { get; init; }

    /// <summary>
    /// Whether attempts of agents that name GPU memory are told on which GPU they have it; false where nobody accounts for it.
    /// </summary>
    public bool LeasesGpuMemory { get; init; }

    /// <summary>How long an invocation that was cancelled keeps its slot while it has not returned.</summary>
    public required TimeSpan CancelGrace { get; init; }

    /// <summary>A larger output fails the attempt; in bytes.</summary>
    public required int MaxOutputBytes { get; init; }

    /// <summary>The text with its secrets, as they are now: not to be kept or shown.</summary>
    /// <exception cref="AgentException">A secret is not there.</exception>
    public string Reveal(SecretText text) => text.Reveal(FindSecret);

    /// <summary>
    /// What others wrote, fit to be shown: secrets that <paramref name="secrets"/> refer to, as services repeat them in what
    /// they answer, are references again.
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
