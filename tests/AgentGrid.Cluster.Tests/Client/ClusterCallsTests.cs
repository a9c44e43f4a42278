using System.Reflection;
using AgentGrid.Core.Grid;
using AgentGrid.GrainClient.Connections;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Client;

public sealed class ClusterCallsTests
{
    private static readonly CallTimes s_times = new();
    private readonly ManualTime _time = new();

    public static TheoryData<Exception> Passing =>
    [
        new TimeoutException("no answer"), new OrleansException("the silo is gone"),
        new RedisConnectionException(ConnectionFailureType.SocketClosed, "Redis is gone"),
        new ObjectDisposedException("client"),
    ];

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task AskAsync_AFailureThatPasses_AsksAgainAndSaysHowOften(Exception failure)
    {
        var tries = new List<int>();

        var answer = await AskAsync(new Cluster(), (_, before) =>
        {
            tries.Add(before);
            return before < 3 ? Task.FromException<string>(failure) : Task.FromResult("answer");
        });

        Assert.Equal("answer", answer);
        Assert.Equal([0, 1, 2, 3], tries);
    }

    [Fact]
    public async Task AskAsync_ASiloThatIsSilent_AsksAgainBeforeTheCallItselfTimesOut()
    {
        var never = new TaskCompletionSource<string>();
        var tries = 0;

        var answer = await AskAsync(new Cluster(), (_, _) => tries++ == 0 ? never.Task : Task.FromResult("answer"));

        Assert.Equal("answer", answer);
        Assert.InRange(_time.Passed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task AskAsync_AFrozenSilo_IsOutwaited()
    {
        // Six seconds until it is declared dead, and half a second until that is known here.
        var noticed = TimeSpan.FromSeconds(6.5);

        var answer = await AskAsync(new Cluster(), (_, _) =>
            _time.Passed < noticed ? new TaskCompletionSource<string>().Task : Task.FromResult("answer"));

        Assert.Equal("answer", answer);
    }

    [Fact]
    public async Task AskAsync_NoSiloAtAll_GivesUpAndSaysWhatWasExpected()
    {
        var refused = await Assert.ThrowsAsync<GridUnavailableException>(
            () => AskAsync(new Cluster { Client = null }, (_, _) => Task.FromResult("answer")));

        Assert.Contains("No silo of cluster 'east'", refused.Message, StringComparison.Ordinal);
        Assert.InRange(_time.Passed, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task AskAsync_ADefect_IsNotRepeated()
    {
        var tries = 0;

        await Assert.ThrowsAsync<InvalidOperationException>(() => AskAsync(new Cluster(), (_, _) =>
        {
            tries++;
            return Task.FromException<string>(new InvalidOperationException("a defect"));
        }));

        Assert.Equal(1, tries);
    }

    [Fact]
    public async Task AskAsync_TheCallerGoesAway_EndsAtOnce()
    {
        using var caller = new CancellationTokenSource();
        var asking = new ClusterCalls(new Cluster(), "east", _time, s_times).AskAsync(
            (_, _) => new TaskCompletionSource<string>().Task, s_times.Patience, caller.Token);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    // Lets time pass until there is an answer.
    private async Task<string> AskAsync(Cluster cluster, Func<IClusterClient, int, Task<string>> call)
    {
        var asking = new ClusterCalls(cluster, "east", _time, s_times).AskAsync(
            call, s_times.Patience, TestContext.Current.CancellationToken);
        while (!asking.IsCompleted)
        {
            _time.FireNext();
            await Task.Yield();
        }
        return await asking;
    }

    private sealed class Cluster : IClusterConnection
    {
        public IClusterClient? Client { get; init; } = DispatchProxy.Create<IClusterClient, Untouched>();

        public void Start()
        {
        }

        public Task<IClusterClient> ConnectedAsync(CancellationToken cancellationToken) => Task.FromResult(Client!);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>A client that nobody calls.</summary>
    public class Untouched : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            throw new NotSupportedException($"{targetMethod} was called.");
    }
}
