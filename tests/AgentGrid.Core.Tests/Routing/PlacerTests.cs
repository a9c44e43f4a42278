using AgentGrid.Core.Agents;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Tests.Routing;

public sealed class PlacerTests
{
    private static readonly AgentConfig Agent = new() { Name = "a" };
    private static readonly AgentConfig GpuAgent = Agent with { Resources = new AgentResources(4) };

    [Fact]
    public void Best_FreeThenLessLoadedThenByName_WhateverTheOrderOfTheNodes()
    {
        NodeLoad[] nodes =
        [
            new("full", 0, 1), new("half", 2, 0.5), new("b", 4, 0.25), new("a", 4, 0.25),
            new("cpu", 4, 0, Refusal: "does not serve queue 'gpu'"),
        ];
        var random = new Random(1);
        for (var i = 0; i < 50; i++)
        {
            random.Shuffle(nodes);

            var placement = Placer.Best(nodes, Agent);

            Assert.Equal("a", placement.Node);
            Assert.Equal("first by name among equals", placement.Why);
            Assert.Equal(["a", "b", "half", "full", "cpu"], placement.Candidates.Select(c => c.Node));
            Assert.Equal(
                [null, null, null, "no slot is free", "does not serve queue 'gpu'"], placement.Candidates.Select(c => c.Note));
        }
    }

    [Theory]
    [InlineData(0.4, "warm")]
    [InlineData(0.6, "idle")]
    public void Best_TheAgentIsLoadedThere_MakesUpForHalfTheLoad(double load, string node) =>
        Assert.Equal(node, Placer.Best([new("warm", 1, load, IsWarm: true), new("idle", 4, 0)], Agent).Node);

    [Theory]
    [InlineData(0.2, "near")]
    [InlineData(0.3, "idle")]
    public void Best_TheDataIsThere_MakesUpForAQuarterOfTheLoad(double load, string node) =>
        Assert.Equal(node, Placer.Best([new("near", 1, load, IsNear: true), new("idle", 4, 0)], Agent).Node);

    [Fact]
    public void Best_LabelsThatTheAgentHasNot_ComeBeforeLoadAndNeverBeforeAFreeSlot()
    {
        var prefer = LabelPreference.Of(Labels.Of(("lang", "de"), ("zone", "eu")))!;
        var agent = Agent with { Labels = Labels.Of(("lang", "de")) };
        var us = new NodeLoad("us", 4, 0, IsWarm: true) { Labels = Labels.Of(("zone", "us"), ("lang", "de")) };
        var eu = new NodeLoad("eu", 1, 0.9) { Labels = Labels.Of(("zone", "eu")) };
        var full = new NodeLoad("full", 0, 1) { Labels = Labels.Of(("zone", "eu")) };

        var placement = Placer.Best([us, full, eu], agent, prefer);
        Assert.Equal(["eu", "us", "full"], placement.Candidates.Select(static c => c.Node));
        Assert.Equal("prefers zone=eu: matches; next is 'us'", placement.Why);
        Assert.Equal("1 free slot, load 0.9, zone=eu", placement.Candidates[0].InWords());

        Assert.Equal(
            "prefers zone=eu: nobody who matches is fit for it now; the only node with a free slot", Placer.Best([us, full], agent, prefer).Why);
        Assert.Equal("prefers zone=eu: matches; the only node with a free slot", Placer.Best([eu, full], agent, prefer).Why);
        Assert.Equal("the agent is loaded there, less loaded; next is 'b'", Placer.Best([us, eu with { Node = "b", Labels = null }], agent, prefer).Why);
        Assert.Equal("us", Placer.Best([us, eu], agent).Node);
    }

    [Fact]
    public void Candidates_InWords_SayWhatTheScoreIsMadeOf()
    {
        NodeLoad[] nodes =
        [
            new("warm", 3, 0.1, 2L << 30, IsWarm: true), new("last", 1, 0.25), new("busiest", 2, 12),
            new("full", 0, 0, 0, IsWarm: true, IsNear: true, Full: "its GPUs are full"), new("taken", 0, 1),
            new("cpu", 4, 0, Refusal: "has no GPU"),
        ];

        Assert.Equal(
            [
                "3 free slots, load 0.1, the agent is loaded, 2048 MiB of GPU memory free", "1 free slot, load 0.25",
                "2 free slots, load 12", "its GPUs are full, load 0, 0 MiB of GPU memory free", "no slot is free, load 1",
                "has no GPU, load 0",
            ],
            Placer.Best(nodes, Agent).Candidates.Select(c => c.InWords()));
    }

    [Fact]
    public void Best_SaysWhatDecided()
    {
        Assert.Equal("the only node", Why(new NodeLoad("n", 1, 0)));
        Assert.Equal("the only node with a free slot", Why(new("n", 1, 0.9), new("m", 0, 0)));
        Assert.Equal("less loaded; next is 'm'", Why(new("n", 1, 0.1), new("m", 1, 0.2)));
        Assert.Equal("the agent is loaded there, less loaded; next is 'm'", Why(new("n", 1, 0.1, IsWarm: true), new("m", 1, 0.2)));
        Assert.Equal("the data is there; next is 'm'", Why(new("n", 1, 0.3, IsNear: true), new("m", 1, 0.2)));
    }

    [Fact]
    public void Best_NobodyHasRoom_ChoosesNobodyAndSaysWhy()
    {
        var full = Placer.Best([new("n", 0, 1), new("m", 3, 0, Refusal: "is draining")], Agent);
        var refused = Placer.Best([new NodeLoad("m", 3, 0, Refusal: "is draining")], Agent);

        Assert.Equal((null, "no node has a free slot"), (full.Node, full.Why));
        Assert.Equal((null, "no node can run 'a'"), (refused.Node, refused.Why));
        Assert.Equal("is draining", refused.Candidates[0].Note);
        Assert.Equal((null, "there is no node"), (Placer.Best([], Agent).Node, Placer.Best([], Agent).Why));
    }

    [Fact]
    public void Best_EqualsForAnAgentThatNeedsGpuMemory_TheOneWithMoreOfIt()
    {
        NodeLoad[] nodes = [new("a", 1, 0, FreeGpuMemoryBytes: 5), new("b", 1, 0, FreeGpuMemoryBytes: 9)];

        Assert.Equal(("b", "most free GPU memory among equals"), (Placer.Best(nodes, GpuAgent).Node, Placer.Best(nodes, GpuAgent).Why));
        Assert.Equal("a", Placer.Best(nodes, Agent).Node);
    }

    [Fact]
    public void Best_VeryManyNodes_NamesTheBestOfThem()
    {
        var placement = Placer.Best([.. Enumerable.Range(0, 100).Select(i => new NodeLoad($"n{i:00}", 1, i / 100.0))], Agent);

        Assert.Equal(
            Enumerable.Range(0, Placer.MostCandidates).Select(i => $"n{i:00}"), placement.Candidates.Select(c => c.Node));
    }

    private static string Why(params NodeLoad[] nodes) => Placer.Best(nodes, Agent).Why;
}
