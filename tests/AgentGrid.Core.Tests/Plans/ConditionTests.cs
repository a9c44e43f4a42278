using System.Text.Json;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Tests.Plans;

public sealed class ConditionTests
{
    private static readonly Json s_input = Json.Parse("""
        {
          "yes": true, "no": false, "none": null, "zero": 0, "one": 1, "half": 0.5, "big": 9007199254740993,
          "huge": 1e400, "text": "abc", "empty": "", "list": [1], "no_items": [], "object": {"a": 1, "b": 2},
          "same": {"b": 2, "a": 1.0}, "nothing": {}, "bad": "\ud800", "not": 1, "order": 2
        }
        """);

    [Theory]
    [InlineData("input.yes", true)]
    [InlineData("input.no", false)]
    [InlineData("input.none", false)]
    [InlineData("input.zero", false)]
    [InlineData("input.half", true)]
    [InlineData("input.text", true)]
    [InlineData("input.empty", false)]
    [InlineData("input.list", true)]
    [InlineData("input.no_items", false)]
    [InlineData("input.object", true)]
    [InlineData("input.nothing", false)]
    [InlineData("input.missing", false)]
    [InlineData("input.bad", true)]
    [InlineData("missing.x", false)]
    [InlineData("true", true)]
    [InlineData("not null", true)]
    public void Evaluate_OperandAlone_IsItsTruth(string text, bool expected) => Assert.Equal(expected, Evaluate(text));

    [Theory]
    [InlineData("input.half >= 0.5", true)]
    [InlineData("input.half>0.5", false)]
    [InlineData("input.half < 5e-1", false)]
    [InlineData("input.half <= 0.50", true)]
    [InlineData("input.one == 1.0", true)]
    [InlineData("input.one != 1", false)]
    [InlineData("-1 < input.zero", true)]
    [InlineData("input.big > 9007199254740992", true)]
    [InlineData("input.big == 9007199254740992", false)]
    [InlineData("input.huge > 1e308", true)]
    [InlineData("input.text == 'abc'", true)]
    [InlineData("input.text == \"abc\"", true)]
    [InlineData("input.text < 'abd'", true)]
    [InlineData("'it\\'s' == \"it's\"", true)]
    [InlineData("input.yes == true", true)]
    [InlineData("input.yes == 1", false)]
    [InlineData("input.yes != 'true'", true)]
    [InlineData("input.none == null", true)]
    [InlineData("input.missing == null", true)]
    [InlineData("input.missing != null", false)]
    [InlineData("input.zero == null", false)]
    [InlineData("input.missing < 1", false)]
    [InlineData("input.text > 1", false)]
    [InlineData("input.yes >= true", false)]
    [InlineData("input.none <= null", false)]
    [InlineData("input.object == input.same", true)]
    [InlineData("input.object == input.nothing", false)]
    [InlineData("input.bad == 'x'", false)]
    [InlineData("input.bad < 'x'", false)]
    [InlineData("input.bad == input.bad", false)]
    public void Evaluate_Comparison_ComparesLikeWithLike(string text, bool expected) =>
        Assert.Equal(expected, Evaluate(text));

    [Theory]
    [InlineData("true or true and false", true)]
    [InlineData("(true or true) and false", false)]
    [InlineData("not true or true", true)]
    [InlineData("not (true or true)", false)]
    [InlineData("not not true", true)]
    [InlineData("not input.one == 1", false)]
    [InlineData("false or false or true", true)]
    [InlineData("true and true and false", false)]
    [InlineData("(((input.one == 1)))", true)]
    [InlineData("input.not and input.order", true)]
    [InlineData("  input.one==1\nand\tnot(input.no)  ", true)]
    [InlineData("input[\"one\"] == 1 and [\"input\"].half", true)]
    public void Evaluate_JoinedTerms_BindAsDocumented(string text, bool expected) =>
        Assert.Equal(expected, Evaluate(text));

    [Fact]
    public void Paths_OfACondition_AreAllThatItReadsOnce()
    {
        var condition = Condition.Parse("a.x > 1 and (not b or a.x == a[\"y\"]) and 2d.z == 2", out _)!;

        Assert.Equal(["a.x", "b", "a.y", "2d.z"], condition.Paths.Select(p => p.Text));
    }

    [Theory]
    [InlineData("", 1, "expected a path")]
    [InlineData("a ==", 5, "expected a path, a number")]
    [InlineData("a = 1", 3, "write '==' instead of '='")]
    [InlineData("a && b", 3, "write 'and' instead of '&&'")]
    [InlineData("a || b", 3, "write 'or' instead of '||'")]
    [InlineData("!a", 1, "write 'not' instead of '!'")]
    [InlineData("a b", 3, "expected 'and', 'or' or the end, got 'b'")]
    [InlineData("a and", 6, "got the end")]
    [InlineData("and a", 1, "got 'and a'")]
    [InlineData("(a", 3, "expected ')'")]
    [InlineData("a)", 2, "got ')'")]
    [InlineData("1 < a < 3", 8, "cannot be chained")]
    [InlineData("a == 'x", 6, "not closed")]
    [InlineData("a. == 1", 3, "a name after '.'")]
    [InlineData("a == 1 = 2", 8, "write '=='")]
    [InlineData("a == $", 6, "got '$'")]
    public void Parse_AnythingElse_SaysWhere(string text, int character, string says)
    {
        Assert.Null(Condition.Parse(text, out var problem));
        Assert.Contains($"at character {character}:", problem);
        Assert.Contains(says, problem);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("not ", "")]
    [InlineData("not (", ")")]
    public void Parse_DeepNesting_IsRefusedAtTheLimit(string open, string close)
    {
        Assert.NotNull(Condition.Parse(Nested(20), out _));
        Assert.Null(Condition.Parse(Nested(100_000), out var problem));
        Assert.Contains("nested more than", problem);

        string Nested(int depth) => string.Concat(Enumerable.Repeat(open, depth)) + "true"
            + string.Concat(Enumerable.Repeat(close, depth));
    }

    [Fact]
    public void Parse_LongChain_IsNoNesting()
    {
        var text = string.Concat(Enumerable.Repeat("input.no or ", 20_000)) + "input.yes";
        var condition = Condition.Parse(text, out _);

        Assert.True(condition!.Evaluate(_ => s_input));
    }

    private static bool Evaluate(string text)
    {
        var condition = Condition.Parse(text, out var problem);
        Assert.Null(problem);
        return condition!.Evaluate(root => root == "input" ? s_input : null);
    }
}
