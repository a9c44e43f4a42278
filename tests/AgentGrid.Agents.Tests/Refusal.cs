using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Tests;

internal static class Refusal
{
    /// <summary>
    /// Invokes an agent that must refuse for good, with that code and a message that names those words.
    /// </summary>
    public static void Of(IAgent agent, AgentInvocation invocation, string code, params string[] words)
    {
        var refusal = Assert.Throws<AgentException>(() => Invocations.Run(agent, invocation));
        Assert.Equal(code, refusal.Code);
        Assert.False(refusal.Retryable);
        Assert.All(words, word => Assert.Contains(word, refusal.Message));
    }
}
