using System.Text.Json;
using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Silo.Members;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Members;

/// <summary>The table of members in a real Redis, as a silo sees it: however it is lost, it comes back.</summary>
public sealed class MembersTableTests : IAsyncLifetime
{
    private readonly string _key = $"members-{Guid.NewGuid():N}";
    private ConnectionMultiplexer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await SharedRedis.Server.ConnectAsync();

    public async ValueTask DisposeAsync()
    {
        await Redis.KeyDeleteAsync(_key);
        await _redis.DisposeAsync();
    }

    private IDatabase Redis => _redis.GetDatabase();

    [Fact]
    public async Task Look_ItHasNotJoinedYet_WritesNothing()
    {
        var a = Table("a");
        Assert.IsType<MembersLook.Unseen>(await a.LookAsync());
        await SetAsync(3, "b");

        Assert.IsType<MembersLook.Unseen>(await a.LookAsync());

        Assert.Equal("Version=3 b=row-b", await TextAsync());
    }

    [Fact]
    public async Task Look_NothingIsLost_WritesNothing()
    {
        await SetAsync(2, "a");
        var a = Table("a");
        await a.LookAsync();
        await SetAsync(5, "a", "b");

        Assert.IsType<MembersLook.Kept>(await a.LookAsync());
        Assert.IsType<MembersLook.Kept>(await a.LookAsync());

        Assert.Equal("Version=5 a=row-a b=row-b", await TextAsync());
    }

    [Fact]
    public async Task Look_TheTableIsGone_OneSiloWritesAllOfIt()
    {
        await SetAsync(5, "a", "b", "dead");
        var silos = new[] { Table("a"), Table("b") };
        await LookAsync(silos);
        await Redis.KeyDeleteAsync(_key);

        var looks = await LookAsync(silos);

        Assert.Equal(new MembersLook.Mended(3, 3, IsGone: true), Assert.Single(looks.OfType<MembersLook.Mended>()));
        Assert.Equal("Version=1005 a=row-a b=row-b dead=row-dead", await TextAsync());
        Assert.All(await LookAsync(silos), l => Assert.IsType<MembersLook.Kept>(l));
    }

    [Fact]
    public async Task Look_TheTableIsOlderThanItWas_IsNewerThanAnybodyHasRead()
    {
        await SetAsync(9, "a", "b");
        var silos = new[] { Table("a"), Table("b") };
        await LookAsync(silos);
        await Redis.KeyDeleteAsync(_key);
        await SetAsync(4, "a", "gone");

        var looks = await LookAsync(silos);

        Assert.Equal(new MembersLook.Mended(1, 2, IsGone: false), Assert.Single(looks.OfType<MembersLook.Mended>()));
        Assert.Equal("Version=1009 a=row-a b=row-b gone=row-gone", await TextAsync());
    }

    [Fact]
    public async Task Look_SomebodyHasBegunANewTableMeanwhile_BothAreInIt()
    {
        await SetAsync(5, "a");
        var a = Table("a");
        await a.LookAsync();
        await Redis.KeyDeleteAsync(_key);
        await SetAsync(2, "new");

        Assert.Equal(new MembersLook.Mended(1, 1, IsGone: false), await a.LookAsync());

        Assert.Equal("Version=1005 a=row-a new=row-new", await TextAsync());
    }

    [Fact]
    public async Task Look_ItsRowAloneIsGone_IsThereAgain()
    {
        await SetAsync(5, "a", "b");
        var a = Table("a");
        await a.LookAsync();
        await Redis.HashDeleteAsync(_key, "a");

        Assert.Equal(new MembersLook.Mended(1, 2, IsGone: false), await a.LookAsync());

        Assert.Equal("Version=1005 a=row-a b=row-b", await TextAsync());
    }

