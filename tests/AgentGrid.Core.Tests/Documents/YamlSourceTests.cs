using System.Text;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Documents;

public sealed class YamlSourceTests
{
    [Fact]
    public void Read_PlainScalars_HaveTheTypesOfTheCoreSchema()
    {
        var json = Read("""
            numbers: [1, -2, +3, 007, 1.50, .5, 2., 1e3, 0x1F, 0o17, -0]
            texts: ['1', "true", 1_000, 12e, 0x, 1.2.3, yes, on, 'null', 12:30, !!str 5, - , a b]
            flags: [true, True, FALSE, false]
            nothing: [null, ~, Null, ]
            empty:
            """.Replace(", - ,", ", '-',", StringComparison.Ordinal));

        Assert.Equal(
            """
            {"empty":null,"flags":[true,true,false,false],"nothing":[null,null,null],
            "numbers":[1,-2,3,7,1.50,0.5,2,1e3,31,15,-0],
            "texts":["1","true","1_000","12e","0x","1.2.3","yes","on","null","12:30","5","-","a b"]}
            """.ReplaceLineEndings(""),
            json);
    }

    [Fact]
    public void Read_Aliases_AreWrittenOutWithPathsOfTheirOwn()
    {
        var problems = new ProblemList();
        var root = (ConfigNode.Mapping)YamlSource.Read(
            new ConfigFile("f.yaml", "a: &x { k: [1, 2] }\nb: *x\nc: [*x]"), problems)!;

        Assert.Empty(problems.ToImmutable());
        Assert.Equal("""{"a":{"k":[1,2]},"b":{"k":[1,2]},"c":[{"k":[1,2]}]}""", root.ToJson().ToString());
        var copy = (ConfigNode.Sequence)((ConfigNode.Mapping)root["b"]!)["k"]!;
        var place = copy.Items[1].Place;
        Assert.Equal(("b.k[1]", 1, 16), (place.Path, place.Line, place.Column));
    }

    [Theory]
    [InlineData("a:\n\tb: 1\n", 2, 1, "AG1001", "use spaces")]
    [InlineData("a: b: c\n", 1, 5, "AG1001", "not valid YAML")]
    [InlineData("a: [1\nb: 2\n", 2, 1, "AG1001", "bracket")]
    [InlineData("a: @x", 1, 4, "AG1001", "not valid YAML")]
    [InlineData("a: \"\\UFFFFFFFF\"", 1, 15, "AG1001", "not valid YAML")]
    [InlineData("a: *b", 1, 4, "AG1001", "&b")]
    [InlineData("a: &b [*b]", 1, 8, "AG1001", "&b")]
    [InlineData("a: 1\nb: 2\na: 3\n", 3, 1, "AG1003", "line 1")]
    [InlineData("a: .inf", 1, 4, "AG1004", "finite")]
    [InlineData("a: 1\n---\nb: 2", 2, 1, "AG1010", "another file")]
    [InlineData("a: !frob b", 1, 4, "AG1010", "!frob")]
    [InlineData("a: &x {b: 1}\nc: { <<: *x }", 2, 6, "AG1010", "merge")]
    [InlineData("? [a]\n: b", 1, 3, "AG1010", "key")]
    public void Read_Mistake_IsReportedWhereItIs(string text, int line, int column, string code, string says)
    {
        var problems = new ProblemList();
        YamlSource.Read(new ConfigFile("f.yaml", text), problems);

        var problem = Assert.Single(problems.ToImmutable());
        Assert.Equal(("f.yaml", line, column, code), (problem.File, problem.Line, problem.Column, problem.Code));
        Assert.Contains(says, problem.Message);
    }

    [Fact]
    public void Read_AliasesThatMultiply_AreRefusedBeforeTheyAreWrittenOut()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i <= 30; i++)
        {
            var ten = string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10));
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{i}: &a{i} [{ten}]\n");
        }
        var problems = new ProblemList();

        Assert.Null(YamlSource.Read(new ConfigFile("bomb.yaml", text.ToString()), problems));
        Assert.Equal(ConfigCodes.TooLarge, Assert.Single(problems.ToImmutable()).Code);
    }

    [Theory]
    [InlineData("[", 1)]
    [InlineData("{a: ", 4)]
    [InlineData("- ", 2)]
    public void Read_DeepNesting_IsRefusedAtTheLimit(string open, int width)
    {
        var problems = new ProblemList();

        Assert.Null(YamlSource.Read(
            new ConfigFile("deep.yaml", string.Concat(Enumerable.Repeat(open, 100_000))), problems));
        var problem = Assert.Single(problems.ToImmutable());
        Assert.Equal(ConfigCodes.TooLarge, problem.Code);
        Assert.Equal((YamlSource.MaxDepth + 1) * width + 1, problem.Column);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    [InlineData("\uFEFF")]
    public void Read_NoDocument_GivesNothing(string text)
    {
        var problems = new ProblemList();

        Assert.Null(YamlSource.Read(new ConfigFile("f.yaml", text), problems));
        Assert.Empty(problems.ToImmutable());
    }

    [Fact]
    public void Read_ByteOrderMark_IsNotPartOfTheFirstKey() => Assert.Equal("""{"a":1}""", Read("\uFEFFa: 1"));

    [Fact]
    public void Read_HalfASurrogatePair_IsAProblem()
    {
        var problems = new ProblemList();
        YamlSource.Read(new ConfigFile("f.yaml", "a: 'x\ud800y'"), problems);

        Assert.NotEmpty(problems.ToImmutable());
    }

    private static string Read(string text)
    {
        var problems = new ProblemList();
        var root = YamlSource.Read(new ConfigFile("f.yaml", text), problems);
        Assert.Empty(problems.ToImmutable());
        return root!.ToJson().ToString();
    }
}
