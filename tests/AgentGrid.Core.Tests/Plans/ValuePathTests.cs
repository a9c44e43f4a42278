using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Tests.Plans;

public sealed class ValuePathTests
{
    private const string Output = """
        {"players": [{"id": "p1"}, {"id": "p2", "odd \"name\"": {"x-y": [[7]]}}], "none": null, "": 1, "0": "zero", "0": 0}
        """;

    [Theory]
    [InlineData("out.players[1].id", "\"p2\"")]
    [InlineData("out[\"players\"][0]['id']", "\"p1\"")]
    [InlineData("out.players[1][\"odd \\\"name\\\"\"].x-y[0][0]", "7")]
    [InlineData(" out.none ", "null")]
    [InlineData("out[\"\"]", "1")]
    [InlineData("out.0", "\"zero\"")]
    [InlineData("[\"out\"].none", "null")]
    public void Find_ExistingValue_GivesIt(string text, string expected) => Assert.Equal(expected, Find(text, Output));

    [Theory]
    [InlineData("other.players")]
    [InlineData("out.players[2]")]
    [InlineData("out.players.id")]
    [InlineData("out[0]")]
    [InlineData("out.none.id")]
    [InlineData("out.Players")]
    public void Find_WhatIsNotThere_GivesNull(string text) => Assert.Null(Find(text, Output));

    [Fact]
    public void Find_BesideAKeyThatIsNotUnicode_DoesNotThrow()
    {
        const string value = """{"\ud800": 1, "a\u0062": 2}""";

        Assert.Null(Find("out.c", value));
        Assert.Equal("2", Find("out.ab", value));
        Assert.Null(ValuePath.Parse("out[\"\ud800\"]", out var problem));
        Assert.Contains("surrogate", problem);
    }

    [Theory]
    [InlineData("a.b[\"c\"]", "a.b.c")]
    [InlineData(" a [ 0 ] ", null)]
    [InlineData("a[ 007 ]", "a[7]")]
    [InlineData("['a.b'].c", "[\"a.b\"].c")]
    [InlineData("a['it\"s \\\\']", "a[\"it\\\"s \\\\\"]")]
    [InlineData("[\"not\"].x", "[\"not\"].x")]
    [InlineData("[\"12\"].x", "[\"12\"].x")]
    [InlineData("a.not.12", "a.not.12")]
    public void Parse_AnyWayOfWriting_GivesOneCanonicalText(string text, string? expected)
    {
        var path = ValuePath.Parse(text, out _);

        Assert.Equal(expected, path?.Text);
        if (path is not null)
        {
            Assert.Equal(path, ValuePath.Parse(path.Text, out _));
        }
    }

    [Theory]
    [InlineData("", 1, "the id of a step, got the end")]
    [InlineData(".a", 1, "the id of a step")]
    [InlineData("a.", 3, "a name after '.'")]
    [InlineData("a..b", 3, "a name after '.'")]
    [InlineData("a.b c", 5, "expected '.', '[' or the end, got 'c'")]
    [InlineData("a[-1]", 3, "an index from 0")]
    [InlineData("a[99999999999]", 14, "an index from 0")]
    [InlineData("a[x]", 3, "a quoted name")]
    [InlineData("a[1", 4, "expected ']'")]
    [InlineData("a['x]", 3, "not closed")]
    [InlineData("a['x\\", 3, "not closed")]
    [InlineData("[0].a", 6, "not with an index")]
    [InlineData("a$b", 2, "got '$b'")]
    public void Parse_AnythingElse_SaysWhere(string text, int character, string says)
    {
        Assert.Null(ValuePath.Parse(text, out var problem));
        Assert.Contains($"at character {character}:", problem);
        Assert.Contains(says, problem);
    }

    // In the text or in the tree: both ways of looking lead to the same.
    private static string? Find(string path, string value)
    {
        var (unparsed, parsed) = (Json.Parse(value), Json.Parse(value));
        _ = parsed.Element;
        var parsedPath = ValuePath.Parse(path, out _)!;

        var found = parsedPath.Find(root => root == "out" ? unparsed : null)?.ToString();

        Assert.Equal(found, parsedPath.Find(root => root == "out" ? parsed : null)?.ToString());
        return found;
    }
}
