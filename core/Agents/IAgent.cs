namespace AgentGrid.Core.Agents;

/// <summary>
/// A named unit of work. One instance serves all its invocations, concurrently up to <c>max_concurrency</c>, so it
/// must not keep state of an invocation in fields. Put <see cref="AgentAttribute"/> on the class.
/// </summary>
public interface IAgent
{
    /// <summary>
    /// Does the work of one attempt. Called at least once per attempt: after a crash the same attempt can be
    /// delivered again, with the same <see cref="AgentInvocation.IdempotencyKey"/>.
    /// </summary>
    /// <returns>The output, any JSON value.</returns>
    /// <exception cref="AgentException">The attempt failed, with a code that retry policies can name.</exception>
    /// <remarks>Any other exception fails the attempt with the code <c>error</c>, and may be retried.</remarks>
    ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken);
}

/// <summary>
/// An agent whose input and output are .NET types: the input is read as by <see cref="AgentInvocation.InputAs{T}"/>, the output written with
/// <see cref="Json.Options"/>.
/// </summary>
public abstract class Agent<TIn, TOut> : IAgent
{
    public abstract ValueTask<TOut> InvokeAsync(
        TIn input, AgentInvocation invocation, CancellationToken cancellationToken);

    async ValueTask<Json> IAgent.InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var input = invocation.InputAs<TIn>();
        return Json.From(await InvokeAsync(input, invocation, cancellationToken).ConfigureAwait(false));
    }
}
