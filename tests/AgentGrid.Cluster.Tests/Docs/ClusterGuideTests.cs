using System.Text.RegularExpressions;
using AgentGrid.Api;
using AgentGrid.Core.Documents;
using AgentGrid.Embedded.Store;
using AgentGrid.GrainClient;
using AgentGrid.Grains;
using AgentGrid.RunLog;
using AgentGrid.Silo;

namespace AgentGrid.Cluster.Tests.Docs;

/// <summary>docs/cluster.md lists what the silo's help does, and the settings that there are.</summary>
public sealed partial class ClusterGuideTests
{
    private static readonly string s_page = Repository.Read("docs", "cluster.md");

    [Fact]
    public void Options_OfThePage_AreThoseOfTheHelp()
    {
        var help = HelpOptions().Matches(SiloCommandLine.Syntax.Help)
            .ToDictionary(m => m.Groups[1].Value, m => Spaces().Replace(m.Groups[2].Value, " ").Trim());
        var rows = Rows("--");

        Assert.Equal(help.Keys, rows.Select(r => r[0]));
        Assert.All(rows, r =>
        {
            var said = Default().Match(help[r[0]]).Groups[1].Value;
            Assert.StartsWith(r[2], said);
            Assert.Equal(r[2].Length == 0, said.Length == 0);
        });
    }

    [Fact]
    public void HelpOptions_AreAllThatCanBeSet()
    {
        var said = Words().Matches(SiloCommandLine.Syntax.Help).Select(m => m.Value).ToHashSet();

        Assert.All(SiloCommandLine.Syntax.Words, w => Assert.Contains(w, said));
    }

    [Fact]
    public void Settings_OfThePage_AreAllThatHaveNoOption_WithTheirDefaults()
    {
        var withOption = SiloCommandLine.Syntax.WithValue.Values
            .Select(v => v.Replace($"{ApiOptions.Section}:", "", StringComparison.Ordinal)).ToHashSet();
        var there = new object[]
        {
            new ClusterEngineOptions(), new RunLogOptions(), new GridClientOptions(), new SqliteStoreOptions(),
        }
            .SelectMany(o => o.GetType().GetProperties().Select(p => (p.Name, Value: p.GetValue(o))))
            .Append((Name: "Dashboard", Value: true))
            // Traces follow OpenTelemetry's variables.
            .Where(p => !withOption.Contains(p.Name) && p.Name != nameof(GridClientOptions.Traces)).DistinctBy(p => p.Name)
            // It follows the cluster's id.
            .Select(p => p.Name == nameof(RunLogOptions.KeyPrefix) ? (p.Name, null) : p)
            .ToDictionary(p => p.Name, p => p.Value switch
            {
                true => "true",
                TimeSpan time => DurationText.Format(time),
                var value => $"{value}",
            });

        var shown = Rows("").Where(r => SettingName().IsMatch(r[0])).ToDictionary(r => r[0], r => r[2]);

        Assert.Equal(there.Keys.Order(StringComparer.Ordinal), shown.Keys.Order(StringComparer.Ordinal));
        Assert.All(there.Where(p => p.Value.Length > 0), p => Assert.Equal(p.Value, shown[p.Key]));
    }

    // The cells of the rows of three columns whose first one is code that begins so, without what marks them as code.
    private static List<string[]> Rows(string start) =>
    [
        .. s_page.Split('\n').Where(l => l.StartsWith($"| `{start}", StringComparison.Ordinal))
            .Select(l => Pipes().Split(l.Trim()[1..^1])
                .Select(c => c.Replace("\\|", "|").Replace("`", "").Trim()).ToArray())
            .Where(r => r.Length == 3),
    ];

    [GeneratedRegex(@"^ {2}(--.*?)(?: {2,}|\r?$)((?:.*\r?\n?)(?: {4,}.*\r?\n?)*)", RegexOptions.Multiline)]
    private static partial Regex HelpOptions();

    [GeneratedRegex(@"\(default:? ([^)]*)\)")]
    private static partial Regex Default();

    [GeneratedRegex(@"(?<![\w-])(--)?[a-z]+(-[a-z]+)*")]
    private static partial Regex Words();

    [GeneratedRegex("^[A-Z][A-Za-z]+$")]
    private static partial Regex SettingName();

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Pipes();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
