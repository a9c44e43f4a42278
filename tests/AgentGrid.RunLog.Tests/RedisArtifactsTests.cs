using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;
using AgentGrid.RunLog.Artifacts;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

/// <summary>What every store of artifacts must do, by Redis; and where Redis takes no more.</summary>
public sealed class RedisArtifactsTests : ArtifactStoreTests<RedisArtifactsHost>
{
    [Fact]
    public async Task Write_MoreThanRedisIsGiven_NamesTheRemedy()
    {
        await using var host = new RedisArtifactsHost();
        var run = RunId.From(Guid.CreateVersion7());
        var store = host.Open(new ArtifactOptions());

        var kept = await store.WriteAsync(run, new MemoryStream(new byte[16 << 20]), default);
        var refusal = await Assert.ThrowsAsync<AgentException>(
            async () => await store.WriteAsync(run, new MemoryStream(new byte[(16 << 20) + 1]), default));

        Assert.Equal(16 << 20, await store.FindAsync(run, kept.Sha256, default));
        Assert.Equal(("artifact_too_large", false), (refusal.Code, refusal.Retryable));
        Assert.Contains("set AgentGrid:Artifacts:Folder", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(1, await host.CountAsync());
    }

    [Fact]
    public async Task Keys_GoWithTheRun()
    {
        await using var host = new RedisArtifactsHost();
        var run = RunId.From(Guid.CreateVersion7());
        var store = host.Open(new ArtifactOptions());
        await store.WriteAsync(run, new MemoryStream([1]), default);

        await store.RemoveAsync(run, default);

        Assert.Empty(await host.KeysAsync());
    }
}

/// <summary>Keys of its own in the tests' Redis.</summary>
public sealed class RedisArtifactsHost : IArtifactStoreHost
{
    private readonly string _prefix = $"artifacts-{SharedRedis.NewPrefix().Trim('{', '}')}";
    private readonly Lazy<ConnectionMultiplexer> _redis = new(() => ConnectionMultiplexer.Connect(SharedRedis.Server.Connection));

    public IArtifactStore Open(ArtifactOptions options) => new RedisArtifacts(_redis.Value, _prefix, options, TimeProvider.System);

    public async Task<int> CountAsync() => (await KeysAsync()).Count(static k => k.StartsWith("artifact:", StringComparison.Ordinal));

    public async Task<List<string>> KeysAsync()
    {
        var keys = new List<string>();
        await foreach (var key in _redis.Value.GetServers()[0].KeysAsync(pattern: $"{{{_prefix}}}:*"))
        {
            keys.Add(((string)key!)[(_prefix.Length + 3)..]);
        }
        return keys;
    }

    public async ValueTask DisposeAsync()
    {
        await SharedRedis.ForgetAsync($"{{{_prefix}}}");
        await _redis.Value.DisposeAsync();
    }
}
