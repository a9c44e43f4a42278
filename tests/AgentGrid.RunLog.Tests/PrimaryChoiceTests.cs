using AgentGrid.RunLog.Connections;

namespace AgentGrid.RunLog.Tests;

/// <summary>Which of several Redis is the primary, from what they say of themselves.</summary>
public sealed class PrimaryChoiceTests
{
    private readonly PrimaryChoice _choice = new();

    [Fact]
    public void Take_OnePrimary_IsTheOne() => Assert.Equal("a", After(("a", Primary("x")), ("b", Replica("x")), ("c", Replica("x"))));

    [Fact]
    public void Take_NobodySaysSo_ThereIsNone() => Assert.Null(After(("a", Replica("x")), ("b", Replica("x"))));

    [Fact]
    public void Take_ThePrimaryDoesNotAnswer_ItStaysTheOne()
    {
        After(("a", Primary("x")), ("b", Replica("x")));

        Assert.Equal("a", After(("b", Replica("x"))));
    }

    [Fact]
    public void Take_AReplicaWasPromoted_TheOldOneIsStale()
    {
        After(("a", Primary("x", replicas: 1)), ("b", Replica("x")));
        Assert.Equal("b", After(("b", Primary("y", before: "x"))));

        Assert.Equal("b", After(("a", Primary("x", replicas: 1)), ("b", Primary("y", before: "x"))));
    }

    [Fact]
    public void Take_OnlyTheStaleOneAnswers_TheNewOneStays()
    {
        After(("a", Primary("x")), ("b", Primary("y", before: "x")));

        Assert.Equal("b", After(("a", Primary("x"))));
    }

    [Fact]
    public void Take_AReplicaOfTheNewOneAnswersAndTheNewOneDoesNot_TheOldOneIsStale()
    {
        After(("a", Primary("x")), ("b", Replica("x")), ("c", Replica("x")));

        Assert.Null(After(("a", Primary("x")), ("c", Replica("y", before: "x"))));
    }

    [Fact]
    public void Take_TwoPromotions_OnlyTheLastIsTheOne()
    {
        After(("b", Primary("y", before: "x")));

        Assert.Equal("c", After(("a", Primary("x")), ("b", Primary("y", before: "x")), ("c", Primary("z", before: "y"))));
    }

    [Fact]
    public void Take_TheOldOneIsPromotedAgain_IsTheOne()
    {
        After(("a", Primary("x")), ("b", Primary("y", before: "x")));
        After(("a", Replica("y")), ("b", Primary("y", before: "x")));

        Assert.Equal("a", After(("a", Primary("z", before: "y")), ("b", Replica("z"))));
    }

    [Fact]
    public void Take_ThePromotionWasTakenBack_TheOldOneIsTheOneAgain()
    {
        After(("a", Primary("x")), ("b", Primary("y", before: "x")));

        Assert.Equal("a", After(("a", Primary("x", replicas: 1)), ("b", Replica("x"))));
    }

    [Fact]
    public void Take_TwoPromotedFromOne_IsTheOneThatOthersFollow()
    {
        After(("b", Primary("y", before: "x")));

        Assert.Equal("c", After(("b", Primary("y", before: "x")), ("c", Primary("z", before: "x", replicas: 1))));
    }

    [Fact]
    public void Take_HistoriesAreNotTold_StaysWithTheFirst()
    {
        RedisReport said = new(IsPrimary: true, null, null, 0);

        Assert.Equal("a", After(("a", said), ("b", said)));
        Assert.Equal("a", After(("b", Replica("x")), ("a", said)));
    }

    [Fact]
    public void Parse_AsRedisSaysIt_IsTaken()
    {
        const string info =
            "# Replication\r\nrole:master\r\nconnected_slaves:2\r\nslave0:ip=10.0.0.1,port=6379,state=online\r\n" +
            "master_replid:8371b4fb1155b71f4a04d3e1bc3e18c4a990aeeb\r\nmaster_replid2:0000000000000000000000000000000000000000\r\n";

        Assert.Equal(new RedisReport(true, "8371b4fb1155b71f4a04d3e1bc3e18c4a990aeeb", null, 2), RedisReport.Parse(info));
        Assert.Equal(new RedisReport(false, null, null, 0), RedisReport.Parse("role:slave"));
    }

    private static RedisReport Primary(string history, string? before = null, int replicas = 0) => new(true, history, before, replicas);

    private static RedisReport Replica(string history, string? before = null) => new(false, history, before, 0);

    private string? After(params (string Redis, RedisReport Report)[] reports)
    {
        _choice.Take(reports);
        return _choice.Current;
    }
}
