
namespace AgentGrid.Cli.Tests.Docs;

public sealed class LinkTests
{
    public static TheoryData<string> Pages =>
    [
        "README.md",
        "deploy/README.md",
        "samples/README.md",
        .. Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Repository.Root, f).Replace('\\', '/')),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_OfAPage_LeadSomewhere(string page)
    {
        var markdown = new Markdown(page);
        var broken = markdown.Links().Where(l => !l.Contains("://", StringComparison.Ordinal) && !Resolves(page, l));

        Assert.Empty(broken);
    }

    [Fact]
    public void Readme_LinksEveryGuide()
    {
        var links = new Markdown("README.md").Links().ToHashSet();

        Assert.All(
            Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md"),
            guide => Assert.Contains($"docs/{Path.GetFileName(guide)}", links));
    }

    private static bool Resolves(string page, string link)
    {
        var parts = link.Split('#');
        var target = parts[0].Length == 0
            ? page
            : Path.GetRelativePath(Repository.Root, Repository.PathOf(Path.GetDirectoryName(page)!, parts[0]))
                .Replace('\\', '/');
        return parts.Length == 1
            ? Path.Exists(Repository.PathOf(target))
            : new Markdown(target).Anchors().Contains(parts[1]);
    }
}
