using AgentGrid.Kinds.Mcp;
using AgentGrid.Kinds.Tests.Http;

namespace AgentGrid.Kinds.Tests.Mcp;

/// <summary>What is said of keys of the kind <c>mcp</c>. Nothing is started or connected to.</summary>
public sealed class McpSettingsTests
{
    [Theory]
    [InlineData("tool: work", "either 'url' or 'command' must say where the server is")]
    [InlineData("tool: work, url: \"http://a/mcp\", command: [npx]", "either 'url' or 'command'")]
    [InlineData("url: \"http://a/mcp\"", "'tool' must say which of the server's tools to call: tool: search.")]
    [InlineData("tool: work, url: \"a/mcp\"", "an address is absolute")]
    [InlineData("tool: work, command: npx", "expected a list of texts")]
    [InlineData("tool: work, command: [npx], headers: { a: b }", "'headers' is for a server with a 'url', and this is a program.")]
    [InlineData("tool: work, url: \"http://a/mcp\", env: { A: b }", "'env' is for a program, and this server has a 'url'.")]
    [InlineData("tool: work, url: \"http://a/mcp\", arguments: ask.query", "did you mean 'input.ask.query'?")]
    [InlineData("tol: work, url: \"http://a/mcp\"", "unknown key 'tol', did you mean 'tool'?")]
    public void Read_Mistake_IsSaid(string keys, string said)
    {
        var problems = Agents.Read(new McpKind(), $"kind: mcp, {keys}").Problems;
        Assert.Contains(problems, p => p.Message.Contains(said, StringComparison.Ordinal));
        Assert.All(problems, p => Assert.Equal(2, p.Line));
    }

    [Fact]
    public void Target_OfAProgram_IsToolAndCommand()
    {
        var agent = Agents.Read(new McpKind(), "kind: mcp, command: [npx, -y, \"${env:SERVER}\"], tool: search").Config!.Agents["tested"];
        Assert.Equal("search at npx -y ${env:SERVER}", agent.Kind!.Target);
        Assert.Equal(16, agent.MaxConcurrency);
    }
}
