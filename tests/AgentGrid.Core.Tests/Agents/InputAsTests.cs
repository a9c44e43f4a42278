using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Tests.Agents;

/// <summary>Inputs as .NET types: what a type says of its members holds, and what does not fit is said in full.</summary>
public sealed class InputAsTests
{
    private const string Name = "AgentGrid.Core.Tests.Agents.InputAsTests";

    [Fact]
    public void Input_ThatFits_IsRead()
    {
        var clip = Read<Clip>("""{"clip_name": "a", "frames": [{"at": 1}], "lang": "en", "more": 1}""");

        Assert.Equal(("a", "en", 7, null), (clip.ClipName, clip.Lang, clip.Quality, clip.Note));
        Assert.Equal(1, Assert.Single(clip.Frames).At);
    }

    [Theory]
    [InlineData("""{"text": "x", "lang": "en"}""", """
        'clip_name' (System.String) is missing: the input has: text, lang.
        'frames' (System.Collections.Generic.List<AgentGrid.Core.Tests.Agents.InputAsTests.Frame>) is missing: the input has: text, lang.
        Members of the input are what was posted, the outputs of the steps in 'needs' under their ids, and what the step's 'with' or 'input' says.
        """)]
    [InlineData("{}", """
        'clip_name' (System.String) is missing: the input has no members.
        'frames' (System.Collections.Generic.List<AgentGrid.Core.Tests.Agents.InputAsTests.Frame>) is missing: the input has no members.
        'lang' (System.String) is missing: the input has no members.
        Members of the input are what was posted, the outputs of the steps in 'needs' under their ids, and what the step's 'with' or 'input' says.
        """)]
    [InlineData("""{"clip_name": null, "frames": [], "lang": null}""", """
        'clip_name' is null, expected System.String.
        'lang' is null, expected System.String.
        """)]
    [InlineData("""{"clip_name": "a", "frames": [{"at": 1}, {"pose": {}}, {"at": null}], "lang": "en"}""", """
        'frames[1].at' (System.Int32) is missing: 'frames[1]' has: pose.
        'frames[2].at' is null, expected System.Int32.
        """)]
    [InlineData("""{"clip_name": "a", "frames": {}, "lang": "en", "quality": "best", "sizes": {"x": true}}""", """
        'frames' is an object, expected System.Collections.Generic.List<AgentGrid.Core.Tests.Agents.InputAsTests.Frame>.
        'sizes.x' is true, expected System.Double.
        'quality' is "best", expected System.Int32.
        """)]
    [InlineData("""{"clip_name": "a", "frames": [], "lang": "en", "kind": "fulll"}""", """
        'kind' is "fulll", expected AgentGrid.Core.Tests.Agents.InputAsTests.ClipKind?.
        """)]
    [InlineData("null", "It is null.")]
    [InlineData("[1]", "It is a list, expected AgentGrid.Core.Tests.Agents.InputAsTests.Clip.")]
    public void Input_ThatDoesNotFit_IsBadInputWithEveryPlace(string input, string problems)
    {
        var refused = Assert.Throws<AgentException>(() => Read<Clip>(input));

        Assert.Equal(("bad_input", false), (refused.Code, refused.Retryable));
        Assert.Equal(
            $"Agent 'cutter', step 'cut': the input does not fit {Name}.Clip. {problems.ReplaceLineEndings(" ")}", refused.Message);
    }

    [Fact]
    public void Input_WithDozensOfMistakes_NamesFive()
    {
        var frames = string.Join(',', Enumerable.Repeat("{}", 30));

        var refused = Assert.Throws<AgentException>(
            () => Read<Clip>($$"""{"clip_name": "a", "frames": [{{frames}}], "lang": "en"}"""));

        Assert.EndsWith("'frames[4].at' (System.Int32) is missing: 'frames[4]' has no members.", refused.Message);
    }

    [Fact]
    public void Types_OfCodeThatSaysNothingOfNull_MayLackEverything() => Assert.Null(Read<Oblivious>("{}").Text);

    [Fact]
    public void Json_InAType_MayBeNullAndNotMissing()
    {
        Assert.True(Read<Free>("""{"value": null}""").Value.IsNull);
        Assert.Throws<AgentException>(() => Read<Free>("{}"));
    }

    [Fact]
    public async Task TypedAgent_WithoutAMember_IsNotCalled()
    {
        IAgent agent = new Cutter();

        var refused = await Assert.ThrowsAsync<AgentException>(
            async () => await agent.InvokeAsync(Invocation("{}"), TestContext.Current.CancellationToken));

        Assert.Equal("bad_input", refused.Code);
    }

    private static T Read<T>(string input) => Invocation(input).InputAs<T>();

    private static AgentInvocation Invocation(string input) => new()
    {
        RunId = RunId.From(new Guid(1, 2, 3, new byte[8])),
        Key = new RunKey("m", "r"),
        Agent = "cutter",
        Step = "cut",
        Attempt = 1,
        Deadline = DateTimeOffset.MaxValue,
        InputSource = () => Json.Parse(input),
    };

    private enum ClipKind
    {
        Full,
    }

    private sealed record Clip(
        string ClipName, List<Frame> Frames, string? Note, Dictionary<string, double>? Sizes, ClipKind? Kind, int Quality = 7)
    {
        public required string Lang { get; init; }
    }

    private sealed record Frame(int At);

    private sealed record Free(Json Value);

#nullable disable
    private sealed record Oblivious(string Text);
#nullable restore

    private sealed class Cutter : Agent<Frame, Frame>
    {
        public override ValueTask<Frame> InvokeAsync(
            Frame input, AgentInvocation invocation, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("It was called.");
    }
}
