using System.CommandLine;
using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

/// <summary>Command lines that need no server.</summary>
public sealed class UsageTests
{
    private static readonly RootCommand s_root = new CommandTree(new TerminalEnvironment(
        TextReader.Null, TextWriter.Null, TextWriter.Null, false, null, new Dictionary<string, string>())).Root;

    private static readonly string[] s_commands = [.. s_root.Subcommands.Select(c => c.Name)];

    [Fact]
    public async Task Help_ListsEveryCommand()
    {
        var result = await new Tool(null).RunAsync("--help");

        Assert.Equal(ExitCode.Ok, result.Exit);
        Assert.Equal(23, s_commands.Length);
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
    [InlineData("'--stauts'", "runs", "--stauts", "failed")]
    [InlineData("'tell'", "tell")]
    [InlineData("run", "run")]
    [InlineData("--limit must be 1 to 1000, not 0", "runs", "--limit", "0")]
    [InlineData("--limit is 'many'; expected a whole number from 1 to 1000.", "runs", "--limit", "many")]
    [InlineData("--priority is 'high'; expected a whole number from -100 to 100.", "run", "-", "--priority", "high")]
    [InlineData("'5' has no unit", "bench", "--time", "5")]
    [InlineData("--time must be 1ms to 24h, not 0s", "bench", "--time", "0s")]
    [InlineData("--interval must be 10ms to 24h, not 0s", "runs", "--watch", "--interval", "0s")]
    [InlineData("--timeout must be 0s to 720h, not 744h", "run", "-", "--wait", "--timeout", "31d")]
    [InlineData("--patience must be 100ms to 1h, not 0s", "runs", "--patience", "0s")]
    [InlineData("--timeout needs --wait", "run", "-", "--timeout", "5s")]
    [InlineData("--timeout needs --wait", "retry", "a/b", "--timeout", "5s")]
    [InlineData("--interval needs --watch", "runs", "--interval", "5s")]
    [InlineData("name capabilities, or one agent", "route")]
    [InlineData("name capabilities, or one agent", "route", "scoring", "--agent", "echo")]
    [InlineData("'nowhere.json' cannot be read", "run", "nowhere.json")]
    [InlineData("'ftp://x' is not the address of a server", "runs", "--server", "ftp://x")]
    [InlineData("'http://x/?a=b' is not the address of a server", "runs", "--server", "http://x/?a=b")]
    [InlineData("The API key contains", "runs", "--api-key", "a\nb")]
    [InlineData("--status is 'faild', did you mean 'failed'?", "runs", "--status", "faild")]
    [InlineData("--status is 'odd'. Expected one of scheduled, queued, running, completed, failed, cancelled, waiting_for_slot,", "runs", "--status", "odd")]
    [InlineData("--status is 'completed'. Expected one of scheduled, queued, running,", "cancel", "--status", "completed")]
    [InlineData("--status is 'running'. Expected one of failed, cancelled,", "retry", "--status", "running")]
    [InlineData("say what to cancel: name runs, or choose them with --status, --key, --match", "cancel")]
    [InlineData("say what to cancel", "cancel", "--reason", "why")]
    [InlineData("say what to cancel", "cancel", "--all", "--match", "m")]
    [InlineData("say what to cancel", "cancel", "a/b", "--match", "m")]
    [InlineData("say what to cancel", "cancel", "--all=false")]
    [InlineData("say what to retry", "retry", "--from", "a")]
    [InlineData("--wait works with one run", "retry", "--match", "m", "--wait")]
    [InlineData("name one run", "show")]
    [InlineData("name one run", "show", "--match", "m")]
    [InlineData("name one run", "show", "a/b", "--match", "m")]
    [InlineData("name one run", "watch", "a/b", "--round", "r")]
    [InlineData("name one run", "watch", "--round", "r")]
    [InlineData("'*' may only stand at its beginning or its end", "watch", "--stage", "mo*on")]
    [InlineData("--after must be the number of an event, from 0, not -5", "watch", "--after", "-5")]
    [InlineData("--after must be the number of an event, from 0, not soon", "watch", "--after", "soon")]
    public async Task Mistake_ExitsWithTwoAndSaysWhich(string message, params string[] args)
    {
        var result = await new Tool(null).RunAsync(args);

        Assert.Equal((ExitCode.Usage, ""), (result.Exit, result.Out));
        Assert.Contains(message, result.Error);
    }

    // In a script an empty text is a variable that is not set; it must not stand for everything.
    [Fact]
    public async Task Text_ThatIsEmpty_IsRefusedByEveryOptionAndArgument()
    {
        var asked = 0;
        foreach (var command in s_root.Subcommands)
        {
            var calls = OptionsOf(command).Select(o => (o.Name, Args: (string[])[command.Name, o.Name, ""]))
                .Concat(command.Arguments.Select(
                    (a, i) => (a.Name, Args: (string[])[command.Name, .. Enumerable.Repeat("x", i), ""])));
            foreach (var (name, args) in calls)
            {
                var result = await new Tool(null).RunAsync(args);

                asked++;
                Assert.Equal((ExitCode.Usage, ""), (result.Exit, result.Out));
                Assert.Contains($"{name} is empty; give it a value, or leave it out.", result.Error);
            }
        }
        Assert.True(asked > 60, $"{asked}");
    }

    [Fact]
    public async Task Option_GivenTwice_IsRefusedByName()
    {
        var asked = 0;
        foreach (var command in s_root.Subcommands)
        {
            foreach (var option in OptionsOf(command).Where(o => o.Arity.MaximumNumberOfValues == 1))
            {
                var result = await new Tool(null).RunAsync(command.Name, option.Name, "1", option.Name, "2");

                asked++;
                Assert.Equal((ExitCode.Usage, ""), (result.Exit, result.Out));
                Assert.Contains($"{option.Name} is given 2 times; give it once.", result.Error);
            }
        }
        Assert.True(asked > 60, $"{asked}");
    }

    [Theory]
    [InlineData("AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_API_KEYS__0__NAME")]
    [InlineData("AGENTGRID_REDIS")]
    [InlineData("AGENTGRID_DATA")]
    public async Task Variable_OfAServerOnTheSameMachine_IsPassedOver(string name)
    {
        using var nobody = new ClosedPort();
        var tool = new Tool($"http://127.0.0.1:{nobody.Port}") { Variables = { [name] = "x" } };

        Assert.DoesNotContain(name, (await tool.RunAsync("agents")).Error);
    }

    // Switches aside, which have no value.
    private static IEnumerable<Option> OptionsOf(Command command) =>
        command.Options.Concat(s_root.Options)
            .Where(o => o.Arity.MaximumNumberOfValues > 0 && o.ValueType != typeof(bool));
}
