using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Tests.Routing;

public sealed class LabelPreferenceTests
{
    private static readonly LabelPreference German = LabelPreference.Of(Labels.Of(("lang", "de")))!;

    [Fact]
    public void Best_SomebodyMatches_ComesFirstWhateverItsScoreIs()
    {
        var decision = Router.Best([Agent("en", "en", priority: 10), Agent("de", "de", running: 4)], "'x'", German);

        Assert.Equal("de", decision.Agent);
        Assert.Equal("prefers lang=de: matches; the next candidate does not, so it waits for a slot", decision.Why);
        Assert.Equal(["lang=de", null], decision.Candidates.Select(static c => c.Matches));
        Assert.Equal("no slot is free, priority 0, load 1, lang=de", decision.Candidates[0].InWords());
    }

    [Fact]
    public void Best_NobodyMatches_IsAsWithout()
    {
        var decision = Router.Best([Agent("plain", null), Agent("en", "en", priority: 10)], "'x'", German);

        Assert.Equal(("en", "prefers lang=de: nobody matches; highest priority"), (decision.Agent, decision.Why));
    }

    [Fact]
    public void Best_WhoMatchesFailsOrIsDrained_OthersComeFirst()
    {
        var failing = Agent("de", "de") with { Failing = new FailingState(5, IsOpen: true, TimeSpan.FromSeconds(9)) };

        Assert.Equal("en", Router.Best([failing, Agent("en", "en")], "'x'", German).Agent);
        Assert.Equal("en", Router.Best([Agent("de", "de") with { Drained = true }, Agent("en", "en")], "'x'", German).Agent);
        Assert.Equal("de", Router.Best([failing], "'x'", German).Agent);
    }

    [Fact]
    public void Best_WhoMatchesWouldBeLate_OthersComeFirstUnlessAllWould()
    {
        var late = Agent("de", "de") with { Late = Lateness.Of(TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(5)) };

        var decision = Router.Best([late, Agent("en", "en")], "'x'", German);

        Assert.Equal("en", decision.Agent);
        Assert.StartsWith("prefers lang=de: nobody who matches is fit for it now; the next candidate would be late: ", decision.Why);
        Assert.Equal("de", Router.Best([late, Agent("en", "en", priority: 9) with { Late = late.Late }], "'x'", German).Agent);
    }

    [Fact]
    public void Best_ANodeHasTheLabel_TheAgentThatCanRunThereMatches()
    {
        var both = LabelPreference.Of(Labels.Of(("lang", "de"), ("zone", "eu")))!;
        var eu = Agent("de", "de") with { NodeLabels = [Labels.Of(("zone", "us"))!, Labels.Of(("zone", "eu"), ("gpu", "h100"))!] };
        // Labels of two nodes are nobody's together.
        var split = Agent("split", null, priority: 9) with { NodeLabels = [Labels.Of(("zone", "eu"))!, Labels.Of(("lang", "de"))!] };

        var decision = Router.Best([split, eu], "'x'", both);

        Assert.Equal(["lang=de, zone=eu", "zone=eu"], decision.Candidates.Select(static c => c.Matches));
        Assert.Equal(("de", "prefers lang=de, zone=eu: matches; the next candidate does not"), (decision.Agent, decision.Why));
        Assert.Equal(Labels.Of(("zone", "eu")), both.Without(eu.Agent)!.Wanted);
        Assert.Null(German.Without(eu.Agent));
    }

    [Fact]
    public void Best_SeveralMatch_GoByScoreAmongThemAndByHowManyLabels()
    {
        var both = LabelPreference.Of(Labels.Of(("lang", "de"), ("tier", "gold")))!;
        var gold = new AgentConfig { Name = "gold", Labels = Labels.Of(("lang", "de"), ("tier", "gold")) };

        var decision = Router.Best([Agent("de", "de", priority: 10), Agent("en", "en", priority: 20), new AgentLoad(gold, 0, 0, 4)], "'x'", both);

        Assert.Equal(["gold", "de", "en"], decision.Candidates.Select(static c => c.Agent));
        Assert.Equal("prefers lang=de, tier=gold: matches; the next candidate does not", decision.Why);
        Assert.Equal("prefers lang=de: matches; highest priority", Router.Best([Agent("a", "de"), Agent("b", "de", priority: 1)], "'x'", German).Why);
    }

    private static AgentLoad Agent(string name, string? language, int priority = 0, int running = 0) => new(
        new AgentConfig { Name = name, Priority = priority, MaxConcurrency = 4, Labels = language is null ? null : Labels.Of(("lang", language)) },
        running, 0, 4 - running);
}
