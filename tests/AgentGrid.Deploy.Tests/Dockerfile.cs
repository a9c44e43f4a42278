using System.Text.RegularExpressions;

namespace AgentGrid.Deploy.Tests;

/// <summary>deploy/docker/Dockerfile, as far as the tests understand it.</summary>
internal static partial class Dockerfile
{
    public const string Path = "deploy/docker/Dockerfile";

    public static readonly string Text = Repository.Read(Path.Split('/'));

    /// <summary>Its instructions, continued lines joined, comments dropped.</summary>
    public static readonly IReadOnlyList<string> Instructions =
    [
        .. Continued().Replace(Comment().Replace(Text, ""), " ").Split('\n', StringSplitOptions.RemoveEmptyEntries),
    ];

    /// <summary>Its stages, which are the targets of a build.</summary>
    public static readonly IReadOnlyList<string> Stages =
        [.. Instructions.Where(i => i.StartsWith("FROM ", StringComparison.Ordinal)).Select(i => i.Split(" AS ")[1])];

    [GeneratedRegex("^#.*\\n", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\\\n\s*")]
    private static partial Regex Continued();
}
