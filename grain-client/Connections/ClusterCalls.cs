using AgentGrid.Core.Grid;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces;
using AgentGrid.RunLog.Connections;

namespace AgentGrid.GrainClient.Connections;

/// <summary>
/// Short calls of grains that outlive the death of a silo: a call that got no answer is made again, until the cluster
/// has had the time to notice and to move what lived there. So only what can be asked twice is asked here.
/// </summary>
internal sealed class ClusterCalls(
    IClusterConnection connection, string clusterId, TimeProvider time, CallTimes times)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Failures that go away when what failed has moved or come back.</summary>
    public static bool IsTransient(Exception exception) =>
        ClusterFailure.Is(exception) || RedisFailure.Is(exception) || exception is StoreUnavailableException;

    /// <summary>Asks until there is an answer.</summary>
    /// <param name="call">Is told how often it has been made before.</param>
    /// <exception cref="GridUnavailableException">There was none in time.</exception>
    public async Task<T> AskAsync<T>(
        Func<IClusterClient, int, Task<T>> call, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var tries = 0;
        while (true)
        {
            Exception? failure = null;
            try
            {
                if (connection.Client is { } client)
                {
                    return await call(client, tries++).WaitAsync(times.LongestTry, time, cancellationToken)
                        .ConfigureAwait(false);
                }
            }
            catch (Exception e) when (IsTransient(e))
            {
                failure = e;
            }
            if (time.GetElapsedTime(started) + Pause >= patience)
            {
                throw NoAnswer(time.GetElapsedTime(started), failure);
            }
            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="AskAsync{T}(Func{IClusterClient, int, Task{T}}, TimeSpan, CancellationToken)"/>.</summary>
    public Task<T> AskAsync<T>(Func<IClusterClient, Task<T>> call, CancellationToken cancellationToken) =>
        AskAsync((client, _) => call(client), times.Patience, cancellationToken);

    private GridUnavailableException NoAnswer(TimeSpan waited, Exception? failure)
    {
        if (failure is StoreUnavailableException)
        {
            return new GridUnavailableException(failure.Message, failure);
        }
        var last = failure is null ? "" : $", and the last attempt ended with {failure.GetType().Name}";
        return new GridUnavailableException(
            $"No silo of cluster '{clusterId}' has answered for {waited.TotalSeconds:0.0} s{last}: expected at least one " +
            "that runs and reaches its store. Start one (AgentGrid.Silo --role silo), or look at its log; then ask again.",
            failure);
    }
}
