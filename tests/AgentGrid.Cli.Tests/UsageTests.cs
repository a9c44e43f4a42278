using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

/// <summary>Command lines that need no server.</summary>
public sealed class UsageTests
{
    private static readonly string[] s_commands =
    [
        "run", "runs", "show", "watch", "cancel", "retry", "agents", "nodes", "plans", "route", "validate", "bench",
    ];

    [Fact]
    public async Task Help_ListsEveryCommand()
    {
        var result = await new Tool(null).RunAsync("--help");

        Assert.Equal(ExitCode.Ok, result.Exit);
        Assert.All(s_commands, c => Assert.Contains($"  {c} ", result.Out));
    }

    [Fact]
    public async Task Help_OfEachCommand_NamesItsOptions()
    {
        foreach (var command in s_commands)
        {
            var result = await new Tool(null).RunAsync(command, "--help");

            Assert.Equal(ExitCode.Ok, result.Exit);
            Assert.Contains("--server <url>", result.Out);
            Assert.Contains("--json", result.Out);
        }
    }

    [Theory]
    [InlineData("'--nothing'", "runs", "--nothing")]
    [InlineData("'tell'", "tell")]
    [InlineData("run", "run")]
    [InlineData("--limit must be 1 to 1000, not 0", "runs", "--limit", "0")]
    [InlineData("'many'", "runs", "--limit", "many")]
    [InlineData("'5' has no unit", "bench", "--time", "5")]
    [InlineData("name capabilities, or one agent", "route")]
    [InlineData("name capabilities, or one agent", "route", "scoring", "--agent", "echo")]
    [InlineData("'nowhere.json' cannot be read", "run", "nowhere.json")]
    [InlineData("'ftp://x' is not the address of a server", "runs", "--server", "ftp://x")]
    [InlineData("The API key contains", "runs", "--api-key", "a\nb")]
    public async Task Mistake_ExitsWithTwoAndSaysWhich(string message, params string[] args)
    {
        var result = await new Tool(null).RunAsync(args);

        Assert.Equal((ExitCode.Usage, ""), (result.Exit, result.Out));
        Assert.Contains(message, result.Error);
    }
}
