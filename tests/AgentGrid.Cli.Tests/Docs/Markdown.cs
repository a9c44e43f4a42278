using System.Text.RegularExpressions;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>A page of the documentation.</summary>
internal sealed partial class Markdown(string path)
{
    public string Path { get; } = path;
    public string Text { get; } = Repository.Read(path.Split('/'));

    /// <summary>The fenced blocks of a language.</summary>
    public IEnumerable<string> Blocks(string language) =>
        Fences().Matches(Text).Where(m => m.Groups[1].Value == language).Select(m => m.Groups[2].Value);

    /// <summary>Where links lead, outside of code.</summary>
    public IEnumerable<string> Links() => Link().Matches(Fences().Replace(Text, "")).Select(m => m.Groups[1].Value);

    /// <summary>The fragments by which its headings can be linked to, as GitHub makes them.</summary>
    public IEnumerable<string> Anchors() => Headings().Matches(Fences().Replace(Text, ""))
        .Select(m => NotInAnchors().Replace(m.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex("^```(\\w*)\\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fences();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Headings();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
