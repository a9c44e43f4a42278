namespace AgentGrid.Core.Tests;

public sealed class JsonDifferencesTests
{
    [Theory]
    [InlineData("""{"a":1,"b":[1,2]}""", """{"b":[1,2.0],"a":1}""", "")]
    [InlineData("""{"a":{"b":[{"c":1}]}}""", """{"a":{"b":[{"c":2}]}}""", "a.b[0].c")]
    [InlineData("""{"a":1}""", """{"b":1}""", "a,b")]
    [InlineData("""{"a":[1]}""", """{"a":[1,2]}""", "a")]
    [InlineData("""{"a":1}""", """{"a":"1"}""", "a")]
    [InlineData("[]", "{}", "the whole value")]
    public void Find_NamesThePathsThatDiffer(string left, string right, string expected) =>
        Assert.Equal(expected, string.Join(',', JsonDifferences.Find(Json.Parse(left), Json.Parse(right))));

    [Fact]
    public void Find_ManyDifferences_StopsAtTheLimit() =>
        Assert.Equal(2, JsonDifferences.Find(
            Json.Parse("""{"a":1,"b":1,"c":1}"""), Json.Parse("""{"a":2,"b":2,"c":2}"""), most: 2).Length);
}
