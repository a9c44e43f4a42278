using System.Text.RegularExpressions;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>The table of faults names tests, and they are there.</summary>
public sealed partial class FaultsTests
{
    [Fact]
    public void Table_EveryRow_HasTestsThatAreThere()
    {
        var known = Directory.EnumerateFiles(Repository.PathOf("tests"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(f => Method().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value)).ToHashSet();
        var rows = Repository.Read("docs", "faults.md").Split('\n')
            .Where(l => l.StartsWith('|') && !l.StartsWith("| ---", StringComparison.Ordinal)).Skip(1).ToList();

        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            var tests = Named().Matches(row[row.LastIndexOf(" | ", StringComparison.Ordinal)..]).Select(m => m.Groups[1].Value);
            Assert.NotEmpty(tests);
            Assert.All(tests, test => Assert.Contains(test, known));
        });
    }

    [GeneratedRegex(@"(?:public|internal) (?:async )?(?:Task|void) (\w+)\(")]
    private static partial Regex Method();

    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex Named();
}
