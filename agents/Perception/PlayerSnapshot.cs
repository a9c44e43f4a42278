using System.Collections.Immutable;

namespace AgentGrid.Agents.Perception;

/// <summary>One player of a match snapshot, as far as it could be read.</summary>
/// <param name="Role">Lower case; <c>unknown</c> when it was not given.</param>
/// <param name="Peeks">Seconds on the snapshot's clock, ascending, each once.</param>
internal sealed record PlayerSnapshot(string Id, string Role, ImmutableArray<double> Peeks);
