namespace AgentGrid.Core.Tests.Arrows;

public sealed class NamespaceArrowsTests
{
    /// <summary>The namespaces of the core, each before those that may use it.</summary>
    private static readonly string[] s_order =
        ["", "Documents", "Agents", "Plans", "Config", "Routing", "Placement", "Runs", "Feed", "Grid"];

    [Theory]
    [InlineData("core")]
    [InlineData("engine")]
    [InlineData("simulation")]
    [InlineData("run-log")]
    [InlineData("streams")]
    [InlineData("grain-interfaces")]
    [InlineData("grain-client")]
    [InlineData("agents")]
    [InlineData("kinds/Mcp")]
    public void Cycle_OfARoom_IsNone(string room) => Assert.Null(new NamespaceArrows(SourceFile.Of(room)).Cycle());

    [Fact]
    public void UsedBy_EveryNamespaceOfTheCore_IsBeforeItInTheOrder()
    {
        var files = SourceFile.Of("core");
        var arrows = new NamespaceArrows(files);
        var order = s_order.Select(name => name.Length == 0 ? "AgentGrid.Core" : $"AgentGrid.Core.{name}").ToList();

        Assert.Equal(order.Order(), files.Select(f => f.Namespace!).Distinct().Order());
        Assert.All(order, name => Assert.All(
            arrows.UsedBy(name), used => Assert.True(
                order.IndexOf(used) < order.IndexOf(name), $"{name} uses {used}, which comes after it.")));
    }

    [Fact]
    public void Namespace_OfEveryFileOfTheCore_IsTheNameOfItsFolder() => Assert.All(SourceFile.Of("core"), file =>
    {
        var folders = file.Path.Split('/')[1..^1];
        // A folder in a folder holds parts of one class.
        Assert.Equal(string.Join('.', ["AgentGrid.Core", .. folders.Take(1)]), file.Namespace);
    });

    [Fact]
    public void Cycle_OfTwoNamespaces_SaysTheFilesThatMakeIt() => Assert.Equal(
        "R.A uses R.B (a/One.cs, a/Three.cs); R.B uses R.A (b/Two.cs)",
        CycleOf(
            new("a/One.cs", "using R.B;\n\nnamespace R.A;\n\npublic class One;\n"),
            new("a/Three.cs", "using R.B;\n\nnamespace R.A;\n\npublic class Three;\n"),
            new("b/Two.cs", "using System;\nusing R.A;\n\nnamespace R.B;\n\npublic class Two;\n"),
            new("c/Four.cs", "using R.A;\nusing R.B;\n\nnamespace R.C;\n\npublic class Four;\n")));

    [Theory]
    [InlineData("using static R.A.One;\n\nnamespace R.B;\n\npublic class Two;\n")]
    [InlineData("using First = R.A.One;\n\nnamespace R.B;\n\npublic class Two;\n")]
    [InlineData("namespace R.B;\n\npublic class Two(R.A.One one);\n")]
    [InlineData("namespace R.B;\n\npublic class Two(A.One one);\n")]
    public void Cycle_HoweverANamespaceIsNamed_IsFound(string text) => Assert.Equal(
        "R.A uses R.B (a/One.cs); R.B uses R.A (b/Two.cs)",
        CycleOf(new("a/One.cs", "using R.B;\n\nnamespace R.A;\n\npublic class One;\n"), new("b/Two.cs", text)));

    [Fact]
    public void Cycle_WithTheNamespaceAround_IsFoundWhereATypeOfItIsUsed()
    {
        var around = new SourceFile("One.cs", "using R.A;\n\nnamespace R;\n\ninternal sealed record One;\n");

        Assert.Equal(
            "R uses R.A (One.cs); R.A uses R (a/Two.cs)",
            CycleOf(around, new("a/Two.cs", "namespace R.A;\n\npublic class Two(One one);\n")));
        Assert.Null(CycleOf(around, new("a/Two.cs", "namespace R.A;\n\npublic class Two(Two two);\n")));
    }

    [Theory]
    [InlineData("namespace R.B;\n\n/// <summary>Not <see cref=\"A.One\"/>.</summary>\npublic class Two;\n")]
    [InlineData("namespace R.B;\n\npublic class Two\n{\n    public int[] A => [];\n    public int B => A.Length + this.A.One();\n}\n")]
    public void Cycle_OfNamesThatAreNoTypes_IsNone(string text) => Assert.Null(
        CycleOf(new("a/One.cs", "using R.B;\n\nnamespace R.A;\n\npublic class One;\n"), new("b/Two.cs", text)));

    [Fact]
    public void Cycle_OfThreeNamespaces_GoesRoundAllOfThem() => Assert.Equal(
        "R.A uses R.B (1.cs); R.B uses R.C (2.cs); R.C uses R.A (3.cs)",
        CycleOf(
            new("1.cs", "using R.B;\n\nnamespace R.A;\n"),
            new("2.cs", "using R.C;\n\nnamespace R.B;\n"),
            new("3.cs", "using R.A;\n\nnamespace R.C;\n")));

    private static string? CycleOf(params SourceFile[] files) => new NamespaceArrows(files).Cycle();
}
