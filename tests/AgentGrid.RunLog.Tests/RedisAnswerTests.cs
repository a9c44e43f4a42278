using System.Net.Sockets;
using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

public sealed class RedisAnswerTests
{
    [Fact]
    public async Task Of_ConnectionBreaksWhileItIsWrittenTo_ThrowsAsWhenItIsBroken()
    {
        var broken = Task.FromException<int>(
            new InvalidOperationException("Writing is not allowed after writer was completed."));

        var thrown = await Assert.ThrowsAsync<RedisConnectionException>(() => RedisAnswer.Of(broken));

        Assert.IsType<InvalidOperationException>(thrown.InnerException);
    }

    [Fact]
    public async Task Of_ConnectionIsResetWhileItIsWrittenTo_ThrowsAsWhenItIsBroken()
    {
        foreach (var reset in new Exception[] { new IOException("Connection reset by peer"), new SocketException(104) })
        {
            var thrown = await Assert.ThrowsAsync<RedisConnectionException>(
                () => RedisAnswer.Of(Task.FromException<int>(reset)));

            Assert.Same(reset, thrown.InnerException);
        }
    }

    [Fact]
    public async Task Of_ConnectionIsDisposed_ThrowsThat() => await Assert.ThrowsAsync<ObjectDisposedException>(
        () => RedisAnswer.Of(Task.FromException<int>(new ObjectDisposedException("redis"))));

    [Fact]
    public async Task Of_CancelledRequest_IsABrokenConnection() =>
        await Assert.ThrowsAsync<RedisConnectionException>(
            () => RedisAnswer.Of(Task.FromCanceled<int>(new CancellationToken(canceled: true))));
}
