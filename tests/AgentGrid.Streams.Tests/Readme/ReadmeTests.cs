using System.Text.RegularExpressions;
using AgentGrid.Streams.Tests.Hosting;

namespace AgentGrid.Streams.Tests.Readme;

/// <summary>What streams/README.md shows is what is compiled here, and it works.</summary>
public sealed class ReadmeTests(SharedRedis redis)
{
    private static readonly string s_page = Repository.Read("streams", "README.md");

    [Fact]
    public void Examples_AreTheCompiledOnes()
    {
        var compiled = Lines(Repository.Read("tests", "AgentGrid.Streams.Tests", "Readme", "ReadmeExample.cs"));
        Assert.Equal(2, Blocks("csharp").Length);
        Assert.All(Blocks("csharp"), b => Assert.Contains(Lines(b), compiled, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Script_Run_BringsAnEventToTheStream()
    {
        var queue = redis.NewQueue();
        queue.Options.Format = new ReadingFormat();
        var reader = queue.Open();
        await redis.Connection.GetDatabase().ScriptEvaluateAsync(
            AppendScript.Text + Assert.Single(Blocks("lua")), [queue.Keys.Stream, $"{queue.Keys.Stream}:last"], ["boiler", 71.5]);
        var subscriber = reader.Cache.GetCacheCursor(StreamId.Create("sensors", "boiler"), token: null);
        await reader.ReadAsync();
        Assert.Equal([new Reading(71.5)], subscriber.Next<Reading>());
        Assert.Equal(71.5, await queue.Redis.HashGetAsync($"{queue.Keys.Stream}:last", "boiler"));
    }

    private static string[] Blocks(string language) =>
        [.. Regex.Matches(s_page, $"```{language}\n(.*?)```", RegexOptions.Singleline).Select(static m => m.Groups[1].Value)];

    private static string Lines(string text) => string.Join('\n', text.Trim().Split('\n').Select(static l => l.Trim()));
}
