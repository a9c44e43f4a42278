namespace AgentGrid.Core.Tests.Arrows;

public sealed class UsingsTests
{
    // As dotnet format sorts them. It says so too, but needs more than a minute to find out.
    [Fact]
    public void Usings_OfEveryFile_AreSortedWithSystemFirst() => Assert.All(SourceFile.Of("."), file => Assert.Equal(
        file.UsedNamespaces.OrderBy(n => n != "System" && !n.StartsWith("System.", StringComparison.Ordinal))
            .ThenBy(n => n, StringComparer.OrdinalIgnoreCase),
        file.UsedNamespaces));
}
