namespace AgentGrid.GrainInterfaces.Agents;

/// <summary>
/// One agent on one node; its key is <c>node|agent</c>, and it is placed on the silo of that name. It keeps no state:
/// what runs is known to its node, by the key of its slot, so every call can be repeated.
/// </summary>
[Alias("agentgrid.IAgentGrain")]
public interface IAgentGrain : IGrainWithStringKey
{
    /// <summary>
    /// Invokes the agent, or joins the invocation that has the slot already. Answers when it has ended, or after some
    /// seconds that it is still running: then ask again with <see cref="JoinAsync"/>.
    /// </summary>
    [Alias("Invoke"), ResponseTimeout("00:00:30")]
    Task<InvocationReply> InvokeAsync(InvocationRequest request);

    /// <summary>As <see cref="InvokeAsync"/>, but starts nothing.</summary>
    [Alias("Join"), ResponseTimeout("00:00:30")]
    Task<InvocationReply> JoinAsync(string slot);

    /// <summary>Nobody waits for the result any more. Harmless when nothing has the slot.</summary>
    [Alias("Cancel"), ResponseTimeout("00:00:10")]
    Task CancelAsync(string slot);
}
