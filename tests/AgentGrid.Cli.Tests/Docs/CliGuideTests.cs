using System.Globalization;
using System.Reflection;

namespace AgentGrid.Cli.Tests.Docs;

public sealed class CliGuideTests
{
    private static readonly string s_page = new Markdown("docs/cli.md").Text;

    [Fact]
    public void Page_NamesEveryCommandAndOption()
    {
        var nowhere = new TerminalEnvironment(
            TextReader.Null, TextWriter.Null, TextWriter.Null, false, null, new Dictionary<string, string>());
        var root = new CommandTree(nowhere).Root;
        var options = root.Subcommands.SelectMany(c => c.Options).Concat(root.Options).Select(o => o.Name).Distinct();

        Assert.True(root.Subcommands.Count >= 11);
        Assert.All(root.Subcommands, c => Assert.Matches($"\n\\| `{c.Name}[ `]", s_page));
        Assert.All(options, o => Assert.Matches($"`[^`]*{o}\\b", s_page));
    }

    [Fact]
    public void Page_ListsEveryExitCode()
    {
        var codes = typeof(ExitCode).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => (int)f.GetValue(null)!).ToList();

        Assert.Equal(11, codes.Count);
        Assert.All(codes, c => Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"\n| {c} | "), s_page));
    }
}
