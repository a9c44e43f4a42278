using AgentGrid.GrainClient;
using AgentGrid.RunLog.Connections;
using AgentGrid.RunLog.Recovery;
using AgentGrid.Silo.Settings;
using StackExchange.Redis;

namespace AgentGrid.Silo.Hosting;

/// <summary><c>--recover</c>: makes a sound run log of a damaged one, and says what it kept and what it dropped.</summary>
internal static class LogRecovery
{
    /// <exception cref="Core.Grid.GridUnavailableException">Redis does not answer.</exception>
    public static async Task RunAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var settings = services.GetRequiredService<SiloSettings>();
        var time = services.GetRequiredService<TimeProvider>();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RedisGate));
        await RedisGate.PassAsync(settings.Redis!, time, logger, cancellationToken);
        var redis = services.GetRequiredKeyedService<IConnectionMultiplexer>(AgentGridClientServices.RedisKey);
        var report = await RunLogRecovery.RecoverAsync(
            redis, settings.RunLog, Directory.GetCurrentDirectory(), time, cancellationToken);
        foreach (var dropped in report.Dropped)
        {
            Console.WriteLine($"Dropped by the recovery: {dropped}.");
        }
        Console.WriteLine(report.SetAside is null
            ? $"Nothing in the run log is damaged; there is nothing to recover. It has {report.Kept} runs."
            : $"Recovered: {report.Kept} runs are kept, {report.Dropped.Length} were dropped; what they were is in " +
              $"{report.SetAside}");
    }
}
