using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Store;

/// <summary>The way to an <see cref="IRunStore"/>, for those who read it on behalf of users.</summary>
public interface IStoreAccess
{
    /// <summary>Waits until the store can be used.</summary>
    /// <exception cref="GridUnavailableException">It cannot: it has not answered for some seconds.</exception>
    Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>Reads, once more where a first failure says nothing of the next.</summary>
    /// <exception cref="GridUnavailableException">The store is away for a while; the message is for users.</exception>
    Task<T> ReadAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken);

    /// <summary>What somebody should look at, though runs can be read; null for nothing, or where it is not known now.</summary>
    ValueTask<StoreProblem?> FindProblemAsync(CancellationToken cancellationToken);
}

/// <summary>Something that is wrong with a store.</summary>
/// <param name="Message">What it means, and the remedy; whole sentences.</param>
/// <param name="KeepsNothing">No run can be accepted, and none goes on, until it is over.</param>
public sealed record StoreProblem(string Message, bool KeepsNothing);