    // The others would know it without a row otherwise, and could never declare it dead.
    [Fact]
    public async Task Look_WhoWroteItAgainHadNotReadOfASilo_ItIsOut()
    {
        await SetAsync(5, "a");
        var a = Table("a");
        await a.LookAsync();
        await SetAsync(6, "a", "b");
        var b = Table("b");
        await b.LookAsync();
        await Redis.KeyDeleteAsync(_key);

        await a.LookAsync();

        Assert.IsType<MembersLook.Out>(await b.LookAsync());
        Assert.Equal("Version=1005 a=row-a", await TextAsync());
    }

    [Fact]
    public async Task Look_OthersHaveGoneOnWithoutIt_ItIsOut()
    {
        await SetAsync(5, "a", "b");
        var a = Table("a");
        await a.LookAsync();
        await Redis.KeyDeleteAsync(_key);
        await SetAsync(8, "b");

        Assert.IsType<MembersLook.Out>(await a.LookAsync());

        Assert.Equal("Version=8 b=row-b", await TextAsync());
    }

    [Fact]
    public async Task Look_WhoWroteItAgainHadReadItBeforeASiloWasActive_ThatSiloIsActiveAgain()
    {
        await SetAsync(5, "a");
        await SetAsync("b", "joining");
        var silos = new[] { Table("a"), Table("b", row => row == "joining" ? "active" : row) };
        await silos[0].LookAsync();
        await SetAsync(6, "a");
        await SetAsync("b", "active");
        await silos[1].LookAsync();
        await Redis.KeyDeleteAsync(_key);

        await silos[0].LookAsync();
        Assert.Equal("Version=1005 a=row-a b=joining", await TextAsync());
        Assert.Equal(new MembersLook.Mended(1, 2, IsGone: false), await silos[1].LookAsync());

        Assert.Equal("Version=2005 a=row-a b=active", await TextAsync());
        Assert.Equal([MembersLook.Well, MembersLook.Well], await LookAsync(silos));
    }

    [Fact]
    public async Task Look_OthersHaveGoneOnSinceASilosRowBecameTooOld_ItIsActiveAgain()
    {
        await SetAsync(6, "a");
        await SetAsync("b", "active");
        var b = Table("b", row => row == "joining" ? "active" : row);
        await b.LookAsync();
        await SetAsync(9, "a", "c");
        await SetAsync("b", "joining");

        Assert.Equal(new MembersLook.Mended(1, 3, IsGone: false), await b.LookAsync());

        Assert.Equal("Version=1009 a=row-a b=active c=row-c", await TextAsync());
    }

    [Theory]
    [InlineData(SiloStatus.Active, 2, 3)]
    [InlineData(SiloStatus.Active, 1, 3)]
    [InlineData(SiloStatus.Active, 3, 3)]
    [InlineData(SiloStatus.Active, 6, 6)] // the others have declared it dead: that is theirs to say
    [InlineData(SiloStatus.Joining, 1, 1)]
    [InlineData(SiloStatus.ShuttingDown, 3, 3)]
    public void Row_OfAnActiveSilo_SaysAtLeastThat(SiloStatus status, int written, int right)
    {
        var row = MembersRow.Right($$"""{"SiloName":"ä","Status":{{written}},"SuspectTimes":[]}""", status);

        var json = JsonElement.Parse($"{row}");
        Assert.Equal(right, json.GetProperty("Status").GetInt32());
        Assert.Equal("ä", json.GetProperty("SiloName").GetString());
    }

    private MembersTable Table(string silo, Func<RedisValue, RedisValue>? right = null) =>
        new(Redis, _key, silo, right ?? (static row => row));

    private Task SetAsync(string silo, string row) => Redis.HashSetAsync(_key, [new HashEntry(silo, row)]);

    private static Task<MembersLook[]> LookAsync(params MembersTable[] silos) =>
        Task.WhenAll(silos.Select(s => s.LookAsync()));

    private Task SetAsync(int version, params string[] silos) => Redis.HashSetAsync(
        _key, [new HashEntry("Version", version), .. silos.Select(s => new HashEntry(s, $"row-{s}"))]);

    private async Task<string> TextAsync() => string.Join(
        ' ', (await Redis.HashGetAllAsync(_key)).Select(e => $"{e.Name}={e.Value}").Order(StringComparer.Ordinal));
}
