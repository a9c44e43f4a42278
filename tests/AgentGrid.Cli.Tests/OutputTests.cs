using System.Text.Json;
using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

/// <summary>What becomes of the program when its output has no reader (any more), or no room.</summary>
public sealed class OutputTests(GridHost host) : IClassFixture<GridHost>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("watch --after 0")]
    [InlineData("watch --after 0 --json")]
    [InlineData("watch read/1")]
    [InlineData("runs --watch --match read")]
    [InlineData("run - --plan $PLAN --match read --round 1 --wait <<< '{}'")]
    public async Task Stream_ReaderGoes_EndsAtOnceThoughNothingMoreComes(string command)
    {
        var plan = await StartHeldAsync("read", "1");
        var shell = new Shell(host.Url) { Variables = { ["PLAN"] = plan } };

        var result = await shell.RunAsync($$"""agentgrid {{command}} | head -n1; echo "exit ${PIPESTATUS[0]}" """);

        Assert.Equal("exit 141", result.Lines[^1]);
        Assert.Equal((2, ""), (result.Lines.Count, result.Error));
        var shown = await host.Tool().RunAsync("show", "read/1");
        Assert.Contains("status    running", shown.Out);
    }

    [Fact]
    public async Task List_ReaderGoes_EndsQuietly()
    {
        await StartHeldAsync("listed", "1");

        var result = await new Shell(host.Url).RunAsync(
            """
            for command in runs agents nodes plans health 'show listed/1' --help; do
                agentgrid $command | head -c1 > /dev/null
                echo "${PIPESTATUS[0]}"
            done
            """);

        Assert.Equal((7, ""), (result.Lines.Count, result.Error));
        Assert.All(result.Lines, exit => Assert.Contains(exit, (string[])["0", "141"]));
    }

    [Fact]
    public async Task Change_NobodyReads_IsDoneToItsEnd()
    {
        await StartHeldAsync("unread", "1");
        await StartHeldAsync("unread", "2");

        var result = await new Shell(host.Url).RunAsync(
            """agentgrid cancel unread/1 unread/2 | true; echo "${PIPESTATUS[0]}" """);

        Assert.Equal(("0", ""), (result.Out.Trim(), result.Error));
        var listed = await host.Tool().RunAsync("runs", "--match", "unread", "--status", "cancelled", "--json");
        Assert.Equal(2, listed.Json.GetProperty("runs").GetArrayLength());
    }

    [Fact]
    public async Task Output_DiskIsFull_IsSaidWithAnExitCodeOfItsOwn()
    {
        var result = await new Shell(host.Url).RunAsync("agentgrid agents > /dev/full");

        Assert.Equal(ExitCode.OutputLost, result.Exit);
        Assert.StartsWith("agentgrid: the output cannot be written: No space left", result.Error);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Output_OtherLocale_IsUtf8()
    {
        await StartHeldAsync("Größe", "１");
        var shell = new Shell(host.Url) { Variables = { ["LC_ALL"] = "de_DE.ISO-8859-1" } };

        var result = await shell.RunAsync("agentgrid runs --match Größe --json; agentgrid runs --match Größe");

        var run = JsonElement.Parse(result.Lines[0]).GetProperty("runs")[0];
        Assert.Equal("Größe", run.GetProperty("match_id").GetString());
        Assert.Contains("Größe/１", result.Lines[^1]);
    }

    [Theory]
    [InlineData("agentgrid run - --plan $PLAN <<< $'{\"match_id\":\"\\xff\",\"round\":\"1\"}'")]
    [InlineData("printf '{\"match_id\":\"\\xff\",\"round\":\"1\"}' > $PLAN.x; agentgrid run $PLAN.x --plan $PLAN")]
    public async Task Input_ThatIsNotUtf8_IsRefusedRatherThanChanged(string script)
    {
        var plan = _scratch.Write("echo.yaml", "steps: { a: { agent: echo } }\n");
        var shell = new Shell(host.Url) { Variables = { ["PLAN"] = plan } };

        var result = await shell.RunAsync(script);

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains("is not UTF-8", result.Error);
    }

    private async Task<string> StartHeldAsync(string match, string round)
    {
        var plan = _scratch.Write("held.yaml", "steps: { only: { agent: hold } }\n");
        var tool = new Tool(host.Url) { Input = "{}" }.Start(
            "run", "-", "--match", match, "--round", round, "--plan", plan, "--wait");
        await tool.PrintedAsync("half way");
        await tool.InterruptAsync();
        return plan;
    }
}
