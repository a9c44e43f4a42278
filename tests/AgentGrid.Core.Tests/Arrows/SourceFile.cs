using System.Text.RegularExpressions;

namespace AgentGrid.Core.Tests.Arrows;

/// <summary>A source file with a file-scoped namespace: what it declares, and what it names.</summary>
internal sealed partial record SourceFile(string Path, string Text)
{
    /// <summary>The namespace that the file is in; null when it is in none.</summary>
    public string? Namespace { get; } = NamespaceLine().Match(Text) is { Success: true } line ? line.Groups[1].Value : null;

    /// <summary>The types that it declares, those within other types left out.</summary>
    public IEnumerable<string> Types => Declaration().Matches(Text).Select(m => m.Groups[1].Value);

    /// <summary>What its <c>using</c> lines name.</summary>
    public IEnumerable<string> Usings => Using().Matches(Text).Select(m => m.Groups[1].Value);

    /// <summary>The lines that begin with <c>using</c> and name a namespace alone, in their order.</summary>
    public IEnumerable<string> UsedNamespaces => NamespaceUsing().Matches(Text).Select(m => m.Groups[1].Value);

    /// <summary>Every name in its code, with the dots in it: <c>Plan</c>, <c>Plans.Plan</c>, <c>state.Plan</c>.</summary>
    public IEnumerable<string> Names => Name().Matches(NotCode().Replace(Text, "")).Select(m => m.Value).Distinct();

    /// <summary>The sources of one room: a folder with a project.</summary>
    public static SourceFile[] Of(string room) => [.. Directory
        .EnumerateFiles(Repository.PathOf(room), "*.cs", SearchOption.AllDirectories)
        .Select(f => System.IO.Path.GetRelativePath(Repository.Root, f).Replace('\\', '/'))
        .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)
        .Select(f => new SourceFile(f, Repository.Read(f)))];

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    // In a file with a file-scoped namespace, only what is not within another type begins its line.
    [GeneratedRegex(
        @"^(?:(?:public|internal|file|static|sealed|abstract|partial|readonly|ref|unsafe) )*" +
        @"(?:record struct|record|class|struct|interface|enum) (\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^(?:global )?using (?:static )?(?:\w+ = )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"^using ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceUsing();

    [GeneratedRegex(@"//.*|^(?:global )?using [\w. =]+;|^namespace .*", RegexOptions.Multiline)]
    private static partial Regex NotCode();

    [GeneratedRegex(@"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")]
    private static partial Regex Name();
}
