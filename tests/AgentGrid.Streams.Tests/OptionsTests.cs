using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace AgentGrid.Streams.Tests;

public sealed class OptionsTests
{
    [Fact]
    public void Defaults_WithAConnection_AreGood()
    {
        var options = Read(static o => o.Connection = _ => null!);
        Assert.Equal("{orleans}", options.KeyPrefix);
    }

    [Fact]
    public void Validation_AllWrong_NamesEverything()
    {
        var e = Assert.Throws<OptionsValidationException>(() => Read(static o =>
        {
            o.KeyPrefix = "";
            o.Queues = 0;
            o.CacheSize = o.MostAtOnce - 1;
            o.LongestSleep = TimeSpan.Zero;
        }));
        Assert.Equal(
        [
            "The streams 'orders' have no Redis: set Connection.",
            "The streams 'orders' have no KeyPrefix: their keys would begin with nothing.",
            "The streams 'orders' need at least one queue, and at least one entry kept, read and delivered at once.",
            "The cache of the streams 'orders' is too small: CacheSize must be at least 2 and MostAtOnce.",
            "The times of the streams 'orders' must be positive; only Gather and Patience may be 0.",
        ],
            e.Failures);
    }

    [Fact]
    public void Validation_BatchesOfOrleans_AreRefused()
    {
        using var silo = Silo(
            static o => o.Connection = _ => null!,
            static streams => streams.ConfigurePullingAgent(agent => agent.Configure(o => o.BatchContainerBatchSize = 10)));
        var agents = silo.Services.GetRequiredService<IOptionsMonitor<StreamPullingAgentOptions>>();
        Assert.Equal(
            "The streams 'orders' put entries together themselves: set MostDelivered, and leave BatchContainerBatchSize 1.",
            Assert.Throws<OptionsValidationException>(() => agents.Get("orders")).Message);
    }

    private static RedisStreamOptions Read(Action<RedisStreamOptions> configure)
    {
        using var silo = Silo(configure);
        return silo.Services.GetRequiredService<IOptionsMonitor<RedisStreamOptions>>().Get("orders");
    }

    private static IHost Silo(
        Action<RedisStreamOptions> configure, Action<ISiloPersistentStreamConfigurator>? more = null)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleans(silo => silo.UseLocalhostClustering().AddRedisStreams("orders", configure, more));
        return builder.Build();
    }
}
